import { join } from 'node:path';
import { stringify } from 'yaml';
import { stackAccess, type StackAccess } from '../../../../cli/access/held.ts';
import { parseStackFile } from '../../../../cli/stack-file.ts';
import { readPolicy } from '../../../../mesh/overlays/tailscale/policy/index.ts';
import { PUBLIC_KEY, validRaw } from '../../mesh/fixtures.ts';

type Raw = Record<string, unknown>;

/** Three sites: Hetzner with SNAT, DigitalOcean without routers, existing hosts on a switch with IPv6. A fresh copy each time. */
export function raw(more: Raw = {}): Raw {
  const hostKey = PUBLIC_KEY.split(' ').slice(0, 2).join(' ');
  const base = validRaw();
  return {
    ...base,
    network: { ...base.network, supernet6: 'fd5a:1c9e:77b0::/48' },
    sites: {
      ...base.sites,
      'ap-sin': {
        cloud: 'digitalocean',
        location: 'sgp1',
        cidr: '10.77.20.0/24',
        hosts: [
          { name: 'sin-app-01', roles: ['app'] },
          { name: 'sin-app-02', roles: ['app'] },
        ],
      },
      'eu-gra': {
        cloud: 'existing',
        lan: 'l2',
        cidr: '10.77.40.0/24',
        cidr6: 'fd5a:1c9e:77b0:40::/64',
        snat: false,
        vip: '10.77.40.1',
        vip6: 'fd5a:1c9e:77b0:40::1',
        routers: [1, 2].map((n) => ({ name: `gra-edge-0${n}`, lan: `10.77.40.${n + 1}`, lan6: `fd5a:1c9e:77b0:40::${n + 1}`, ssh: { host: `198.51.100.1${n}`, hostKey } })), // prettier-ignore
        hosts: [{ name: 'gra-nas-01', lan: '10.77.40.20', lan6: 'fd5a:1c9e:77b0:40::20', roles: ['backup'] }],
      },
    },
    services: {
      ...base.services,
      api: { on: ['role:app'], ports: ['tcp/8443'] },
      backup: { on: ['gra-nas-01'], ports: ['tcp/873'] },
    },
    access: [
      ...base.access,
      { from: ['site:ap-sin'], to: 'postgres', why: 'the app tier reads the primary' },
      { from: ['group:platform', 'role:backup'], to: 'api', why: 'the API is served to the office' },
      { from: ['role:app'], to: 'backup', why: 'nightly backups' },
    ],
    ...more,
  };
}

export const stackText = (of: Raw): string =>
  stringify({ config: Object.fromEntries(Object.entries(of).map(([key, value]) => [`site-mesh:${key}`, value])) });

export const stack = (more: Raw = {}): StackAccess =>
  stackAccess(parseStackFile('test', join('nowhere', 'Pulumi.test.yaml'), stackText(raw(more)), 'Pulumi.test.yaml'));

/** The stack with other rules than it compiles to; its tags and aliases stay. */
export function withGrants(of: StackAccess, grants: unknown[]): StackAccess {
  const text = of.plan.policy.text.replace(/"grants": \[[\s\S]*?\n\t\],/, `"grants": ${JSON.stringify(grants)},`);
  return { ...of, ...readPolicy(text.replace(/\n\t"tests": \[[\s\S]*?\n\t\],/, '')) };
}
