import fc from 'fast-check';
import { parseConfig, type MeshConfig } from '../../../mesh/config/index.ts';

export const PUBLIC_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI deploy@example.com';

type Raw = Record<string, unknown>;

/** A stack without faults: one site, two routers, one LAN host, two intents. A fresh copy each time. */
export function validRaw() {
  return {
    network: { name: 'acme', supernet: '10.77.0.0/16', domain: 'mesh.acme.internal' },
    tailnet: { name: 'acme-test' },
    ssh: { user: 'ops', from: ['198.51.100.0/28'], publicKey: PUBLIC_KEY },
    sites: {
      'eu-fra': {
        cloud: 'hetzner',
        location: 'fsn1',
        cidr: '10.77.10.0/24',
        routers: [
          { name: 'fra-edge-01', lan: '10.77.10.2' },
          { name: 'fra-edge-02', lan: '10.77.10.3' },
        ],
        hosts: [{ name: 'fra-db-01', lan: '10.77.10.10', roles: ['db'] }],
      },
    },
    groups: { platform: ['ada@example.com'], sre: ['grace@example.com'] },
    services: {
      postgres: { on: ['fra-db-01'], ports: ['tcp/5432'] },
      ssh: { on: ['role:router'], ports: ['tcp/22'] },
    },
    access: [
      { from: ['group:platform'], to: 'postgres', why: 'works on the primary' },
      { from: ['group:sre'], to: 'ssh', why: 'on call' },
    ],
  };
}

/**
 * A stack of all three clouds without faults: the one-site stack, a DigitalOcean site without routers and one with two,
 * and existing hosts on a switch that keep sources. A fresh copy each time.
 */
export function wideRaw() {
  const narrow = validRaw();
  return {
    ...narrow,
    sites: {
      ...narrow.sites,
      'ap-sin': {
        cloud: 'digitalocean',
        location: 'sgp1',
        cidr: '10.77.20.0/24',
        hosts: [
          { name: 'sin-app-01', roles: ['app'] },
          { name: 'sin-raw-01', roles: ['raw'], member: false },
        ],
      },
      'us-nyc': {
        cloud: 'digitalocean',
        location: 'nyc3',
        cidr: '10.77.30.0/24',
        routers: [{ name: 'nyc-edge-01' }, { name: 'nyc-edge-02' }],
        hosts: [
          { name: 'nyc-infra-01', roles: ['infra'] },
          { name: 'nyc-raw-01', roles: ['quiet'], member: false },
        ],
      },
      'eu-gra': {
        cloud: 'existing',
        lan: 'l2',
        cidr: '10.77.40.0/24',
        snat: false,
        vip: '10.77.40.1',
        routers: [
          { name: 'gra-edge-01', lan: '10.77.40.2', ssh: { host: '198.51.100.10', hostKey: PUBLIC_KEY } },
          { name: 'gra-edge-02', lan: '10.77.40.3', ssh: { host: '198.51.100.11', hostKey: PUBLIC_KEY } },
        ],
        hosts: [{ name: 'gra-nas-01', lan: '10.77.40.20', roles: ['backup'] }],
      },
    },
    services: {
      ...narrow.services,
      api: { on: ['role:app'], ports: ['tcp/8443'] },
      backup: { on: ['gra-nas-01'], ports: ['tcp/873'] },
    },
    access: [
      ...narrow.access,
      { from: ['site:ap-sin'], to: 'postgres', why: 'reads the primary' },
      { from: ['role:app'], to: 'backup', why: 'nightly' },
      { from: ['site:us-nyc', 'group:sre'], to: 'api', why: 'served to New York' },
    ],
  };
}

/** Throws with the faults when there are any: a fixture that is wrong must not pass for a finding. */
export function accepted(raw: Raw): MeshConfig {
  const answer = parseConfig(raw);
  if (answer.ok) return answer.config;
  throw new Error(JSON.stringify(answer.faults, null, 2));
}

const PEOPLE = ['ada@example.com', 'bob@example.com', 'grace@example.com', 'linus@example.com'];
const PORTS = ['tcp/22', 'tcp/443', 'tcp/5432', 'tcp/20-25', 'tcp/8000-8010', 'udp/53', 'udp/443'];
const some = <T>(values: readonly T[], least = 1) =>
  fc.subarray([...values], { minLength: Math.min(least, values.length) });

interface Shape {
  routers: number;
  hosts: { roles: string[] }[];
  routerRoles: string[];
}
const shape: fc.Arbitrary<Shape> = fc.record({
  routers: fc.integer({ min: 1, max: 2 }),
  hosts: fc.array(fc.record({ roles: fc.subarray(['db', 'app']) }), { maxLength: 4 }),
  routerRoles: fc.subarray(['relay']),
});

const siteOf = (index: number, { routers, hosts, routerRoles }: Shape) => ({
  cloud: 'hetzner',
  location: index % 2 === 0 ? 'fsn1' : 'hel1',
  cidr: `10.77.${index + 1}.0/24`,
  routers: Array.from({ length: routers }, (_, n) => ({
    name: `s${index}-edge-${n + 1}`,
    lan: `10.77.${index + 1}.${n + 2}`,
    roles: routerRoles,
  })),
  hosts: hosts.map(({ roles }, n) => ({ name: `s${index}-host-${n + 1}`, lan: `10.77.${index + 1}.${n + 10}`, roles })),
});

/** Stacks of one to three sites whose services and rules name only what exists, and whose rules come from people. */
export const anyMesh: fc.Arbitrary<Raw> = fc.array(shape, { minLength: 1, maxLength: 3 }).chain((shapes) => {
  const sites = Object.fromEntries(shapes.map((one, index) => [`site-${index}`, siteOf(index, one)]));
  const all = Object.values(sites).flatMap(({ routers, hosts }) => [...routers, ...hosts]);
  const roles = [...new Set(['router', ...all.flatMap(({ roles: own }) => own)])];
  const places = [
    ...Object.values(sites).flatMap(({ hosts }) => hosts.map(({ name }) => name)),
    ...roles.map((role) => `role:${role}`),
  ];
  const groups = fc.dictionary(fc.constantFrom('platform', 'sre', 'audit'), some(PEOPLE), { minKeys: 1 });
  const services = fc.dictionary(
    fc.constantFrom('web', 'ssh', 'dns'),
    fc.record({ on: some(places), ports: some(PORTS) }),
    { minKeys: 1 },
  );
  return fc.tuple(groups, services).chain(([known, offered]) =>
    fc
      .array(
        fc.record({
          from: some(Object.keys(known).map((name) => `group:${name}`)),
          to: fc.constantFrom(...Object.keys(offered)),
          why: fc.constantFrom('on call', 'reads', 'writes'),
        }),
        { maxLength: 4 },
      )
      .map((access) => ({ ...validRaw(), sites, groups: known, services: offered, access })),
  );
});

/** The same configuration, told in another order: keys and lists reversed at every depth. */
export function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed).reverse();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, entry]) => [key, reversed(entry)]),
  );
}
