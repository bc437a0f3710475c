import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startOf } from '../../../lab/machines/net/helper.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench } from './bench.ts';
import { kernel, namespaces } from './kernel.ts';
import { cloudNetwork, link, machine, wanted } from './worlds.ts';

describeWith([...NETWORKS, 'ping'], 'networks that another process left', () => {
  let bench: Bench;
  const a = machine('a', 2, { network: 'net', address: '10.77.10.2' }, { site: 'fra' });
  const b = machine('b', 3, { network: 'net', address: '10.77.10.3' }, { site: 'sin' });
  const base = wanted({
    machines: [a, b],
    networks: [cloudNetwork('layer2', 'net')],
    links: [link('fra', 'sin', { delay: 5 })],
  });
  const connected = async (): Promise<boolean[]> => [
    await bench.pings('a', '203.0.113.3'),
    await bench.pings('a', '10.77.10.3'),
  ];

  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.end());

  test('are taken over as they are', async () => {
    let before = '';
    const looks = (): void => {
      before = kernel(bench.lab);
    };
    expect(await bench.byOther(base, looks)).toBe('done');
    const state = await bench.state();
    await bench.converge(base);
    expect(kernel(bench.lab)).toBe(before);
    expect(await bench.state()).toBe(state);
    const [rtt = 0] = await bench.rtts('a', '203.0.113.3', 3);
    expect(rtt).toBeGreaterThan(9);
  });

  test('are repaired where it ended in the middle of a change', async () => {
    const wan = { name: 'a-name-that-is-too-long', address: '203.0.113.3', also: [], mtu: 1500 };
    await bench.byOther(base);
    expect(await bench.byOther({ ...base, machines: [a, { ...b, wan }], links: [] })).toContain(wan.name);
    await bench.converge(base);
    expect(await connected()).toEqual([true, true]);
    const repaired = kernel(bench.lab);
    await bench.net.remove();
    await bench.converge(base);
    expect(repaired).toBe(kernel(bench.lab));
  });

  test('are made anew where somebody took them away', async () => {
    await bench.byOther(base);
    for (const name of ['m-b', 'n-net', 'edge']) execFileSync('ip', ['netns', 'del', `${bench.lab}-${name}`]);
    await bench.converge(base);
    expect(await connected()).toEqual([true, true]);
  });

  test('are removed, with a helper that hangs', async () => {
    let pid = 0;
    await bench.byOther(base, async () => {
      pid = await bench.helper('gate');
      process.kill(pid, 'SIGSTOP');
    });
    expect(namespaces(bench.lab)).toHaveLength(5);
    expect(startOf(pid)).toBeDefined();
    await bench.net.remove();
    expect(namespaces(bench.lab)).toEqual([]);
    await expect.poll(() => startOf(pid)).toBeUndefined();
  });
});
