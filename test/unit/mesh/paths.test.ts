import { describe, expect, test } from 'vitest';
import { cloudNames, type CloudName } from '../../../mesh/config/clouds.ts';
import { parseConfig } from '../../../mesh/config/index.ts';
import {
  keepsSources,
  lanInitiates,
  lanKind,
  path,
  type HostParty,
  type Party,
  type SiteNetwork,
} from '../../../mesh/config/paths.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import { PUBLIC_KEY, validRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

type Lan = 'l2' | 'routed' | undefined;
interface Kind {
  cloud: CloudName;
  lan: Lan;
  snat: boolean;
  hasRouters: boolean;
}

/** Every site that a configuration can describe, and some that it cannot: the functions answer for all. */
const KINDS: Kind[] = cloudNames.flatMap((cloud) =>
  (cloud === 'existing' ? (['l2', 'routed', undefined] as const) : [undefined]).flatMap((lan) =>
    [true, false].flatMap((snat) => [true, false].map((hasRouters) => ({ cloud, lan, snat, hasRouters }))),
  ),
);
const label = ({ cloud, lan, snat, hasRouters }: Kind): string =>
  [cloud, lan ?? '', snat ? 'masquerades' : 'keeps sources', hasRouters ? 'routers' : 'no routers']
    .filter(Boolean)
    .join(', ');
const network = (name: string, kind: Kind): SiteNetwork => ({ name, ...kind });

describe('what a LAN is', () => {
  test.each<[CloudName, Lan, string, boolean]>([
    ['hetzner', undefined, 'layer3', true],
    ['digitalocean', undefined, 'vpc', false],
    ['existing', undefined, 'layer2', true],
    ['existing', 'l2', 'layer2', true],
    ['existing', 'routed', 'routed', false],
  ])('%s %s: %s, sources can be kept: %s', (cloud, lan, kind, possible) => {
    expect(lanKind({ cloud, lan })).toBe(kind);
    const verdict = keepsSources({ cloud, lan });
    expect(verdict.possible).toBe(possible);
    if (!verdict.possible) expect(verdict.why).toMatch(/so its routers must masquerade$/);
  });
});

/** LAN hosts as targets, by the kind of their site: reached through its routers, or why not. */
const TARGETS: Record<string, string> = {
  'hetzner, masquerades, routers': 'yes',
  'hetzner, masquerades, no routers': 'no subnet router that leads to it',
  'hetzner, keeps sources, routers': 'yes',
  'hetzner, keeps sources, no routers': 'no subnet router that leads to it',
  'digitalocean, masquerades, routers': 'assigns its LAN address',
  'digitalocean, masquerades, no routers': 'no subnet router that leads to it',
  'digitalocean, keeps sources, routers': 'assigns its LAN address',
  'digitalocean, keeps sources, no routers': 'no subnet router that leads to it',
  'existing, l2, masquerades, routers': 'yes',
  'existing, l2, masquerades, no routers': 'no subnet router that leads to it',
  'existing, l2, keeps sources, routers': 'yes',
  'existing, l2, keeps sources, no routers': 'no subnet router that leads to it',
  'existing, routed, masquerades, routers': 'yes',
  'existing, routed, masquerades, no routers': 'no subnet router that leads to it',
  'existing, routed, keeps sources, routers': 'yes',
  'existing, routed, keeps sources, no routers': 'no subnet router that leads to it',
  'existing, masquerades, routers': 'yes',
  'existing, masquerades, no routers': 'no subnet router that leads to it',
  'existing, keeps sources, routers': 'yes',
  'existing, keeps sources, no routers': 'no subnet router that leads to it',
};
/** LAN hosts as sources, by the kind of their site: what they reach of other sites, or why nothing. */
const SOURCES: Record<string, { member: string; lan: string } | string> = {
  // The vip is an alias IP to which the network's routes lead; those take private prefixes only.
  'hetzner, keeps sources, routers': { member: 'network routes take private prefixes only', lan: 'yes' },
  // The vip is on the switch, and hosts route what they like to it.
  'existing, l2, keeps sources, routers': { member: 'yes', lan: 'yes' },
  'existing, keeps sources, routers': { member: 'yes', lan: 'yes' },
  'hetzner, masquerades, routers': 'share no address (vip)',
  'existing, l2, masquerades, routers': 'share no address (vip)',
  'existing, masquerades, routers': 'share no address (vip)',
  'existing, routed, masquerades, routers': 'a routed LAN drops',
  'existing, routed, keeps sources, routers': 'a routed LAN drops',
  'digitalocean, masquerades, routers': 'DigitalOcean drops',
  'digitalocean, keeps sources, routers': 'DigitalOcean drops',
  'hetzner, masquerades, no routers': 'here has no subnet router',
  'hetzner, keeps sources, no routers': 'here has no subnet router',
  'digitalocean, masquerades, no routers': 'here has no subnet router',
  'digitalocean, keeps sources, no routers': 'here has no subnet router',
  'existing, l2, masquerades, no routers': 'here has no subnet router',
  'existing, l2, keeps sources, no routers': 'here has no subnet router',
  'existing, routed, masquerades, no routers': 'here has no subnet router',
  'existing, routed, keeps sources, no routers': 'here has no subnet router',
  'existing, masquerades, no routers': 'here has no subnet router',
  'existing, keeps sources, no routers': 'here has no subnet router',
};
const verdictOf = (expected: string) =>
  expected === 'yes' ? { possible: true } : { possible: false, why: expect.stringContaining(expected) as string };

describe('a LAN host opens connections into the mesh only where the routers hold a way in:', () => {
  test('the table has every kind of site, as the one of targets has', () => {
    expect(KINDS.map(label).sort()).toEqual(Object.keys(SOURCES).sort());
    expect(KINDS.map(label).sort()).toEqual(Object.keys(TARGETS).sort());
  });

  test.each(KINDS.map((kind) => [label(kind), kind] as const))('%s', (name, kind) => {
    const here = network('here', kind);
    const expected = SOURCES[name] ?? '';
    const able = typeof expected === 'object';
    expect(lanInitiates(here)).toEqual(verdictOf(able ? 'yes' : expected));
    for (const other of KINDS) {
      const there = network('there', other);
      const from: Party = { kind: 'lan', name: 'a', site: here };
      expect(path(from, { kind: 'member', name: 'b', site: there })).toEqual(
        verdictOf(able ? expected.member : expected),
      );
      // That the target's routers masquerade is no obstacle: the answer comes back to the one that carried the question.
      const lan = TARGETS[label(other)] ?? '';
      expect(path(from, { kind: 'lan', name: 'b', site: there })).toEqual(verdictOf(able ? lan : expected));
    }
    // On its own LAN a connection never enters the mesh, to members neither.
    for (const to of ['member', 'lan'] as const)
      expect(path({ kind: 'lan', name: 'a', site: here }, { kind: to, name: 'b', site: here })).toEqual(
        verdictOf(able ? 'neither carries nor restricts' : expected),
      );
  });
});

describe('people and members reach', () => {
  const elsewhere: Party[] = [
    { kind: 'person' },
    ...KINDS.map((kind, n): Party => ({ kind: 'member', name: 'a', site: network(`other-${n}`, kind) })),
  ];

  test.each(KINDS.map((kind) => [label(kind), kind] as const))('every member: %s', (_, kind) => {
    const to: HostParty = { kind: 'member', name: 'b', site: network('there', kind) };
    const neighbour: Party = { kind: 'member', name: 'a', site: to.site };
    for (const from of [...elsewhere, neighbour]) expect(path(from, to)).toEqual({ possible: true });
  });

  test.each(KINDS.map((kind) => [label(kind), kind] as const))('a LAN host: %s', (name, kind) => {
    const to: HostParty = { kind: 'lan', name: 'b', site: network('there', kind) };
    const expected = TARGETS[name] ?? '';
    for (const from of elsewhere) expect(path(from, to)).toEqual(verdictOf(expected));
    // On its own LAN a connection never enters the mesh.
    const own = path({ kind: 'member', name: 'a', site: to.site }, to);
    expect(own).toEqual({
      possible: false,
      why: expect.stringContaining(expected === 'yes' ? 'neither carries nor restricts' : expected) as string,
    });
  });
});

describe('checks and plan say what the table says, over every pair of sites that can be written:', () => {
  const written = KINDS.filter(({ cloud, lan, snat, hasRouters }) =>
    cloud === 'hetzner' ? hasRouters : snat || (hasRouters && keepsSources({ cloud, lan }).possible),
  );
  const siteText = (prefix: string, { cloud, lan, snat, hasRouters }: Kind, member: boolean) => {
    const ssh = { host: `198.51.100.${prefix === 'a' ? 1 : 2}`, hostKey: PUBLIC_KEY };
    const net = prefix === 'a' ? '10.77.1' : '10.77.2';
    const host = (name: string, last: number, named: object) => ({
      name: `${prefix}-${name}`,
      ...(cloud !== 'digitalocean' && { lan: `${net}.${last}` }),
      ...(cloud === 'existing' && { ssh }),
      ...named,
    });
    const location = { hetzner: 'fsn1', digitalocean: 'sgp1', existing: undefined }[cloud];
    return {
      cloud,
      cidr: `${net}.0/24`,
      ...(location !== undefined && { location }),
      ...(lan !== undefined && { lan }),
      ...(!snat && { snat, vip: `${net}.254` }),
      routers: hasRouters ? [host('edge', 2, {})] : [],
      hosts: [host('host', 10, { member, roles: [prefix] })],
    };
  };
  const ends = written.flatMap((kind) => [true, false].map((member) => ({ kind, member })));
  const party = (name: string, site: string, { kind, member }: (typeof ends)[number]): HostParty => ({
    kind: member ? 'member' : 'lan',
    name,
    site: network(site, kind),
  });

  test.each(ends.map((from) => [`${label(from.kind)}, ${from.member ? 'a member' : 'a LAN host'}`, from] as const))(
    'from %s',
    (_, from) => {
      for (const to of ends) {
        const raw = {
          ...validRaw(),
          sites: { 'site-a': siteText('a', from.kind, from.member), 'site-b': siteText('b', to.kind, to.member) },
          services: { web: { on: ['b-host'], ports: ['tcp/443'] } },
          access: [
            { from: ['role:a'], to: 'web', why: 'tried' },
            { from: ['group:sre'], to: 'web', why: 'tried' },
          ],
        };
        const verdicts = [
          path(party('a-host', 'site-a', from), party('b-host', 'site-b', to)),
          path({ kind: 'person' }, party('b-host', 'site-b', to)),
        ];
        const answer = parseConfig(raw);
        const faults = answer.ok ? [] : answer.faults;
        expect(faults.map((fault) => `${fault.path} ${fault.problem}`)).toEqual(
          verdicts.flatMap((verdict, n) =>
            verdict.possible ? [] : [`access[${n}].from[0] has no path to web: ${verdict.why}`],
          ),
        );
        if (!answer.ok) continue;
        const { access } = planMesh(answer.config, { stack: 'test', now: NOW }).policy;
        const source = from.member ? 'role:a' : 'role:a on the LAN of site-a';
        expect(access.filter(({ implicit }) => !implicit).map((entry) => `${entry.from} ${entry.to}`)).toEqual([
          'group:sre b-host',
          `${source} b-host`,
        ]);
      }
    },
  );
});
