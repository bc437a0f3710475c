import type * as digitalocean from '@pulumi/digitalocean';
import type { Inputs } from '../../../io/rpc/types.ts';
import { KEY_A } from './cloud.ts';
import type { Driver } from './digitalocean-driver.ts';
import type { Recorded } from './plugin-driver.ts';

export interface Made {
  type: string;
  args: Inputs;
  recorded: Recorded;
}

export const SSH = { protocol: 'tcp', portRange: '22', sourceAddresses: ['198.51.100.0/28'] };
/** Arguments as the SDK takes them: a property that is not the SDK's does not compile. */
export const APP = {
  name: 'sin-app-01',
  region: 'sgp1',
  size: 's-1vcpu-1gb',
  image: 'debian-12-x64',
} satisfies digitalocean.DropletArgs;

/** One program for every type, in order, with arguments that name what was made before. */
export async function makeAll(driver: Driver): Promise<Record<string, Made>> {
  const made: Record<string, Made> = {};
  const id = (name: string) => String(made[name]?.recorded.id);
  const add = async (name: string, type: string, args: Inputs) => {
    made[name] = { type, args, recorded: await driver.create(type, name, args) };
  };
  await add('key', 'SshKey', { name: 'deploy', publicKey: KEY_A } satisfies digitalocean.SshKeyArgs);
  await add('vpc', 'Vpc', {
    name: 'ap-sin',
    region: 'sgp1',
    ipRange: '10.77.20.0/24',
    description: 'site ap-sin',
  } satisfies digitalocean.VpcArgs);
  await add('tag', 'Tag', { name: 'site:ap-sin' } satisfies digitalocean.TagArgs);
  await add('fw', 'Firewall', {
    name: 'ap-sin',
    tags: [id('tag')],
    inboundRules: [SSH, { protocol: 'icmp', sourceAddresses: ['0.0.0.0/0', '::/0'] }],
    outboundRules: [{ protocol: 'udp', portRange: 'all', destinationAddresses: ['0.0.0.0/0'] }],
  } satisfies digitalocean.FirewallArgs);
  await add('droplet', 'Droplet', {
    ...APP,
    vpcUuid: id('vpc'),
    sshKeys: [id('key')],
    tags: [id('tag')],
    userData: '#cloud-config\n',
    monitoring: true,
    gracefulShutdown: true,
  } satisfies digitalocean.DropletArgs);
  await add('ip', 'ReservedIp', { region: 'sgp1' } satisfies digitalocean.ReservedIpArgs);
  await add('assignment', 'ReservedIpAssignment', {
    ipAddress: id('ip'),
    dropletId: Number(id('droplet')),
  } satisfies digitalocean.ReservedIpAssignmentArgs);
  await add('project', 'Project', {
    name: 'acme',
    environment: 'Production',
    purpose: 'one private network',
  } satisfies digitalocean.ProjectArgs);
  await add('resources', 'ProjectResources', {
    project: id('project'),
    resources: [`do:droplet:${id('droplet')}`],
  } satisfies digitalocean.ProjectResourcesArgs);
  return made;
}

/** What was made under that name. */
export function pick<T>(made: Record<string, T>, name: string): T {
  const found = made[name];
  if (found === undefined) throw new Error(`nothing was made under ${name}`);
  return found;
}
