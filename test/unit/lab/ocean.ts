import { at, type Cloud } from './cloud.ts';

/** A droplet that the lab's cloud takes as it is. */
export const DROPLET = { name: 'sin-app-01', region: 'sgp1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
export const RULE = { protocol: 'tcp', ports: '22', sources: { addresses: ['198.51.100.0/28'] } };

/** Creates something that must succeed and answers its id. */
export async function makeOcean(cloud: Cloud, kind: string, body: object): Promise<string> {
  const answer = await cloud.ocean('POST', `/${kind}`, body);
  if (answer.status >= 300) throw new Error(`POST /${kind}: ${JSON.stringify(answer.json)}`);
  const [object] = Object.values(answer.json);
  return String(at(object, 'id') ?? at(object, 'ip') ?? at(object, 'name'));
}

export const makeVpc = (cloud: Cloud, part: object = {}): Promise<string> =>
  makeOcean(cloud, 'vpcs', { name: 'ap-sin', region: 'sgp1', ip_range: '10.77.20.0/24', ...part });
