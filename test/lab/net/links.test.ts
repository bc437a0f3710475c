import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Link } from '../../../lab/machines/types.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench } from './bench.ts';
import { link, machine, wanted } from './worlds.ts';

const median = (sorted: number[]): number => sorted[Math.floor(sorted.length / 2)] ?? NaN;

describeWith([...NETWORKS, 'ping'], 'links between sites', () => {
  const bench = new Bench();
  const A = '203.0.113.2';
  const B = '203.0.113.3';
  const C = '203.0.113.4';
  const world = wanted({
    machines: [
      machine('a', 2, undefined, { site: 'fra' }),
      machine('b', 3, undefined, { site: 'sin' }),
      machine('c', 4, undefined, { site: 'nyc' }),
    ],
  });
  const settings = (change: Partial<Link>): Promise<void> =>
    bench.converge({ ...world, links: [link('fra', 'sin', change)] });

  beforeAll(async () => {
    await bench.converge(world);
    await bench.listen('b', 'tcp', 80);
    await bench.listen('b', 'udp', 53);
  });
  afterAll(() => bench.end());

  test('add their delay to within 2 ms, and to no other pair', async () => {
    const bare = median(await bench.rtts('a', B, 20));
    expect(bare).toBeLessThan(2);
    for (const rtt of [20, 200]) {
      await settings({ delay: rtt / 2 });
      const seen = median(await bench.rtts('a', B, 12));
      expect(seen).toBeGreaterThanOrEqual(rtt);
      expect(seen).toBeLessThan(rtt + 2);
      expect(median(await bench.rtts('a', C, 5))).toBeLessThan(2);
    }
  });

  test('vary by their jitter', async () => {
    await settings({ delay: 20, jitter: 5 });
    const seen = await bench.rtts('b', A, 50, 0.02);
    const [least = 0, most = 0] = [seen[0], seen.at(-1)];
    expect(least).toBeGreaterThanOrEqual(30);
    expect(most).toBeLessThan(52);
    expect(most - least).toBeGreaterThan(6);
  });

  test('lose the share that they are to lose, in each direction', async () => {
    await settings({ loss: 0.2 });
    const back = (await bench.rtts('a', B, 400, 0.002, 0.3)).length;
    // 0.8² of 400 is 256; five standard deviations are 48.
    expect(back).toBeGreaterThan(208);
    expect(back).toBeLessThan(304);
  });

  test('block UDP and nothing else', async () => {
    await settings({ delay: 1 });
    expect(await bench.asks('a', 'udp', B, 53)).toBe(true);
    await settings({ blockUdp: true });
    expect(await bench.asks('a', 'udp', B, 53, { wait: 0.3 })).toBe(false);
    expect(await bench.asks('a', 'tcp', B, 80)).toBe(true);
  });

  test('are down and up again', async () => {
    await settings({ down: true });
    expect(await bench.reaches('a', [B, C])).toEqual([C]);
    await settings({});
    expect(await bench.pings('a', B)).toBe(true);
  });

  test('refuse what is too large, with an ICMP error unless such are lost', async () => {
    const forget = (): Promise<string> => bench.must('a', 'ip', 'route', 'flush', 'cache');
    const large = ['-M', 'do', '-s', '1452'];
    await settings({ mtu: 1472, noIcmpErrors: true });
    expect(await bench.pings('a', B, '-M', 'do', '-s', '1444')).toBe(true);
    expect((await bench.run('a', 'ping', '-c2', '-i0.1', '-W0.4', '-M', 'do', '-s', '1452', B)).output).not.toMatch(
      /mtu/i,
    );
    await settings({ mtu: 1472 });
    expect((await bench.run('a', 'ping', '-c2', '-i0.1', '-W0.4', ...large, B)).output).toMatch(/mtu ?= ?1472/i);
    await forget();
    // In pieces, where the sender allows it.
    expect(await bench.pings('a', B, '-M', 'dont', '-s', '4000')).toBe(true);
    // TCP finds out, and without the errors never does.
    expect(await bench.asks('a', 'tcp', B, 80, { bytes: 50_000, wait: 2 })).toBe(true);
    await forget();
    await bench.must('b', 'ip', 'route', 'flush', 'cache');
    await settings({ mtu: 1472, noIcmpErrors: true });
    expect(await bench.asks('a', 'tcp', B, 80, { bytes: 50_000, wait: 1 })).toBe(false);
  });

  test('change without loss of what is under way', async () => {
    await settings({ delay: 150 });
    const pings = bench.run('a', 'ping', '-c30', '-i0.05', '-W2', '-q', B);
    for (const delay of [150, 20, 100, 0, 60, 0]) {
      await settings({ delay });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await pings).output).toContain('30 received');
  });

  test('carry more than 200 Mbit/s', async () => {
    await settings({ delay: 1 });
    expect(await bench.throughput('a', 'b', B)).toBeGreaterThan(200);
  });

  test('are taken up again when what carries them was killed', async () => {
    await settings({ delay: 25 });
    process.kill(await bench.helper('box'), 'SIGKILL');
    await expect.poll(() => bench.log).toContainEqual(expect.objectContaining({ event: 'helper-ended' }));
    await expect.poll(() => bench.pings('a', B), { timeout: 5000 }).toBe(true);
    expect(median(await bench.rtts('a', B, 5))).toBeGreaterThanOrEqual(50);
  });
});
