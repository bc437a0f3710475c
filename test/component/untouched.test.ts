import { beforeAll, describe, expect, test } from 'vitest';
import type { Recording, Registration } from './record.ts';
import { recordProd, sitesWith, stackConfig, type SiteText } from './staging.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI';
const production = (change: (sites: Record<string, SiteText>) => Record<string, unknown>): Promise<Recording> =>
  recordProd(stackConfig('prod', sitesWith('prod', change)));
const label = ({ type, name }: Registration): string => `${type} ${name}`;

/** What differs between two recordings: all that a registration says, whatever the order of its dependencies. */
function difference(before: Recording, after: Recording): { changed: string[]; made: string[]; gone: string[] } {
  const plain = (one: Registration): string =>
    JSON.stringify({
      ...one,
      dependencies: one.dependencies.toSorted(),
      propertyDependencies: Object.fromEntries(
        Object.entries(one.propertyDependencies)
          .map(([key, urns]) => [key, urns.toSorted()] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    });
  const index = ({ resources }: Recording): Map<string, Registration> =>
    new Map(resources.map((one) => [one.urn, one]));
  const [olds, news] = [index(before), index(after)];
  const labels = (list: Iterable<Registration>): string[] => [...list].map(label).sort();
  return {
    changed: labels(
      [...news.values()].filter((one) => olds.has(one.urn) && plain(olds.get(one.urn) ?? one) !== plain(one)),
    ),
    made: labels([...news.values()].filter(({ urn }) => !olds.has(urn))),
    gone: labels([...olds.values()].filter(({ urn }) => !news.has(urn))),
  };
}

let before: Recording;
beforeAll(async () => {
  before = await recordProd();
});
const POLICY = 'mesh:index:TailnetPolicy acme';
/** Which nodes there are and what they may reach: part of no host. */
const TESTS = 'mesh:index:TailnetTests acme';
const PROJECT = 'digitalocean:index/projectResources:ProjectResources acme';

test('the same stack twice differs in nothing', async () => {
  expect(difference(before, await recordProd())).toEqual({ changed: [], made: [], gone: [] });
});

describe('one site more', () => {
  const routers = (prefix: string, more: (n: number) => object) =>
    [1, 2].map((n) => ({ name: `${prefix}-edge-0${n}`, ...more(n) }));
  const existing = {
    cloud: 'existing',
    cidr: '10.77.50.0/24',
    routers: routers('par', (n) => ({ lan: `10.77.50.${n + 1}`, ssh: { host: `198.51.100.${20 + n}`, hostKey: KEY } })),
  };
  const hetzner = {
    cloud: 'hetzner',
    account: 'fra',
    location: 'hel1',
    cidr: '10.77.50.0/24',
    routers: routers('hel', (n) => ({ lan: `10.77.50.${n + 1}` })),
  };
  const ocean = { cloud: 'digitalocean', location: 'ams3', cidr: '10.77.50.0/24', routers: routers('ams', () => ({})) };
  const members = { cloud: 'digitalocean', location: 'ams3', cidr: '10.77.50.0/24', hosts: [{ name: 'ams-app-01' }] };

  test.each([
    ['of existing hosts', existing, 'par', [POLICY, TESTS], true],
    ['at Hetzner, in the same account', hetzner, 'hel', [POLICY, TESTS], true],
    // The account's project lists its droplets: one list of one account, no part of a site.
    ['at DigitalOcean', ocean, 'ams', [POLICY, PROJECT, TESTS], true],
    ['without routers, to which no route leads', members, 'ams', [POLICY, PROJECT, TESTS], false],
  ])('%s changes nothing of the others but policy and network routes', async (_, site, prefix, changed, routed) => {
    const found = difference(before, await production(() => ({ 'eu-new': site })));
    expect(found.changed).toEqual([...changed].sort());
    expect(found.gone).toEqual([]);
    const route = 'hcloud:index/networkRoute:NetworkRoute eu-fra-to-eu-new';
    expect(found.made.filter((made) => !made.includes(` ${prefix}-`) && !made.includes(' eu-new'))).toEqual(
      routed ? [route] : [],
    );
    expect(found.made.length).toBeGreaterThan(4);
  });
});

describe('one host more', () => {
  const more = (site: string, host: object) => (sites: Record<string, SiteText>) => ({
    [site]: { ...sites[site], hosts: [...(sites[site]?.hosts ?? []), host] },
  });
  test.each([
    ['at DigitalOcean', 'ap-sin', { name: 'sin-app-03', roles: ['app'] }, [POLICY, PROJECT, TESTS]],
    ['at Hetzner', 'eu-fra', { name: 'fra-db-02', lan: '10.77.10.11' }, []],
    // Its address is what the policy knows it by, as a source of its role.
    [
      'at Hetzner, with a role that a rule names',
      'eu-fra',
      { name: 'fra-db-02', lan: '10.77.10.11', roles: ['db'] },
      [POLICY, TESTS],
    ],
    ['that nobody logs in to', 'eu-gra', { name: 'gra-nas-02', lan: '10.77.40.21' }, []],
  ])('%s changes no other host', async (_, site, host, changed) => {
    const found = difference(before, await production(more(site, host)));
    expect(found.changed).toEqual([...changed].sort());
    expect(found.gone).toEqual([]);
    expect(found.made.filter((made) => !made.endsWith(` ${host.name}`))).toEqual([]);
    expect(found.made).toHaveLength({ 'ap-sin': 6, 'eu-fra': 7, 'eu-gra': 0 }[site] ?? -1);
  });
});

describe('what is changed is found', () => {
  test('a role of one host is its node’s tag and nothing of anybody else', async () => {
    const found = await production((sites) => ({
      'us-nyc': { ...sites['us-nyc'], hosts: [{ name: 'nyc-infra-01', roles: ['infra', 'cache'], backups: true }] },
    }));
    expect(difference(before, found)).toEqual({
      changed: ['mesh:index:TailnetNode nyc-infra-01', POLICY],
      made: [],
      gone: [],
    });
  });
  test('a prefix of a site is told where it is used, also in the routes of another', async () => {
    const found = await production((sites) => ({ 'us-nyc': { ...sites['us-nyc'], cidr: '10.77.31.0/24' } }));
    const { changed, made, gone } = difference(before, found);
    expect(changed).toContain('digitalocean:index/vpc:Vpc us-nyc');
    expect(changed).toContain('hcloud:index/networkRoute:NetworkRoute eu-fra-to-us-nyc');
    expect(changed.filter((one) => !one.includes('nyc'))).toEqual([POLICY]);
    expect([made, gone]).toEqual([[], []]);
  });
});
