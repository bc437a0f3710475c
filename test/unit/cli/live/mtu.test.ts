import { describe, expect, test } from 'vitest';
import { hangs, isWell, measure, packet, type Direction } from '../../../../cli/mtu/measure.ts';
import { wayTo, type WayOptions } from '../../../../cli/mtu/way.ts';
import { renderMtu } from '../../../../cli/render/mtu.ts';
import type { PathMtu } from '../../../../io/ssh/host-answers.ts';
import { HostToolError } from '../../../../io/ssh/host-tool.ts';
import type { Hosts } from '../../../../provider/hosts.ts';
import { Night } from './fixtures.ts';

const night = new Night('prod');
const way = (from: string, to: string, options?: WayOptions) =>
  wayTo(night.plan, night.recorded, { from, to }, options);

const FOUND: PathMtu = {
  address: '100.64.0.9',
  route: { device: 'tailscale0', mtu: 1280, learnt: null, gateway: null, source: null },
  largest: 1280,
  complete: true,
  told: false,
  blackHole: false,
  tried: [{ size: 576, result: 'passed', mtu: null, from: null }],
  mss: 1240,
  clamp: { loaded: true, mss: 1240 },
};
const lan = { ...FOUND.route, device: 'eth1', mtu: 1500 };
const OPEN = { from: 'a', to: 'b', possible: true, over: 'overlay', address: '100.64.0.9' } as const;
const direction = (found: Partial<PathMtu>): Direction => ({ ...OPEN, found: { ...FOUND, ...found } });

describe('the way', () => {
  test.each([
    ['fra-edge-01', 'fra-db-01', 'lan', '10.77.10.10'],
    ['fra-edge-01', 'fra-edge-02', 'lan', '10.77.10.3'],
    ['sin-app-01', 'fra-edge-01', 'overlay', night.record('fra-edge-01').tailnetAddresses[0]],
    ['sin-app-01', 'fra-db-01', 'lan', '10.77.10.10'],
    ['sin-app-01', 'gra-nas-01', 'lan', '10.77.40.20'],
  ])('from %s to %s is over the %s', (from, to, over, address) => {
    expect(way(from, to)).toEqual({ from, to, possible: true, over, address });
  });

  test('is none where the plan has none, with its reason, unless somebody names a network', () => {
    const staging = new Night();
    const ends = { from: 'fra-db-01', to: 'sin-app-01' };
    expect(wayTo(staging.plan, staging.recorded, ends)).toMatchObject({
      possible: false,
      why: expect.stringMatching(/^LAN hosts of eu-fra cannot open connections into the mesh/) as string,
    });
    const named = wayTo(staging.plan, staging.recorded, ends, { over: 'public' });
    expect(named).toMatchObject({ possible: true, over: 'public' });
  });

  test('is by IPv6 when asked for, and none where there is no such address', () => {
    expect(way('sin-app-01', 'fra-edge-01', { ipv6: true })).toMatchObject({
      address: expect.stringMatching(/^fd7a:/) as string,
    });
    expect(way('sin-app-01', 'fra-db-01', { over: 'overlay' })).toMatchObject({ possible: false });
    expect(way('sin-app-01', 'nowhere')).toMatchObject({ possible: false });
  });
});

describe('the verdict', () => {
  test('is well when all passes, or when somebody says what does not', () => {
    expect(isWell(direction({}))).toBe(true);
    expect(isWell(direction({ route: lan, largest: 1400, told: true, mss: 1460 }))).toBe(true);
    expect(isWell({ from: 'a', to: 'b', possible: false, why: 'x' })).toBe(true);
  });

  test('is ill when packets that TCP sends vanish, or nothing comes back', () => {
    const hole = { route: lan, largest: 1400, blackHole: true, mss: 1460 };
    expect(isWell(direction(hole))).toBe(false);
    expect(isWell(direction({ ...hole, mss: 1360 })), 'the segments fit').toBe(true);
    expect(isWell(direction({ largest: null }))).toBe(false);
    expect(isWell({ ...OPEN, error: 'x' })).toBe(false);
  });

  test('counts headers by family', () => {
    expect([packet(1240, '10.0.0.1'), packet(1220, 'fd7a::1')]).toEqual([1280, 1280]);
    expect(hangs({ ...FOUND, blackHole: true, largest: 1279 })).toBe(true);
    expect(hangs({ ...FOUND, blackHole: true, largest: 1280 })).toBe(false);
  });
});

describe('in words', () => {
  const text = (found: Partial<PathMtu>): string => renderMtu([direction(found)]);
  test.each<[string, Partial<PathMtu>, RegExp]>([
    ['all passes', {}, /1280 bytes: all that tailscale0 takes[^]*forwarded connections offer 1240: they fit/],
    [
      'a router tells',
      { route: lan, largest: 1400, told: true, tried: [{ size: 1500, result: 'told', mtu: 1400, from: '10.0.0.9' }] },
      /1400 bytes: beyond that 10\.0\.0\.9 says so, and TCP adapts/,
    ],
    ['the kernel knows', { route: { ...lan, learnt: 1400 }, largest: 1400, told: true }, /learnt 1400[^]*told before/],
    [
      'a black hole',
      { route: lan, largest: 1400, blackHole: true, mss: 1460, clamp: { loaded: false, mss: null } },
      /packets vanish[^]*segments of 1460 bytes: packets of 1500 bytes, so large transfers hang/,
    ],
    ['a clamp that is too large', { largest: 1231, blackHole: true }, /packets of 1280 bytes do not fit, and hang/],
    [
      'a clamp elsewhere',
      { route: lan, largest: 1500, mss: 1460, clamp: { loaded: true, mss: null } },
      /does not touch this route/,
    ],
    [
      'silence',
      { largest: null, tried: [{ size: 576, result: 'silence', mtu: null, from: null }] },
      /nothing came back, not even of 576 bytes/,
    ],
    [
      'a refusal',
      { largest: null, tried: [{ size: 576, result: 'refused', mtu: null, from: '10.0.0.9' }] },
      /refused on the way by 10\.0\.0\.9/,
    ],
    [
      'out of time',
      { route: lan, largest: 1400, complete: false, blackHole: true },
      /1400 bytes at least \(out of time\)/,
    ],
  ])('%s', (_, found, words) => {
    expect(text(found)).toMatch(words);
  });

  test('no way and no answer are told as such', () => {
    const all = renderMtu([
      { from: 'a', to: 'b', possible: false, why: 'no router' },
      { ...OPEN, error: 'no route' },
    ]);
    expect(all).toMatch(/no way by the plan: no router\n\n.*\n {2}not measured: no route/);
  });
});

test('both directions are measured at once, each by its own host; a host that is a record is told apart', async () => {
  const asked: string[] = [];
  const hosts: Hosts = {
    open: (_connection, { name }) =>
      Promise.resolve({
        tool: {
          pathMtu: (address: string) => {
            asked.push(`${name} ${address}`);
            if (name === 'fra-edge-01') return Promise.resolve({ ...FOUND, address });
            return Promise.reject(new HostToolError('no-network', 4, 'a record'));
          },
        } as never,
        close: () => undefined,
      }),
  };
  const sources = {
    stack: 'prod',
    plan: night.plan,
    keys: { ssh: 'K', jump: 'J' },
    tailnet: {} as never,
    hosts,
    recorded: () => Promise.resolve(night.recorded),
  };
  const { signal } = new AbortController();
  const [there, back] = await measure(sources, ['fra-edge-01', 'sin-app-01'], { signal });
  expect(asked).toEqual([
    `fra-edge-01 ${night.record('sin-app-01').tailnetAddresses[0] ?? ''}`,
    `sin-app-01 ${night.record('fra-edge-01').tailnetAddresses[0] ?? ''}`,
  ]);
  expect(there).toMatchObject({ from: 'fra-edge-01', found: { largest: 1280 } });
  expect(back).toMatchObject({ from: 'sin-app-01', noNetwork: true });
});
