import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { overlaps } from '../../../mesh/config/cidr.ts';
import { cloudNames, type CloudName } from '../../../mesh/config/clouds.ts';
import { parseConfig, type Fault } from '../../../mesh/config/index.ts';
import { validRaw } from './fixtures.ts';

interface SiteText {
  name: string;
  cidr: string;
  cloud?: CloudName;
}

/** What is said about the prefixes of these sites, in this order of the file, in a stack that holds all of 10.0.0.0/8. */
function said(...sites: readonly SiteText[]): Fault[] {
  const raw = {
    ...validRaw(),
    network: { name: 'acme', supernet: '10.0.0.0/8', domain: 'mesh.acme.internal' },
    sites: Object.fromEntries(sites.map(({ name, cidr, cloud = 'existing' }) => [name, { cloud, cidr }])),
  };
  const answer = parseConfig(raw);
  return answer.ok ? [] : answer.faults.filter(({ path }) => path.endsWith('.cidr'));
}
const told = (faults: readonly Fault[]): string[] => faults.map(({ path, problem }) => `${path} ${problem}`);

describe('the size of a site', () => {
  const sizes: Record<CloudName, [number, number]> = { hetzner: [8, 29], digitalocean: [16, 28], existing: [8, 30] };
  test.each(cloudNames)('is what %s takes, and nothing wider or narrower', (cloud) => {
    const lengths = Array.from({ length: 25 }, (_, n) => n + 8);
    const refused = lengths.filter((length) => said({ name: 'a', cidr: `10.0.0.0/${length}`, cloud }).length > 0);
    const [min, max] = sizes[cloud];
    expect(refused).toEqual(lengths.filter((length) => length < min || length > max));
  });

  test('names the cloud that does not take it, and what it takes', () => {
    const [fault] = said({ name: 'a', cidr: '10.0.0.0/29', cloud: 'digitalocean' });
    expect(fault?.problem).toBe('is a /29, and DigitalOcean takes none of that size');
    expect(fault?.remedy).toContain('between /16 and /28');
  });
});

describe('ranges that DigitalOcean keeps for itself', () => {
  test.each(['10.229.7.0/24', '10.244.0.0/20', '10.245.255.0/24', '10.246.0.0/24'])('%s is no site there', (cidr) => {
    const faults = said({ name: 'a', cidr, cloud: 'digitalocean' });
    expect(faults.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^clashes with 10\.\d+\.0\.0\/(16|24), which DigitalOcean keeps for itself$/),
    ]);
    expect([...said({ name: 'a', cidr, cloud: 'hetzner' }), ...said({ name: 'a', cidr })]).toEqual([]);
  });
  test('a neighbour of them is one', () => {
    expect(said({ name: 'a', cidr: '10.246.1.0/24', cloud: 'digitalocean' })).toEqual([]);
  });
});

describe('overlapping sites', () => {
  const nest = [
    { name: 'wide', cidr: '10.77.0.0/17' },
    { name: 'inner', cidr: '10.77.10.0/24', cloud: 'hetzner' as const },
    { name: 'core', cidr: '10.77.10.128/25', cloud: 'digitalocean' as const },
    { name: 'aside', cidr: '10.77.128.0/24' },
  ];
  test('are told once per pair, at the later one in the order of addresses', () => {
    expect(told(said(...nest))).toEqual([
      'sites.core.cidr overlaps 10.77.0.0/17 of site wide',
      'sites.core.cidr overlaps 10.77.10.0/24 of site inner',
      'sites.inner.cidr overlaps 10.77.0.0/17 of site wide',
    ]);
  });
  test('are told so whatever the order of the file', () => {
    const expected = said(...nest);
    fc.assert(
      fc.property(fc.shuffledSubarray(nest, { minLength: nest.length }), (order) => {
        expect(said(...order)).toEqual(expected);
      }),
    );
  });
  test('of one prefix are told at the later one by name', () => {
    const twice = [
      { name: 'b', cidr: '10.77.10.0/24' },
      { name: 'a', cidr: '10.77.10.0/24' },
    ];
    expect(told(said(...twice))).toEqual(['sites.b.cidr overlaps 10.77.10.0/24 of site a']);
  });
  test('are all found, and nothing else is', () => {
    const prefix = fc.tuple(fc.integer({ min: 16, max: 28 }), fc.nat(2 ** 10 - 1)).map(([length, at]) => {
      // A few bits above the mask, so that about every second pair nests.
      const start = (at % 2 ** Math.min(length - 12, 6)) * 2 ** (32 - length);
      return `10.${(start >> 16) & 255}.${(start >> 8) & 255}.${start & 255}/${length}`;
    });
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 8 }), (prefixes) => {
        const sites = prefixes.map((cidr, n) => ({ name: `s${n}`, cidr }));
        const pairs = sites.flatMap((one, n) => sites.slice(n + 1).map((other) => [one, other] as const));
        const found = said(...sites).map(({ path, problem }) =>
          [/^sites\.(\w+)/.exec(path)?.[1], /of site (\w+)$/.exec(problem)?.[1]].sort().join(' '),
        );
        const expected = pairs.filter(([one, other]) => overlaps(one.cidr, other.cidr));
        expect(found.sort()).toEqual(expected.map(([one, other]) => [one.name, other.name].sort().join(' ')).sort());
      }),
    );
  });
});
