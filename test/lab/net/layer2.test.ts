import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Machine } from '../../../lab/machines/types.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench } from './bench.ts';
import { cloudNetwork, machine, wanted } from './worlds.ts';

describeWith([...NETWORKS, 'ping'], 'a layer-2 LAN', () => {
  const bench = new Bench();
  const host = (id: string, number: number, routes: { destination: string; via: string }[] = []): Machine => ({
    ...machine(id, number, { network: 'lan', address: `10.77.40.${number}`, address6: `fd00:40::${number}`, routes }),
    wan: undefined,
  });
  const routes = [
    { destination: '10.77.0.0/16', via: '10.77.40.254' },
    { destination: 'fd00::/16', via: 'fd00:40::fe' },
  ];
  const world = wanted({
    machines: [host('a', 2, routes), host('b', 3), host('c', 4)],
    networks: [cloudNetwork('layer2', 'lan', { range: '10.77.40.0/24', range6: 'fd00:40::/64' })],
  });

  beforeAll(() => bench.converge(world));
  afterAll(() => bench.end());

  test('carries IPv4 and IPv6 between neighbours, at once', async () => {
    expect(await bench.pings('a', '10.77.40.3', '-M', 'do', '-s', '1472')).toBe(true);
    expect(await bench.pings('a', 'fd00:40::3')).toBe(true);
  });

  test('follows an address that moves by ARP, and routes that its owner set lead to it', async () => {
    const take = async (id: string): Promise<void> => {
      await bench.must(id, 'ip', 'addr', 'add', '10.77.40.254/32', 'dev', 'lan0');
      await bench.must(id, 'ip', 'addr', 'add', 'fd00:40::fe/128', 'dev', 'lan0', 'nodad');
      await bench.announces(id, 'lan0', '10.77.40.254');
    };
    for (const id of ['b', 'c']) {
      await bench.must(id, 'ip', 'addr', 'add', '10.77.99.1/32', 'dev', 'lo');
      await bench.must(id, 'ip', 'addr', 'add', 'fd00:99::1/128', 'dev', 'lo');
    }
    const [b, c] = [await bench.listen('b', 'udp', 7001), await bench.listen('c', 'udp', 7001)];
    await take('b');
    await bench.asks('a', 'udp', '10.77.99.1', 7001, { wait: 0.2 });
    expect(await bench.pings('a', 'fd00:99::1')).toBe(true);
    expect([b.heard.length, c.heard.length]).toEqual([1, 0]);
    await bench.must('b', 'ip', 'addr', 'del', '10.77.40.254/32', 'dev', 'lan0');
    await take('c');
    await bench.asks('a', 'udp', '10.77.99.1', 7001, { wait: 0.2 });
    expect([b.heard.length, c.heard.length]).toEqual([1, 1]);
  });

  test('has a gateway that answers where there is one, and forwards nothing', async () => {
    const withGateway = wanted({
      ...world,
      networks: [
        cloudNetwork('layer2', 'lan', { range: '10.77.40.0/24', range6: 'fd00:40::/64', gateway: '10.77.40.1' }),
      ],
    });
    expect(await bench.pings('a', '10.77.40.1')).toBe(false);
    await bench.converge(withGateway);
    await bench.must('a', 'ip', 'neigh', 'flush', 'all');
    expect(await bench.pings('a', '10.77.40.1')).toBe(true);
    await bench.must('a', 'ip', 'route', 'add', '10.88.0.0/16', 'via', '10.77.40.1');
    await bench.must('b', 'ip', 'addr', 'add', '10.88.0.1/32', 'dev', 'lo');
    expect(await bench.pings('a', '10.88.0.1')).toBe(false);
  });
});
