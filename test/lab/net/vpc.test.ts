import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Machine } from '../../../lab/machines/types.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench } from './bench.ts';
import { cloudNetwork, machine, wanted } from './worlds.ts';

describeWith([...NETWORKS, 'ping'], 'a VPC of DigitalOcean', () => {
  const bench = new Bench();
  const droplet = (id: string, number: number): Machine =>
    machine(id, number, { network: 'vpc', address: `10.77.20.${number}` }, { cloud: 'digitalocean' });
  const world = wanted({
    machines: [droplet('a', 2), droplet('b', 3), droplet('c', 4)],
    networks: [cloudNetwork('vpc', 'vpc', { range: '10.77.20.0/24', gateway: '10.77.20.1' })],
  });
  const lifted = { ...world, lifted: ['digitalocean-addresses' as const] };

  beforeAll(() => bench.converge(world));
  afterAll(() => bench.end());

  test('has its droplets be neighbours, with 1500 bytes', async () => {
    expect(await bench.pings('a', '10.77.20.3', '-M', 'do', '-s', '1472')).toBe(true);
    expect(await bench.pings('a', '10.77.20.1')).toBe(true);
    expect(await bench.must('a', 'ip', 'neigh', 'show', '10.77.20.3')).toContain('52:54:00:00:00:03');
  });

  test('drops frames from an address that is not the droplet’s, unless that is lifted', async () => {
    await bench.must('a', 'ip', 'addr', 'add', '10.99.0.1/32', 'dev', 'lo');
    const listener = await bench.listen('b', 'udp', 7001);
    const ask = (): Promise<boolean> => bench.asks('a', 'udp', '10.77.20.3', 7001, { from: '10.99.0.1', wait: 0.2 });
    await ask();
    expect(listener.heard).toEqual([]);
    await bench.converge(lifted);
    await ask();
    expect(listener.heard).toEqual(['10.99.0.1']);
    await bench.converge(world);
    listener.stop();
  });

  test('drops frames from a MAC that is not the droplet’s', async () => {
    const set = (mac: string): Promise<string> => bench.must('c', 'ip', 'link', 'set', 'lan0', 'address', mac);
    await set('02:00:00:00:00:99');
    expect(await bench.pings('c', '10.77.20.3')).toBe(false);
    await set('52:54:00:00:00:04');
    expect(await bench.pings('c', '10.77.20.3')).toBe(true);
  });

  test('drops frames for an address that is not the droplet’s, unless that is lifted: no droplet is a router', async () => {
    await bench.must('b', 'ip', 'addr', 'add', '10.77.10.9/32', 'dev', 'lo');
    await bench.must('a', 'ip', 'route', 'add', '10.77.10.0/24', 'via', '10.77.20.3');
    const listener = await bench.listen('b', 'udp', 7002);
    await bench.asks('a', 'udp', '10.77.10.9', 7002, { wait: 0.2 });
    expect(listener.heard).toEqual([]);
    await bench.converge(lifted);
    await bench.asks('a', 'udp', '10.77.10.9', 7002, { wait: 0.2 });
    expect(listener.heard).toEqual(['10.77.20.2']);
    await bench.converge(world);
    listener.stop();
  });

  test('carries no multicast and no IPv6', async () => {
    const counted = async (): Promise<number> =>
      Number(await bench.must('b', 'cat', '/proc/net/dev').then((text) => /lan0:\s+\d+\s+(\d+)/.exec(text)?.[1]));
    const before = await counted();
    await Promise.all([bench.pings('a', '224.0.0.18', '-I', 'lan0'), bench.pings('a', 'ff02::1%lan0')]);
    expect(await counted()).toBe(before);
    expect(await bench.pings('a', '10.77.20.3')).toBe(true);
    expect(await counted()).toBeGreaterThan(before);
  });
});
