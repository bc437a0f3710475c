import { expect, test } from 'vitest';
import { withExisting } from '../../../lab/existing/compute.ts';
import { declare, machineAt } from '../../../lab/existing/machines.ts';
import { existingHost as host, machine } from './existing-fixtures.ts';
import { server } from './sshd-fixtures.ts';

test('a machine keeps its key whatever it is called and whoever logs in', () => {
  const [first] = declare([], [host()]);
  const [again] = declare(first ? [first] : [], [host({ name: 'gra-router', user: 'root', lan: '10.77.40.3' })]);
  expect(again).toEqual({ ...host({ name: 'gra-router', user: 'root', lan: '10.77.40.3' }), hostKey: first?.hostKey });
});

test('another address or another port is another machine, with another key', () => {
  const all = declare([], [host(), host({ port: 22 }), host({ address: '198.51.100.11' })]);
  expect(new Set(all.map(({ hostKey }) => hostKey.publicKey)).size).toBe(3);
});

test('one that no stack names any more stays as it is', () => {
  const [known] = declare([], [host()]);
  const all = declare(known ? [known] : [], [host({ address: '198.51.100.11' })]);
  expect(all[0]).toEqual(known);
  expect(all).toHaveLength(2);
});

test('a DNS name is the same in either case', () => {
  const machines = [machine({ address: 'Edge.example.net' })];
  expect(machineAt(machines, 'edge.EXAMPLE.net', 2222)).toBe(machines[0]);
  expect(machineAt(machines, 'edge.example.org', 2222)).toBeUndefined();
});

test('a cloud’s server answers on 22, a machine on its own port, also when both share an address', () => {
  const clouds = { all: () => [server()], byPublicAddress: () => server() };
  const compute = withExisting(clouds, [machine({ address: '203.0.113.10' })], 'ssh-ed25519 AAAA deploy');
  expect(compute.byPublicAddress('203.0.113.10', 22)?.id).toBe('hetzner-1001');
  expect(compute.byPublicAddress('203.0.113.10', 2222)?.id).toBe('existing-203.0.113.10-2222');
  expect(compute.byPublicAddress('203.0.113.10', 2223)).toBeUndefined();
  expect(compute.all().map(({ name }) => name)).toEqual(['gra-edge-01', 'fra-edge-01']);
});
