import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disjointPrefixes } from '../../../policies/prefixes.ts';
import { askStack, UNKNOWN, type Asked } from './ask.ts';

const subnet = (ipRange: string, site?: string): Asked => ({
  type: 'hcloud:index/networkSubnet:NetworkSubnet',
  name: `subnet-${site ?? ipRange}`,
  props: { ipRange },
  ...(site !== undefined && { under: [`site-mesh:hetzner:Site ${site}`] }),
});
const node = (name: string, advertiseRoutes: unknown, site?: string): Asked => ({
  type: 'mesh:index:TailnetNode',
  name,
  props: { advertiseRoutes },
  ...(site !== undefined && { under: [`site-mesh:hetzner:Site ${site}`, `site-mesh:index:RouterPair ${site}`] }),
});
const network = (ipRange: string): Asked => ({ type: 'hcloud:index/network:Network', name: 'net', props: { ipRange } });
const vpc = (ipRange: string, name = 'vpc'): Asked => ({
  type: 'digitalocean:index/vpc:Vpc',
  name,
  props: { ipRange },
});

describe('prefixes of one stack', () => {
  it.each<[string, Asked[]]>([
    ['of sites apart', [subnet('10.77.10.0/24', 'fra'), subnet('10.77.20.0/24', 'hel'), vpc('10.77.30.0/24')]],
    [
      'of a site, advertised by both of its routers',
      [
        subnet('10.77.10.0/24', 'fra'),
        node('a', ['10.77.10.0/24'], 'fra'),
        node('b', ['10.77.10.0/24'], 'fra'),
        node('c', ['10.77.20.0/24'], 'hel'),
      ],
    ],
    [
      'in a program without sites, the same twice',
      [subnet('10.77.10.0/24'), node('a', ['10.77.10.0/24']), node('b', ['10.77.10.0/24'])],
    ],
    ['that a network spans', [network('10.77.0.0/16'), network('10.77.0.0/16'), subnet('10.77.10.0/24', 'fra')]],
    ['and an exit to the internet', [subnet('10.77.10.0/24', 'fra'), node('exit', ['0.0.0.0/0', '::/0'])]],
    ['of both families', [node('a', ['10.77.10.0/24', 'fd5a:1c9e:77b0:40::/64'], 'fra')]],
  ])('%s pass', async (_name, stack) => {
    expect(await askStack(disjointPrefixes, stack)).toEqual({ refused: [] });
  });

  it.each<[string, Asked[]]>([
    ['the same at two sites', [subnet('10.77.10.0/24', 'fra'), subnet('10.77.10.0/24', 'hel')]],
    ['one inside the other', [vpc('10.77.0.0/16'), vpc('10.77.200.0/24', 'other')]],
    ['inside one that begins long before', [vpc('10.0.0.0/8'), vpc('10.1.0.0/24', 'b'), vpc('10.200.0.0/24', 'c')]],
    ['advertised where another site lives', [subnet('10.77.10.0/24', 'fra'), node('x', ['10.77.10.128/25'], 'hel')]],
    ['of IPv6', [node('a', ['fd00:1::/48'], 'fra'), node('b', ['fd00:1:0:40::/64'], 'hel')]],
  ])('%s are refused', async (_name, stack) => {
    const { refused } = await askStack(disjointPrefixes, stack);
    expect(refused.length).toBeGreaterThan(0);
    for (const message of refused)
      expect(message).toMatch(/(ipRange|advertiseRoutes\[0\]): the prefix overlaps that of .* \S+\./);
  });

  it.each<[string, Asked]>([
    ['100.64.0.0/10', vpc('100.64.10.0/24')],
    ['100.64.0.0/10', network('100.0.0.0/8')],
    ['fd7a:115c:a1e0::/48', node('a', ['fd7a:115c:a1e0:1::/64'])],
    ['100.64.0.0/10', { type: 'hcloud:index/networkRoute:NetworkRoute', props: { destination: '100.64.0.0/10' } }],
    ['100.64.0.0/10', { type: 'mesh:index:HostRelease', props: { lanPrefix: '100.127.255.0/24' } }],
  ])('in %s, where the tailnet is, are refused', async (range, one) => {
    expect((await askStack(disjointPrefixes, [one])).refused).toEqual([expect.stringContaining(`overlaps ${range}`)]);
  });

  it('are judged as far as they are known', async () => {
    const { refused, unknown } = await askStack(disjointPrefixes, [
      vpc(UNKNOWN, 'later'),
      node('a', [UNKNOWN, '100.64.1.0/24']),
    ]);
    expect(refused).toEqual([expect.stringContaining('advertiseRoutes[1]')]);
    expect(unknown).toContain('.ipRange');
  });

  it('in any number and order: a clash is found if and only if there is one', async () => {
    const prefix = fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 24, max: 28 }))
      .map(([third, length]) => ({
        text: `10.77.${third}.0/${length}`,
        third,
      }));
    await fc.assert(
      fc.asyncProperty(fc.array(prefix, { maxLength: 8 }), async (prefixes) => {
        const stack = prefixes.map(({ text }, index) => vpc(text, `v${index}`));
        // All begin at the same place of their /24, so that they overlap exactly when that is the same.
        const clash = new Set(prefixes.map(({ third }) => third)).size < prefixes.length;
        expect((await askStack(disjointPrefixes, stack)).refused.length > 0).toBe(clash);
      }),
    );
  });
});
