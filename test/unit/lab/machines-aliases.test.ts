import { expect, test } from 'vitest';
import { AliasMoves } from '../../../lab/machines/aliases.ts';
import type { Machine } from '../../../lab/machines/types.ts';

const machine = (id: string, aliases: string[]): Machine => ({
  id,
  name: id,
  tenant: 'prod',
  cloud: 'hetzner',
  image: 'debian-12',
  running: true,
  boot: 1,
  userData: '',
  authorizedKeys: [],
  lan: {
    name: 'enp7s0',
    network: 'n',
    mtu: 1450,
    mac: '86:00:00:00:00:01',
    address: '10.77.10.2',
    aliases,
    routes: [],
  },
});
const VIP = '10.77.10.254';
const holders = (machines: Machine[]): string[] =>
  machines.filter(({ lan }) => lan?.aliases.includes(VIP)).map(({ id }) => id);

test('what is on record at the start is true at once; a first claim later takes its time', () => {
  const moves = new AliasMoves(5000);
  expect(holders(moves.settle([machine('a', [VIP]), machine('b', [])], 0))).toEqual(['a']);
  const late = new AliasMoves(5000);
  late.settle([machine('a', [])], 0);
  expect(holders(late.settle([machine('a', [VIP])], 1000))).toEqual([]);
  expect(holders(late.settle([machine('a', [VIP])], 5999))).toEqual([]);
  expect(holders(late.settle([machine('a', [VIP])], 6000))).toEqual(['a']);
});

test('packets go to the former holder until the move has arrived; without a delay they never do', () => {
  const moves = new AliasMoves(5000);
  moves.settle([machine('a', [VIP]), machine('b', [])], 0);
  // Cleared, then set: two requests, as clients do it.
  expect(holders(moves.settle([machine('a', []), machine('b', [])], 100))).toEqual(['a']);
  expect(holders(moves.settle([machine('a', []), machine('b', [VIP])], 200))).toEqual(['a']);
  expect(holders(moves.settle([machine('a', []), machine('b', [VIP])], 5199))).toEqual(['a']);
  expect(holders(moves.settle([machine('a', []), machine('b', [VIP])], 5200))).toEqual(['b']);
  const immediate = new AliasMoves(0);
  immediate.settle([machine('a', [VIP]), machine('b', [])], 0);
  expect(holders(immediate.settle([machine('a', []), machine('b', [VIP])], 1))).toEqual(['b']);
});

test('a holder that is gone is nobody’s after the same time, and the address can come back', () => {
  const moves = new AliasMoves(1000);
  moves.settle([machine('a', [VIP])], 0);
  moves.settle([], 10);
  expect(holders(moves.settle([machine('b', [])], 1010))).toEqual([]);
  moves.settle([machine('b', [VIP])], 2000);
  expect(holders(moves.settle([machine('b', [VIP])], 3000))).toEqual(['b']);
});
