import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Access } from '../../../../cli/cost/tokens.ts';
import { parseStackFile, type StackFile } from '../../../../cli/stack-file.ts';
import { PUBLIC_KEY, validRaw } from '../../mesh/fixtures.ts';

type Sites = Record<string, Record<string, unknown>>;

/** A Hetzner site of three hosts, one of DigitalOcean of two, existing hosts. */
export function sites(): Sites {
  const hostKey = PUBLIC_KEY.split(' ').slice(0, 2).join(' ');
  return {
    'eu-fra': validRaw().sites['eu-fra'],
    'ap-sin': { cloud: 'digitalocean', location: 'sgp1', cidr: '10.77.20.0/24', hosts: [{ name: 'sin-app-01' }, { name: 'sin-app-02' }] }, // prettier-ignore
    'eu-gra': { cloud: 'existing', lan: 'l2', cidr: '10.77.40.0/24', hosts: [{ name: 'gra-01', lan: '10.77.40.2', member: true, ssh: { host: '198.51.100.10', hostKey } }] }, // prettier-ignore
  };
}

export function stackText(all: Sites, more: Record<string, unknown> = {}): string {
  const raw = { ...validRaw(), sites: all, ...more };
  return stringify({
    config: Object.fromEntries(Object.entries(raw).map(([key, value]) => [`site-mesh:${key}`, value])),
  });
}

export const stackFile = (all: Sites, more: Record<string, unknown> = {}): StackFile =>
  parseStackFile('test', join('nowhere', 'Pulumi.test.yaml'), stackText(all, more), 'Pulumi.test.yaml');

/** Tokens for all, at a server that plays both clouds. */
export const accessTo = (url: string): (() => Promise<Access>) => {
  const access: Access = {
    endpoint: (cloud) => (cloud === 'hetzner' ? `${url}/v1` : url),
    token: () => Promise.resolve('token'),
  };
  return () => Promise.resolve(access);
};
