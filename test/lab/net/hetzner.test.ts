import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Machine } from '../../../lab/machines/types.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench } from './bench.ts';
import { cloudNetwork, machine, wanted } from './worlds.ts';

describeWith([...NETWORKS, 'ping'], 'a network of Hetzner', () => {
  const bench = new Bench();
  const remote = { destination: '10.77.20.0/24', gateway: '10.77.10.254' };
  const host = (id: string, number: number, aliases: string[] = []): Machine =>
    machine(id, number, { network: 'net', mtu: 1450, address: `10.77.10.${number}`, aliases });
  const world = wanted({
    machines: [host('a', 2), host('b', 3, ['10.77.10.254']), host('c', 4)],
    networks: [cloudNetwork('hetzner', 'net', { gateway: '10.77.0.1', routes: [remote] })],
  });
  const holder = (id: string): typeof world => ({
    ...world,
    machines: [
      host('a', 2),
      host('b', 3, id === 'b' ? ['10.77.10.254'] : []),
      host('c', 4, id === 'c' ? ['10.77.10.254'] : []),
    ],
  });

  beforeAll(() => bench.converge(world));
  afterAll(() => bench.end());

  test('has its hosts talk through the gateway, with 1450 bytes', async () => {
    const size = (bytes: string): Promise<boolean> => bench.pings('a', '10.77.10.3', '-M', 'do', '-s', bytes);
    expect(await bench.reaches('a', ['10.77.0.1', '10.77.10.3'])).toHaveLength(2);
    expect(await Promise.all([size('1422'), size('1423')])).toEqual([true, false]);
    expect(await bench.must('a', 'ip', 'route', 'show', 'dev', 'lan0')).toMatch(
      /10\.77\.0\.0\/16 via 10\.77\.0\.1 *\n10\.77\.0\.1 scope link/,
    );
  });

  test('has no neighbours but the gateway, unless that is lifted', async () => {
    await bench.must('a', 'ip', 'route', 'add', '10.77.10.3/32', 'dev', 'lan0');
    expect(await bench.pings('a', '10.77.10.3')).toBe(false);
    await bench.converge({ ...world, lifted: ['hetzner-arp'] });
    await bench.must('b', 'ip', 'route', 'add', '10.77.10.2/32', 'dev', 'lan0');
    expect(await bench.pings('a', '10.77.10.3')).toBe(true);
    await bench.converge(world);
    for (const [id, address] of [
      ['a', '10.77.10.3/32'],
      ['b', '10.77.10.2/32'],
    ] as const) {
      await bench.must(id, 'ip', 'route', 'del', address, 'dev', 'lan0');
      await bench.must(id, 'ip', 'neigh', 'flush', 'all');
    }
    expect(await bench.pings('a', '10.77.10.3')).toBe(true);
  });

  test('drops sources that are not the sender’s, unless that is lifted', async () => {
    const listener = await bench.listen('c', 'udp', 7001);
    for (const address of ['10.99.0.1/32', '10.77.20.9/32', '10.77.10.254/32'])
      await bench.must('a', 'ip', 'addr', 'add', address, 'dev', 'lo');
    await bench.must('b', 'ip', 'addr', 'add', '10.77.20.9/32', 'dev', 'lo');
    await bench.must('b', 'ip', 'addr', 'add', '10.77.10.254/32', 'dev', 'lo');
    const from = async (id: string): Promise<string[]> => {
      listener.heard.length = 0;
      for (const source of ['10.99.0.1', '10.77.20.9', '10.77.10.254'])
        if (id === 'a' || source !== '10.99.0.1')
          await bench.asks(id, 'udp', '10.77.10.4', 7001, { from: source, wait: 0.2 });
      return listener.heard;
    };
    expect(await from('a')).toEqual([]);
    // The holder of the route's gateway: its alias, and what is behind the route.
    expect(await from('b')).toEqual(['10.77.20.9', '10.77.10.254']);
    await bench.converge({ ...world, lifted: ['hetzner-sources'] });
    expect(await from('a')).toEqual(['10.99.0.1', '10.77.20.9', '10.77.10.254']);
    await bench.converge(world);
    for (const id of ['a', 'b']) await bench.must(id, 'ip', 'addr', 'flush', 'dev', 'lo', 'to', '10.0.0.0/8');
    listener.stop();
  });

  test('delivers an alias and what a route sends there to whoever holds it now', async () => {
    const [b, c] = [await bench.listen('b', 'udp', 7002), await bench.listen('c', 'udp', 7002)];
    for (const id of ['b', 'c'])
      for (const address of ['10.77.20.7/32', '10.77.10.254/32'])
        await bench.run(id, 'ip', 'addr', 'replace', address, 'dev', 'lo');
    const heard = async (): Promise<[number, number]> => {
      b.heard.length = c.heard.length = 0;
      await bench.asks('a', 'udp', '10.77.20.7', 7002, { wait: 0.2 });
      await bench.asks('a', 'udp', '10.77.10.254', 7002, { wait: 0.2 });
      return [b.heard.length, c.heard.length];
    };
    expect(await heard()).toEqual([2, 0]);
    await bench.converge(holder('c'));
    expect(await heard()).toEqual([0, 2]);
    await bench.converge(holder('nobody'));
    expect(await heard()).toEqual([0, 0]);
    await bench.converge(world);
    expect(await heard()).toEqual([2, 0]);
  });

  test('does not meet a network of another tenant with the same addresses', async () => {
    const other = { ...machine('x', 9, { network: 'other', mtu: 1450, address: '10.77.10.3' }), tenant: 'else' };
    const own = await bench.listen('b', 'udp', 7003);
    await bench.converge({
      ...world,
      machines: [...world.machines, other, machine('y', 10, { network: 'other', mtu: 1450, address: '10.77.10.5' })],
      networks: [...world.networks, cloudNetwork('hetzner', 'other')],
    });
    const theirs = await bench.listen('x', 'udp', 7003);
    expect(await bench.asks('a', 'udp', '10.77.10.3', 7003)).toBe(true);
    expect(await bench.asks('y', 'udp', '10.77.10.3', 7003)).toBe(true);
    expect([own.heard, theirs.heard]).toEqual([['10.77.10.2'], ['10.77.10.5']]);
    expect(await bench.asks('a', 'udp', '10.77.10.5', 7003, { wait: 0.2 })).toBe(false);
  });
});
