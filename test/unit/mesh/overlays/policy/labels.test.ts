import { describe, expect, test } from 'vitest';
import { compareAccess, labeller, labelText, type Policy, type World } from '../../../../../mesh/overlays/tailscale/policy/index.ts'; // prettier-ignore
import { granted, policy, world } from './fixtures.ts';

/** What those with these names are called together. */
function labels(
  wanted: readonly string[] | 'all',
  hints: readonly string[] = [],
  around = world(),
  of: Policy = granted(),
): string[] {
  const revision = { policy: of, world: around };
  const { entities } = compareAccess(revision, revision);
  const some = entities.filter(({ label }) => wanted === 'all' || wanted.includes(label));
  return labeller(entities, [revision])(some, new Set(hints)).map(labelText);
}

/** Nodes by their tags. */
const tagged = (tags: Record<string, string>): World =>
  world({ nodes: Object.entries(tags).map(([name, all]) => ({ name, tags: all.split(' ').map((tag) => `tag:${tag}`), addresses: [] })) }); // prettier-ignore
const N = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];

describe('which names are taken', () => {
  test('the one that names most of what is left', () => {
    const around = tagged({ n1: 'app', n2: 'app a-web', n3: 'a-web db', n4: 'a-web db', n5: 'db' });
    expect(labels(N, [], around)).toEqual(['tag:app (n1, n2)', 'tag:db (n3, n4, n5)']);
  });

  test('one that a rule names before a larger one', () => {
    const around = tagged({ n1: 'few many', n2: 'few many', n3: 'few many', n4: 'many rest', n5: 'many rest', n6: 'rest' }); // prettier-ignore
    expect(labels(N, ['tag:few'], around)).toEqual(['tag:few (n1, n2, n3)', 'tag:rest (n4, n5, n6)']);
    expect(labels(N, [], around)).toEqual(['tag:many (5)', 'n6']);
    expect(labels(N, ['tag:rest', 'tag:few', 'tag:many'], around)).toEqual(['tag:many (5)', 'n6']);
    expect(labels(N.slice(0, 5), ['tag:rest'], around)).toEqual(['tag:many (5)']);
  });

  test.each(['web app', 'app web'])('of two for the same nodes the first by name: %s', (tags) => {
    expect(labels(N, [], tagged({ n1: tags, n2: tags }))).toEqual(['tag:app (n1, n2)']);
  });

  test('none for one node more, and none that is not wholly meant', () => {
    expect(labels(['n1'], ['tag:app'], tagged({ n1: 'app' }))).toEqual(['n1']);
    expect(labels(['n1', 'n2'], [], tagged({ n1: 'app', n2: 'app', n3: 'app' }))).toEqual(['n1', 'n2']);
    expect(labels(['grace@other.org'])).toEqual(['grace@other.org']);
    expect(labels(['grace@other.org'], ['group:sre'])).toEqual(['group:sre (grace@other.org)']);
  });

  test('after three members only how many', () => {
    expect(labels(N, [], tagged({ n1: 'a', n2: 'a', n3: 'a' }))).toEqual(['tag:a (n1, n2, n3)']);
    expect(labels(N, [], tagged({ n1: 'a', n2: 'a', n3: 'a', n4: 'a' }))).toEqual(['tag:a (4)']);
  });

  test('a device goes without saying where its owner is named, a tagged node never', () => {
    const nodes = [
      { name: 'laptop', tags: [], user: 'ada@example.com', addresses: [] },
      { name: 'ci', tags: ['tag:app'], user: 'ada@example.com', addresses: [] },
    ];
    expect(labels(['ada@example.com', 'laptop', 'ci'], [], world({ nodes }))).toEqual(['ada@example.com', 'ci']);
    expect(labels(['laptop'], [], world({ nodes }))).toEqual(['laptop']);
  });
});

describe('addresses', () => {
  const to = (...dst: string[]) => granted(...dst.map((one) => ({ src: ['tag:app'], dst: [one], ip: ['tcp:1'] })));

  test('everybody and everything', () => {
    expect(labels('all')).toEqual([
      'group:dev (ada@example.com, linus@example.com)',
      'tag:app (app-1, app-2)',
      'LAN of eu-fra (nas-1, printer)',
      'grace@other.org',
      'db-1',
      'edge-1',
      'other addresses',
      'the internet',
      'anybody else of the tailnet',
      'any other tagged node',
    ]);
  });

  test('a LAN without its hosts is a LAN, with them it names them, and a part of it is told', () => {
    const small = world({ lans: [{ site: 'ap-sin', cidrs: ['10.88.0.4/31'] }], lanHosts: [{ name: 'far', site: 'ap-sin', addresses: ['10.88.0.4'] }] }); // prettier-ignore
    expect(labels(['LAN of ap-sin', 'far'], [], small)).toEqual(['LAN of ap-sin (far)']);
    expect(labels(['LAN of ap-sin'], [], small)).toEqual(['LAN of ap-sin']);
    const cut = to('10.77.10.0/28');
    expect(labels(['LAN of eu-fra', '10.77.10.0/28'], [], world(), cut)).toEqual(['10.77.10.0/28', 'LAN of eu-fra']);
    const [old, now] = [{ policy: to(), world: world() }, { policy: to('10.77.10.0-10.77.10.30'), world: world() }]; // prettier-ignore
    const comparison = compareAccess(old, now);
    const piece = comparison.entities.filter((one) => one.kind === 'addresses' && one.of === 'LAN of eu-fra');
    expect(labeller(comparison.entities, [old, now])(piece.slice(0, 1)).map(labelText)).toEqual(['LAN of eu-fra (10.77.10.31-10.77.10.255)']); // prettier-ignore
  });

  test('what is left of a prefix is told as ranges, unless it is in many parts', () => {
    const left = (...holes: string[]) => labels(['192.168.0.0/16'], [], world(), to('192.168.0.0/16', ...holes.map((n) => `192.168.${n}.0/24`))); // prettier-ignore
    expect(left()).toEqual(['192.168.0.0/16']);
    expect(left('7')).toEqual(['192.168.0.0/16 (192.168.0.0-192.168.6.255, 192.168.8.0-192.168.255.255)']);
    expect(left('7', '9')).toEqual(['192.168.0.0/16 (192.168.0.0-192.168.6.255, 192.168.8.0/24, 192.168.10.0-192.168.255.255)']); // prettier-ignore
    expect(left('7', '9', '11')).toEqual(['192.168.0.0/16 (a part of it)']);
  });

  test('an alias is whole, also where a host has its name', () => {
    const alias = policy({ hosts: { printer: '10.99.0.0/24' }, grants: [{ src: ['tag:app'], dst: ['printer'], ip: ['tcp:1'] }] }); // prettier-ignore
    const revision = { policy: alias, world: world() };
    const { entities } = compareAccess(revision, revision);
    const some = entities.filter((one) => one.kind === 'addresses' && one.of === 'printer');
    expect(labeller(entities, [revision])(some).map(labelText)).toEqual(['printer']);
  });
});
