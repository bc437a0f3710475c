import fc from 'fast-check';
import { BlockList, isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import { addressFault6, inside6, networkAddress6, overlaps6, prefixFault6 } from '../../../mesh/config/cidr6.ts';

/** Addresses of one neighbourhood, so that prefixes meet often: what differs are single bits. */
const anyAddress = fc
  .tuple(
    fc.constantFrom('fd12:3456', 'fd12:3457'),
    fc.array(fc.constantFrom(0, 1, 0x40, 0x8000), { minLength: 6, maxLength: 6 }),
  )
  .map(([head, tail]) => shortest(`${head}:${tail.map((part) => part.toString(16)).join(':')}`));

/** As the URL standard writes it, which is RFC 5952. */
const shortest = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1);

/** Node's own answer. */
function holds(prefix: string, address: string): boolean {
  const [network = '', length] = prefix.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(length), 'ipv6');
  return list.check(address, 'ipv6');
}
/** The prefix of a length around an address: what our own check says it should be. */
const anyPrefix = fc.tuple(anyAddress, fc.integer({ min: 16, max: 128 })).map(([address, length]) => {
  const text = `${address}/${length}`;
  return /the prefix is (\S+)$/.exec(prefixFault6(text) ?? '')?.[1] ?? text;
});

describe('IPv6 prefixes', () => {
  test('hold the addresses that Node says they hold, and two overlap when one holds the other’s own address', () => {
    let held = 0;
    fc.assert(
      fc.property(anyPrefix, anyPrefix, anyAddress, (one, other, address) => {
        held += Number(holds(one, address));
        expect(inside6(address, one)).toBe(holds(one, address));
        const either = holds(one, networkAddress6(other)) || holds(other, networkAddress6(one));
        expect(overlaps6(one, other)).toBe(either);
        expect(overlaps6(other, one)).toBe(either);
        const narrower = Number(one.split('/')[1]) >= Number(other.split('/')[1]);
        expect(inside6(one, other)).toBe(narrower && holds(other, networkAddress6(one)));
      }),
      { numRuns: 500 },
    );
    expect(held).toBeGreaterThan(20);
  });

  test('are told by the network that they lie in, which is then right', () => {
    fc.assert(fc.property(anyPrefix, (prefix) => prefixFault6(prefix) === undefined));
    expect(prefixFault6('fd12:3456::1/64')).toBe('has host bits set; the prefix is fd12:3456::/64');
    expect(prefixFault6('fd12:3456:0::/64')).toBe('is not written in the shortest form, which is fd12:3456::/64');
  });

  test.each([
    'fd12::',
    'fd12::/129',
    'fd12::/064',
    'fd12::/6 4',
    'fd12::/64/64',
    '10.0.0.0/8',
    'fe80::%eth0/64',
    '::ffff:10.0.0.0/104',
    '',
  ])('are not: %s', (text) => {
    expect(prefixFault6(text)).toBe('is not an IPv6 prefix');
  });
});

describe('IPv6 addresses', () => {
  test('are texts in their shortest form, and others are told theirs', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(addressFault6(address)).toBeUndefined();
        const long = address.toUpperCase();
        expect(addressFault6(long)).toBe(`is not written in the shortest form, which is ${address}`);
      }),
    );
  });

  test.each(['fd12::1::2', 'fd12:1', '10.77.40.1', 'fe80::1%eth0', '::ffff:10.0.0.1', 'fd12::1 ', 'fd12::1/64', ''])(
    'are not: %s',
    (text) => {
      expect(addressFault6(text)).toBe('is not an IPv6 address');
      if (!text.includes('.') && !text.includes('%')) expect(isIPv6(text)).toBe(false);
    },
  );
});
