import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FirewallRule, Machine } from '../../../lab/machines/types.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench } from './bench.ts';
import { cloudNetwork, machine, wanted } from './worlds.ts';

describeWith([...NETWORKS, 'ping'], 'firewalls of clouds', () => {
  const bench = new Bench();
  const everybody = ['0.0.0.0/0', '::/0'];
  const all: FirewallRule[] = (['tcp', 'udp', 'icmp'] as const).map((protocol) => ({ protocol, peers: everybody }));
  const ssh: FirewallRule = { protocol: 'tcp', ports: [22, 22], peers: ['203.0.113.4', ...everybody] };
  const private_: FirewallRule = { protocol: 'tcp', ports: [7000, 7009], peers: ['203.0.113.4/32', '10.77.20.4/32'] };
  const walled = (id: string, number: number, inbound: FirewallRule[], outbound = all): Machine =>
    machine(
      id,
      number,
      { network: 'vpc', address: `10.77.20.${number}` },
      { firewall: { inbound, outbound, lan: true } },
    );
  const world = wanted({
    machines: [
      walled('a', 2, [ssh, private_]),
      walled('b', 3, [], [{ protocol: 'udp', peers: everybody }]),
      machine('c', 4, { network: 'vpc', address: '10.77.20.4' }),
      machine('d', 5, { network: 'vpc', address: '10.77.20.5' }),
    ],
    networks: [cloudNetwork('vpc', 'vpc', { range: '10.77.20.0/24' })],
  });
  const open = { ...world, lifted: ['firewalls' as const] };

  beforeAll(async () => {
    await bench.converge(world);
    await bench.listen('a', 'tcp', 22);
    await bench.listen('a', 'tcp', 7005);
    await bench.listen('c', 'tcp', 80);
    await bench.listen('c', 'udp', 53);
  });
  afterAll(() => bench.end());

  // The same machine, by its public address and by that of the VPC.
  for (const [where, prefix] of [
    ['internet', '203.0.113.'],
    ['VPC', '10.77.20.'],
  ] as const) {
    test(`let in by port and by peer (${where})`, async () => {
      const to = `${prefix}2`;
      const [port, peer, stranger, ping] = await Promise.all([
        bench.asks('d', 'tcp', to, 22),
        bench.asks('c', 'tcp', to, 7005),
        bench.asks('d', 'tcp', to, 7005),
        bench.pings('d', to),
      ]);
      expect({ port, peer, stranger, ping }).toEqual({ port: true, peer: true, stranger: false, ping: false });
    });

    test(`let out by protocol, and let in what answers (${where})`, async () => {
      const to = `${prefix}4`;
      const [udp, denied, tcp, ping] = await Promise.all([
        bench.asks('b', 'udp', to, 53),
        bench.asks('b', 'tcp', to, 80),
        bench.asks('a', 'tcp', to, 80),
        bench.pings('a', to),
      ]);
      expect({ udp, denied, tcp, ping }).toEqual({ udp: true, denied: false, tcp: true, ping: true });
    });

    test(`are open to what a machine has asked for itself, between two firewalls too (${where})`, async () => {
      // Each sends first, and is dropped at the other; what comes then is an answer on both sides.
      const punch = (id: string, to: string): Promise<boolean> =>
        bench.asks(id, 'udp', to, 41641, { fromPort: 41641, wait: 0.1 });
      const a = (): Promise<boolean> => punch('a', `${prefix}3`);
      const b = (): Promise<boolean> => punch('b', `${prefix}2`);
      const strange = await bench.listen('b', 'udp', 41642);
      await bench.asks('a', 'udp', `${prefix}3`, 41642, { wait: 0.2 });
      expect(strange.heard).toEqual([]);
      strange.stop();
      await b();
      const listener = await bench.listen('b', 'udp', 41641);
      expect(await a()).toBe(true);
      expect(listener.heard).toEqual([`${prefix}2`]);
      listener.stop();
    });
  }

  test('stop nothing when they are lifted, and leave what runs alone when they come back', async () => {
    await bench.converge(open);
    expect(await bench.asks('d', 'tcp', '203.0.113.2', 7005)).toBe(true);
    expect(await bench.asks('d', 'tcp', '10.77.20.2', 7005)).toBe(true);
    await bench.converge(world);
    expect(await bench.asks('d', 'tcp', '203.0.113.2', 7005, { wait: 0.3 })).toBe(false);
  });
});
