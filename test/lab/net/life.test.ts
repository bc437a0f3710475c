import { readdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { INTERNET } from '../../../lab/machines/types.ts';
import { describeWith, NETWORKS } from '../requirements.ts';
import { Bench, runIn } from './bench.ts';
import { kernel, namespaces } from './kernel.ts';
import { cloudNetwork, link, machine, wanted, type Wanted } from './worlds.ts';

describeWith([...NETWORKS, 'ping'], 'the networks of a lab', () => {
  const bench = new Bench();
  const lan = { network: 'net', mtu: 1450, address: '10.77.10.2' };
  const a = machine('a', 2, lan, { site: 'fra' });
  const b = machine('b', 3, { ...lan, address: '10.77.10.3' }, { site: 'sin' });
  const base = wanted({
    machines: [a, b],
    networks: [cloudNetwork('hetzner', 'net'), cloudNetwork('vpc', 'vpc', { range: '10.77.20.0/24' })],
    links: [link('fra', 'sin', { delay: 5 })],
  });
  const withA = (change: Partial<typeof a>): Wanted => ({ ...base, machines: [{ ...a, ...change }, b] });

  beforeAll(() => bench.converge(base));
  afterAll(() => bench.end());

  test('are not touched when nothing changed', async () => {
    const before = kernel(bench.lab);
    await bench.converge(structuredClone(base));
    expect(kernel(bench.lab)).toBe(before);
  });

  test('plug a NIC in and out while the machine runs', async () => {
    await bench.must('a', 'ip', 'link', 'add', 'own', 'type', 'bridge');
    await bench.converge({ ...base, machines: [{ ...a, lan: undefined }, b] });
    expect((await bench.run('a', 'ip', 'link', 'show', 'lan0')).ok).toBe(false);
    expect(await bench.pings('b', '10.77.10.2')).toBe(false);
    await bench.converge({
      ...base,
      machines: [machine('a', 2, { network: 'vpc', address: '10.77.20.2' }, { site: 'fra' }), b],
    });
    expect(await bench.must('a', 'ip', 'addr', 'show', 'lan0')).toContain('10.77.20.2/24');
    await bench.converge(base);
    expect(await bench.pings('b', '10.77.10.2')).toBe(true);
    // The rest of the machine was left alone.
    await bench.must('a', 'ip', 'link', 'del', 'own');
  });

  test('answer for no machine that is off, and leave nothing of its last boot', async () => {
    await bench.must('a', 'ip', 'rule', 'add', 'pref', '99', 'lookup', '99');
    await bench.must('a', 'nft', 'add table inet leftover');
    await bench.must('a', 'ip', 'addr', 'add', '10.77.10.254/32', 'dev', 'lan0');
    await bench.converge(withA({ running: false }));
    expect(await bench.reaches('b', ['203.0.113.2', '10.77.10.2'])).toEqual([]);
    await expect(bench.net.connect('203.0.113.2', 22)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await bench.converge(withA({ boot: 2 }));
    expect(await bench.reaches('b', ['203.0.113.2', '10.77.10.2'])).toEqual(['203.0.113.2', '10.77.10.2']);
    const left = [
      ['ip', 'rule'],
      ['nft', 'list', 'ruleset'],
      ['ip', 'addr'],
    ].map((command) => bench.must('a', ...command));
    expect((await Promise.all(left)).join('\n')).not.toMatch(/99|leftover|254/);
    await bench.must('a', 'nft', 'add table inet leftover');
    await bench.converge(withA({ boot: 3 }));
    expect(await bench.must('a', 'nft', 'list', 'ruleset')).toBe('');
    await bench.converge(base);
  });

  test('lose what passes a cut NIC, and nothing once it is whole again', async () => {
    for (const [nic, address] of [
      ['wan', '203.0.113.2'],
      ['lan', '10.77.10.2'],
    ] as const) {
      await bench.converge({ ...base, cuts: [{ machine: 'a', nic }] });
      await bench.must('b', 'ip', 'neigh', 'flush', 'all');
      const [fromA, fromB] = await Promise.all([
        bench.reaches('a', ['172.31.1.1', '10.77.0.1']),
        bench.reaches('b', ['203.0.113.2', '10.77.10.2']),
      ]);
      expect([fromA, fromB]).toEqual(
        nic === 'wan' ? [['10.77.0.1'], ['10.77.10.2']] : [['172.31.1.1'], ['203.0.113.2']],
      );
      // As with a dead switch, the carrier stays.
      expect(await bench.must('a', 'ip', 'link', 'show', nic === 'wan' ? 'eth0' : 'lan0')).toContain('LOWER_UP');
      await bench.converge(base);
      const [first = Infinity] = await bench.rtts('b', address, 1);
      // Whoever asked for an address in vain asks again each second.
      expect(first).toBeLessThan(1500);
    }
  });

  test('drop what leaves a public NIC with another’s address, and lead reserved addresses to their holder', async () => {
    const listener = await bench.listen('b', 'udp', 7001);
    await bench.must('a', 'ip', 'addr', 'add', '203.0.113.77/32', 'dev', 'lo');
    await bench.asks('a', 'udp', '203.0.113.3', 7001, { from: '203.0.113.77', wait: 0.2 });
    expect(listener.heard).toEqual([]);
    const reserved = (id: string): Wanted => ({
      ...base,
      machines: [a, b].map((one) => ({
        ...one,
        wan: { name: 'eth0', address: one.wan?.address ?? '', also: one.id === id ? ['203.0.113.99'] : [], mtu: 1500 },
      })),
    });
    expect(await bench.asks('a', 'udp', '203.0.113.99', 7001, { wait: 0.3 })).toBe(false);
    await bench.converge(reserved('b'));
    expect(await bench.asks('a', 'udp', '203.0.113.99', 7001)).toBe(true);
    expect(listener.heard).toEqual(['203.0.113.2']);
    await bench.converge(reserved('a'));
    expect(await bench.asks('a', 'udp', '203.0.113.99', 7001, { wait: 0.3 })).toBe(false);
    listener.stop();
    await bench.converge(base);
  });

  test('let the jump host in: connected, refused, nobody there, no answer', async () => {
    const listener = await bench.listen('a', 'tcp', 7002);
    const socket = await bench.net.connect('203.0.113.2', 7002);
    const said = text(socket);
    // Half-closed: the echo of it all still comes.
    socket.end('x'.repeat(300_000));
    expect((await said).length).toBe(300_000);
    expect(listener.heard).toEqual([INTERNET.jump]);
    listener.stop();
    await expect(bench.net.connect('203.0.113.2', 7003)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(bench.net.connect('203.0.113.250', 22)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await bench.converge({ ...base, cuts: [{ machine: 'a', nic: 'wan' }] });
    await expect(bench.net.connect('203.0.113.2', 7002)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await bench.converge(base);
  });

  test('offer to machines what listens on loopback here, thousands of times, and keep no descriptor', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket: Socket) =>
      socket.on('error', () => undefined).pipe(socket),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const offered = { ...base, published: [{ address: INTERNET.api, port: 80, loopbackPort: port }] };
    expect(await bench.asks('a', 'tcp', INTERNET.api, 80)).toBe(false);
    await bench.converge(offered);
    expect(await bench.asks('a', 'tcp', INTERNET.api, 80, { bytes: 1_000_000, wait: 3 })).toBe(true);
    const pid = await bench.helper('gate');
    const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length;
    const before = descriptors();
    for (let round = 0; round < 4; round += 1) {
      const sockets = await Promise.all(Array.from({ length: 500 }, () => bench.net.connect(INTERNET.api, 80)));
      expect(descriptors()).toBeGreaterThan(before + 1000);
      // Half of them say good-bye, half are gone.
      sockets.forEach((socket, index) => (index % 2 === 0 ? socket.end().resume() : socket.destroy()));
    }
    await expect.poll(descriptors, { timeout: 5000 }).toBe(before);
    await bench.converge(base);
    await expect(bench.net.connect(INTERNET.api, 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    server.close();
  });

  test('reach nothing outside the lab', async () => {
    const server = createServer();
    await once(server.listen(0), 'listening');
    const { port } = server.address() as AddressInfo;
    for (const address of ['127.0.0.1', INTERNET.jump, '172.31.1.1'])
      expect(await bench.asks('a', 'tcp', address, port)).toBe(false);
    expect((await runIn(bench.net.internet(), ['ping', '-c1', '-W0.3', '1.1.1.1'])).ok).toBe(false);
    server.close();
  });

  test('are gone when they are removed, and stand again when they are wanted again', async () => {
    expect(namespaces(bench.lab)).toHaveLength(6);
    await bench.net.remove();
    expect(namespaces(bench.lab)).toEqual([]);
    await bench.converge(base);
    expect(await bench.pings('a', '203.0.113.3')).toBe(true);
  });
});
