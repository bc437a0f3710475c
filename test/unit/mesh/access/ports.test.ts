import { describe, expect, test } from 'vitest';
import { covers, ends, minus, portSet, portTexts, sortedPorts } from '../../../../mesh/access/ports.ts';

describe('ports as a set', () => {
  test.each([
    ['by protocol, then number', ['udp/53', 'tcp/443', 'tcp/22'], ['tcp/22', 'tcp/443', 'udp/53']],
    ['in whatever order they come', ['tcp/22', 'tcp/443', 'udp/53'], ['tcp/22', 'tcp/443', 'udp/53']],
    ['neighbours are one range', ['tcp/2', 'tcp/1', 'tcp/4'], ['tcp/1-2', 'tcp/4']],
    ['what lies inside a range is part of it', ['tcp/20-30', 'tcp/25', 'tcp/29-31'], ['tcp/20-31']],
    ['all of a protocol', ['udp/*', 'udp/53', 'icmp/*'], ['icmp/*', 'udp/*']],
    ['all but the lowest', ['tcp/1-65535'], ['tcp/1-65535']],
    ['up to the highest', ['tcp/65534', 'tcp/65535'], ['tcp/65534-65535']],
    ['the lowest alone', ['tcp/0'], ['tcp/0']],
    ['a number that is no port stays as it is', ['tcp/65535', 'tcp/65536'], ['tcp/65535', 'tcp/65536']],
    ['so does a range that ends before it begins', ['tcp/29', 'tcp/30-20'], ['tcp/29', 'tcp/30-20']],
    ['and a text of another form', ['ssh as ops', 'tcp/22/x', 'tcp/22'], ['ssh as ops', 'tcp/22', 'tcp/22/x']],
  ])('%s', (_, ports, told) => {
    expect(portTexts(portSet(ports))).toEqual(told);
  });

  test.each([
    ['a hole in the middle', ['tcp/20-30'], ['tcp/25'], ['tcp/20-24', 'tcp/26-30']],
    ['the first', ['tcp/20-30'], ['tcp/20'], ['tcp/21-30']],
    ['the last', ['tcp/20-30'], ['tcp/30'], ['tcp/20-29']],
    ['everything', ['tcp/20-30', 'udp/53'], ['tcp/*', 'udp/53'], []],
    ['neighbours take nothing away', ['tcp/20-30'], ['tcp/19', 'tcp/31'], ['tcp/20-30']],
    ['another protocol takes nothing away', ['tcp/53'], ['udp/53'], ['tcp/53']],
    ['two holes', ['tcp/*'], ['tcp/22', 'tcp/443'], ['tcp/0-21', 'tcp/23-442', 'tcp/444-65535']],
    ['a text of another form by itself alone', ['ssh as ops', 'ssh as root'], ['ssh as ops', 'tcp/*'], ['ssh as root']],
  ])('what is left without %s', (_, left, right, rest) => {
    expect(portTexts(minus(portSet(left), portSet(right)))).toEqual(rest);
  });

  test('has a port, or a range, only as a whole', () => {
    const set = portSet(['tcp/20-25', 'udp/53']);
    const asked = ['tcp/20', 'tcp/25', 'tcp/20-25', 'udp/53', 'tcp/19', 'tcp/26', 'tcp/25-26', 'tcp/53', 'udp/*'];
    expect(asked.filter((port) => covers(set, port))).toEqual(['tcp/20', 'tcp/25', 'tcp/20-25', 'udp/53']);
  });
});

test.each([
  ['tcp/22', ['tcp/22']],
  ['udp/8000-8010', ['udp/8000', 'udp/8010']],
])('the ends of %s', (port, both) => {
  expect(ends(port)).toEqual(both);
});

test.each([
  ['by protocol first, then by number', ['tcp/443', 'tcp/5432', 'udp/53']],
  ['as numbers, not as texts', ['tcp/9', 'tcp/10', 'tcp/100']],
  ['a range by where it begins', ['tcp/22-30', 'tcp/23', 'tcp/24-25']],
  ['of two that begin together the shorter text first', ['tcp/22', 'tcp/22-30', 'tcp/22-40']],
])('ports are sorted %s', (_, sorted) => {
  expect(sortedPorts(sorted)).toEqual(sorted);
  expect(sortedPorts(sorted.toReversed())).toEqual(sorted);
});
