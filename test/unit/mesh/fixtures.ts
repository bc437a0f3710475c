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

export const SUPERNET6 = 'fd12:3456:789a::/48';

/** The wide stack with IPv6 on the LAN of its existing hosts. A fresh copy each time. */
export function sixRaw() {
  const { network, sites, ...rest } = wideRaw();
  const gra = sites['eu-gra'];
  const at = (last: string): string => `fd12:3456:789a:40::${last}`;
  return {
    ...rest,
    network: { ...network, supernet6: SUPERNET6 },
    sites: {
      ...sites,
      'eu-gra': {
        ...gra,
        cidr6: 'fd12:3456:789a:40::/64',
        vip6: at('1'),
        routers: gra.routers.map((router, n) => ({ ...router, lan6: at(String(n + 2)) })),
        hosts: gra.hosts.map((host) => ({ ...host, lan6: at('20') })),
      },
    },
  };
}

/** Throws with the faults when there are any: a fixture that is wrong must not pass for a finding. */
export function accepted(raw: Raw): MeshConfig {
  const answer = parseConfig(raw);
  if (answer.ok) return answer.config;
  throw new Error(JSON.stringify(answer.faults, null, 2));
}

const NETWORK = { ...validRaw().network, supernet6: SUPERNET6 };
const PEOPLE = ['ada@example.com', 'bob@example.com', 'grace@example.com', 'linus@example.com'];
const PORTS = ['tcp/22', 'tcp/443', 'tcp/5432', 'tcp/20-25', 'tcp/8000-8010', 'udp/53', 'udp/443'];
const some = <T>(values: readonly T[], least = 1) =>
  fc.subarray([...values], { minLength: Math.min(least, values.length) });

const hostShape = fc.record({
  roles: fc.subarray(['db', 'app']),
  member: fc.constantFrom(undefined, true, false),
  /** On a LAN with IPv6: has it an address there? Routers have. */
  ipv6: fc.boolean(),
  /** Existing hosts: is it logged in to? Members are. */
  managed: fc.boolean(),
  commands: fc.boolean(),
});
type HostShape = typeof hostShape extends fc.Arbitrary<infer T> ? T : never;
const siteShape = fc.record({
  cloud: fc.constantFrom('hetzner', 'digitalocean', 'existing'),
  account: fc.boolean(),
  lan: fc.constantFrom(undefined, 'l2', 'routed'),
  gateway: fc.boolean(),
  ipv6: fc.boolean(),
  snat: fc.constantFrom(undefined, true, false),
  routers: fc.nat(2),
  routerRoles: fc.subarray(['relay']),
  hosts: fc.array(hostShape, { maxLength: 3 }),
  commands: fc.constantFrom(undefined, 'all', 'routers', 'hosts'),
});
type SiteShape = typeof siteShape extends fc.Arbitrary<infer T> ? T : never;

const LOCATIONS: Record<string, readonly string[]> = {
  hetzner: ['fsn1', 'hel1', 'ash'],
  digitalocean: ['sgp1', 'nyc3'],
};

const hasIpv6 = ({ cloud, lan, ipv6 }: SiteShape): boolean => ipv6 && cloud === 'existing' && lan !== 'routed';
const lan6Of = (index: number): string => `fd12:3456:789a:${index + 1}::`;

/** A host of a shape, in the form that its cloud takes. */
function hostOf(shape: SiteShape, index: number, name: string, last: number, host: HostShape & { router?: boolean }) {
  const { cloud } = shape;
  const member = host.router === true ? undefined : host.member;
  const ssh = cloud === 'existing' && (host.router === true || member === true || host.managed);
  return {
    name,
    roles: host.roles,
    ...(cloud !== 'digitalocean' && { lan: `10.77.${index + 1}.${last}` }),
    ...(hasIpv6(shape) && (host.router === true || host.ipv6) && { lan6: `${lan6Of(index)}${last}` }),
    ...(member !== undefined && { member }),
    ...(ssh && { ssh: { host: `198.51.100.${index * 40 + last}`, hostKey: PUBLIC_KEY } }),
    ...(host.commands && (cloud !== 'existing' || ssh) && { commands: { tidy: { run: `echo ${name}` } } }),
  };
}

function anySite(shape: SiteShape, index: number) {
  const { cloud, lan, hosts } = shape;
  const routers = cloud === 'hetzner' ? Math.max(1, shape.routers) : shape.routers;
  const plain = { roles: [], member: undefined, ipv6: false, managed: false, commands: false };
  const others = routers === 0 && hosts.length === 0 ? [plain] : hosts;
  const sources =
    shape.snat === false && routers > 0 && (cloud === 'hetzner' || (cloud === 'existing' && lan !== 'routed'));
  const places = LOCATIONS[cloud];
  return {
    cloud,
    cidr: `10.77.${index + 1}.0/24`,
    ...(places && { location: places[index % places.length] }),
    ...(shape.account && cloud !== 'existing' && { account: `of-${cloud}` }),
    ...(cloud === 'existing' && lan !== undefined && { lan }),
    ...(cloud === 'existing' && shape.gateway && { gateway: `10.77.${index + 1}.1` }),
    ...(hasIpv6(shape) && { cidr6: `${lan6Of(index)}/64` }),
    ...(sources && { snat: false, vip: `10.77.${index + 1}.254` }),
    ...(sources && hasIpv6(shape) && { vip6: `${lan6Of(index)}ffff` }),
    ...(shape.snat === true && { snat: true }),
    ...(shape.commands !== undefined && { commands: { limits: { run: 'true', on: shape.commands, timeout: 60 } } }),
    routers: Array.from({ length: routers }, (_, n) =>
      hostOf(shape, index, `s${index}-edge-${n + 1}`, n + 2, { ...plain, roles: shape.routerRoles, router: true }),
    ),
    hosts: others.map((host, n) => hostOf(shape, index, `s${index}-host-${n + 1}`, n + 10, host)),
  };
}

/**
 * The configuration without the parts of services and rules that have a fault: what names something that is not there,
 * or has no path. Throws on any other fault.
 */
export function repaired(raw: Raw): Raw {
  const answer = parseConfig(raw);
  if (answer.ok) return raw;
  const services = structuredClone(raw.services) as Record<string, { on: (string | undefined)[] }>;
  const access = structuredClone(raw.access) as { from: (string | undefined)[]; to: string | undefined }[];
  for (const { path, problem } of answer.faults) {
    const [, list, name = '', , at] =
      /^(services|access)[.[]([a-z0-9]+)]?(?:\.(on|from)\[(\d+)]|\.to)$/.exec(path) ?? [];
    if (list === undefined) throw new Error(`the generated mesh has a fault of another kind: ${path} ${problem}`);
    const entry = list === 'services' ? services[name]?.on : access[Number(name)]?.from;
    if (at === undefined) delete access[Number(name)]?.to;
    else if (entry) entry[Number(at)] = undefined;
  }
  const kept = <T extends { on: unknown[] } | { from: unknown[] }>(
    entry: T,
    key: 'on' | 'from',
    values: unknown[],
  ) => ({
    ...entry,
    [key]: values.filter((value) => value !== undefined),
  });
  const left = Object.entries(services).map(([name, one]) => [name, kept(one, 'on', one.on)] as const);
  return repaired({
    ...raw,
    services: Object.fromEntries(left.filter(([, { on }]) => on.length > 0)),
    access: access
      .filter(({ to }) => to !== undefined)
      .map((one) => kept(one, 'from', one.from))
      .filter(({ from }) => from.length > 0),
  });
}

/**
 * Stacks of one to three sites at any cloud, with members and LAN hosts, masquerading or not, existing hosts managed or
 * not, whose services and rules name what exists and have a path.
 */
export const anyMesh: fc.Arbitrary<Raw> = fc.array(siteShape, { minLength: 1, maxLength: 3 }).chain((shapes) => {
  const sites = Object.fromEntries(shapes.map((one, index) => [`site-${index}`, anySite(one, index)]));
  const all = Object.values(sites).flatMap(({ routers, hosts }) => [...routers, ...hosts]);
  const roles = ['router', ...new Set(all.flatMap(({ roles: own }) => own))].map((role) => `role:${role}`);
  const groups = fc.dictionary(fc.constantFrom('platform', 'sre', 'audit'), some(PEOPLE), { minKeys: 1 });
  const services = fc.dictionary(
    fc.constantFrom('web', 'ssh', 'dns'),
    fc.record({ on: some([...all.map(({ name }) => name), ...roles]), ports: some(PORTS) }),
    { minKeys: 1 },
  );
  return fc.tuple(groups, services).chain(([known, offered]) => {
    const sources = [
      ...Object.keys(known).map((name) => `group:${name}`),
      ...Object.keys(sites).map((name) => `site:${name}`),
      ...roles,
    ];
    return fc
      .array(
        fc.record({
          from: some(sources),
          to: fc.constantFrom(...Object.keys(offered)),
          why: fc.constantFrom('on call', 'reads', 'writes'),
        }),
        { maxLength: 4 },
      )
      .map((access) => repaired({ ...validRaw(), network: NETWORK, sites, groups: known, services: offered, access }));
  });
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
