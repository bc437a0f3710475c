import { expect, test } from 'vitest';
import { indexed, places } from '../../../../mesh/access/places.ts';
import { sourcesFrom, type Source } from '../../../../mesh/access/sources.ts';
import { accepted, wideRaw } from '../fixtures.ts';

type Raw = Record<string, unknown>;

/** The wide stack, whose Hetzner site keeps sources too, with more hosts at its sites. */
function raw(more: Record<string, object[]> = {}): Raw {
  const wide = wideRaw();
  const sites = Object.entries({
    ...wide.sites,
    'eu-fra': { ...wide.sites['eu-fra'], snat: false, vip: '10.77.10.254' },
  });
  return {
    ...wide,
    sites: Object.fromEntries(
      sites.map(([name, site]) => [name, { ...site, hosts: [...site.hosts, ...(more[name] ?? [])] }]),
    ),
  };
}

function parts(from: string, of: Raw = raw()): Source[] {
  const config = accepted(of);
  return sourcesFrom(from, config, indexed(places(config)));
}

/** Name and site of each party, as `gra-nas-01 at eu-gra`. */
const parties = (all: Source[]): string[][] =>
  all.map((part) => part.parties.map((one) => ('site' in one ? `${one.name} at ${one.site.name}` : one.kind)));

test('a group is its people, sorted, and a tool itself', () => {
  const groups = { sre: ['grace@example.com', 'ada@example.com'], platform: ['linus@example.com'] };
  expect(parts('group:sre', { ...raw(), groups })).toEqual([
    {
      told: { from: 'group:sre', people: ['ada@example.com', 'grace@example.com'] },
      parties: [{ kind: 'person' }],
      endpoints: [{ kind: 'group', name: 'sre' }],
    },
  ]);
  expect(parts('tool:ci')).toEqual([
    { told: { from: 'tool:ci' }, parties: [{ kind: 'tool' }], endpoints: [{ kind: 'tool', name: 'ci' }] },
  ]);
});

test('a role that only members carry is one part, with a party for each site', () => {
  const all = parts('role:router');
  expect(all.map(({ told, endpoints }) => [told, endpoints])).toEqual([
    [{ from: 'role:router' }, [{ kind: 'members-with-role', role: 'router' }]],
  ]);
  expect(parties(all)).toEqual([['fra-edge-01 at eu-fra', 'gra-edge-01 at eu-gra', 'nyc-edge-01 at us-nyc']]);
});

test('a role that LAN hosts carry is a part for each LAN, by site, with one party and every address', () => {
  // Sites come by their own names, hosts by theirs.
  const hosts = [
    { name: 'gra-db-01', lan: '10.77.40.21', roles: ['db'] },
    { name: 'a-db-01', lan: '10.77.40.22', roles: ['db'] },
  ];
  const all = parts('role:db', raw({ 'eu-gra': hosts }));
  expect(all.map(({ told, endpoints }) => [told, endpoints])).toEqual([
    [
      { from: 'role:db on the LAN of eu-fra', lan: { of: 'role:db', site: 'eu-fra', hosts: ['fra-db-01'] } },
      [{ kind: 'lan-host', name: 'fra-db-01', address: '10.77.10.10' }],
    ],
    [
      { from: 'role:db on the LAN of eu-gra', lan: { of: 'role:db', site: 'eu-gra', hosts: ['a-db-01', 'gra-db-01'] } },
      [
        { kind: 'lan-host', name: 'a-db-01', address: '10.77.40.22' },
        { kind: 'lan-host', name: 'gra-db-01', address: '10.77.40.21' },
      ],
    ],
  ]);
  expect(parties(all)).toEqual([['fra-db-01 at eu-fra'], ['a-db-01 at eu-gra']]);
});

test('a role of members and LAN hosts is a part of members and one for the LAN', () => {
  const all = parts('role:app', raw({ 'eu-gra': [{ name: 'gra-app-01', lan: '10.77.40.21', roles: ['app'] }] }));
  expect(all.map(({ told }) => told.from)).toEqual(['role:app', 'role:app on the LAN of eu-gra']);
  expect(parties(all)).toEqual([['sin-app-01 at ap-sin'], ['gra-app-01 at eu-gra']]);
});

test('a site is its members, and its whole LAN', () => {
  const all = parts('site:eu-gra');
  expect(all.map(({ told, endpoints }) => [told, endpoints])).toEqual([
    [{ from: 'site:eu-gra' }, [{ kind: 'members-of-site', site: 'eu-gra' }]],
    [
      { from: 'LAN of eu-gra', lan: { of: 'site:eu-gra', site: 'eu-gra', hosts: ['gra-nas-01'] } },
      [{ kind: 'lan', site: 'eu-gra', cidr: '10.77.40.0/24' }],
    ],
  ]);
  expect(parties(all)).toEqual([['gra-edge-01 at eu-gra'], ['LAN hosts of eu-gra at eu-gra']]);
});

test.each([
  ['with LAN hosts that cannot open connections has them as a part all the same', {}, ['site:us-nyc', 'LAN of us-nyc']],
  ['with none and no way in is its members alone', { member: true }, ['site:us-nyc']],
])('a site %s', (_, member, told) => {
  const { sites, ...rest } = wideRaw();
  const hosts = [{ name: 'nyc-raw-01', roles: ['quiet'], member: false, ...member }];
  const all = parts('site:us-nyc', { ...rest, sites: { ...sites, 'us-nyc': { ...sites['us-nyc'], hosts } } });
  expect(all.map((part) => part.told.from)).toEqual(told);
});

test('a LAN that can open connections is a part even where nobody declared a host on it', () => {
  const { sites, services, ...rest } = wideRaw();
  const bare = { ...sites, 'eu-gra': { ...sites['eu-gra'], hosts: [] } };
  const all = parts('site:eu-gra', { ...rest, sites: bare, services: { api: services.api }, access: [] });
  expect(all.map(({ told }) => told)).toEqual([
    { from: 'site:eu-gra' },
    { from: 'LAN of eu-gra', lan: { of: 'site:eu-gra', site: 'eu-gra', hosts: [] } },
  ]);
});

test('a site where nothing has joined is its LAN alone', () => {
  const { sites, ...rest } = wideRaw();
  const hosts = [{ name: 'sin-app-01', roles: ['app'], member: false }];
  const silent = { ...rest, sites: { ...sites, 'ap-sin': { ...sites['ap-sin'], hosts } }, services: {}, access: [] };
  expect(parts('site:ap-sin', silent).map(({ told }) => told)).toEqual([
    { from: 'LAN of ap-sin', lan: { of: 'site:ap-sin', site: 'ap-sin', hosts: ['sin-app-01'] } },
  ]);
});

test('names that nobody declared stand for nobody', () => {
  expect(parts('group:gone').map(({ told }) => told)).toEqual([{ from: 'group:gone', people: [] }]);
  expect(parts('site:gone')).toEqual([]);
  expect(parts('role:gone')).toEqual([]);
});
