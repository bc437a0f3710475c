import fc from 'fast-check';
import { graph, type Graph } from '../../../../cli/graph/model.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import { parseConfig } from '../../../../mesh/config/index.ts';
import { accepted, PUBLIC_KEY, validRaw } from '../../mesh/fixtures.ts';
import { NOW } from '../../../now.ts';

type Raw = Record<string, unknown>;

/** One host key for all: nobody logs in. */
const HOST_KEY = PUBLIC_KEY.split(' ').slice(0, 2).join(' ');

/** Sites of the three clouds in turn, each with a pair of routers and `hosts` others. */
export function manySites(sites: number, hosts: number): Raw {
  return Object.fromEntries(Array.from({ length: sites }, (_, index) => site(index, hosts)));
}

function site(index: number, hosts: number): [name: string, site: Raw] {
  const net = `10.77.${index + 1}`;
  const name = (what: string, n: number): string => `s${index}-${what}-${n}`;
  const shared = { cidr: `${net}.0/24` };
  const edges = (more: (n: number) => Raw) => [1, 2].map((n) => ({ name: name('edge', n), ...more(n) }));
  const others = (roles: readonly string[], more: (n: number) => Raw) =>
    Array.from({ length: hosts }, (_, n) => ({ name: name('host', n), roles: [roles[n % roles.length]], ...more(n) }));
  const lan = (first: number) => (n: number) => ({ lan: `${net}.${first + n}` });
  switch (index % 3) {
    case 0:
      return [`hz-${index}`, { ...shared, cloud: 'hetzner', location: 'fsn1', routers: edges(lan(1)), hosts: others(['db', 'backup'], lan(10)) }]; // prettier-ignore
    case 1:
      return [`do-${index}`, { ...shared, cloud: 'digitalocean', location: 'nyc3', routers: edges(() => ({})), hosts: others(['app', 'web'], () => ({})) }]; // prettier-ignore
    default: {
      const ssh = (n: number) => ({ ...lan(1)(n), ssh: { host: `198.51.100.${index * 4 + n}`, hostKey: HOST_KEY } });
      const own = { lan: 'l2', snat: false, vip: `${net}.1`, ssh: { user: 'debian' } };
      return [`ex-${index}`, { ...shared, ...own, cloud: 'existing', routers: edges(ssh), hosts: others(['backup'], lan(10)) }]; // prettier-ignore
    }
  }
}

const SERVICES = {
  postgres: { on: ['role:db'], ports: ['tcp/5432'] },
  api: { on: ['role:app'], ports: ['tcp/8443', 'udp/8443'] },
  backup: { on: ['role:backup'], ports: ['tcp/873'] },
  ssh: { on: ['role:router'], ports: ['tcp/22'] },
};

/** Twenty sites of ten hosts; every site may reach the backups, which stand on LANs. */
export const twentySites = (): Raw => {
  const sites = manySites(20, 8);
  return {
    ...validRaw(),
    sites,
    services: SERVICES,
    access: [
      { from: ['role:app', 'group:platform'], to: 'postgres', why: 'reads' },
      { from: ['group:platform', 'role:web'], to: 'api', why: 'calls' },
      { from: Object.keys(sites).map((name) => `site:${name}`), to: 'backup', why: 'nightly' },
      { from: ['group:sre'], to: 'ssh', why: 'on call' },
    ],
  };
};

/** Stacks of one to four sites of all clouds, with rules from people, sites and roles; only such as parseConfig accepts. */
export const anyPicture: fc.Arbitrary<Raw> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
  .chain(([sites, hosts]) => {
    const known = manySites(sites, hosts);
    const selectors = [
      ...Object.keys(known).map((name) => `site:${name}`),
      'role:router',
      'group:sre',
      'group:platform',
    ];
    const places = Object.keys(known).map((_, index) => `s${index}-host-0`);
    const service = fc.record({
      on: fc.subarray([...places, 'role:router'], { minLength: 1 }),
      ports: fc.subarray(['tcp/22', 'tcp/443', 'udp/53'], { minLength: 1 }),
    });
    const rule = fc.record({
      from: fc.subarray(selectors, { minLength: 1 }),
      to: fc.constantFrom('one', 'two'),
      why: fc.constantFrom('on call', 'reads'),
    });
    return fc
      .tuple(service, service, fc.array(rule, { maxLength: 4 }))
      .map(([one, two, access]): Raw => ({ ...validRaw(), sites: known, services: { one, two }, access }));
  })
  .filter((raw) => parseConfig(raw).ok);

export const graphOf = (raw: Raw): Graph => {
  const config = accepted(raw);
  return graph(planMesh(config, { stack: 'test', now: NOW }), config, 'test');
};
