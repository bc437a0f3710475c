import { describe, expect, test } from 'vitest';
import {
  addressNumber,
  EVERY,
  familyOf,
  INTERNET,
  joined,
  overlap,
  parseRange,
  rangeText,
  TAILNET,
  within,
  without,
  type Range,
} from '../../../../../mesh/overlays/tailscale/policy/ranges.ts';

/** Of a text that is one. */
function range(text: string): Range {
  const found = parseRange(text);
  if (found === undefined || typeof found === 'string') throw new Error(`${text} ${found ?? 'is no range'}`);
  return found;
}
const ranges = (...texts: string[]): Range[] => texts.map(range);
const texts = (of: readonly Range[]): string[] => of.map(rangeText);

test('addresses are numbers: IPv4 from 0, IPv6 from 2^128', () => {
  expect(addressNumber('0.0.0.0')).toBe(0n);
  expect(addressNumber('10.77.255.9')).toBe(0x0a4dff09n);
  expect(addressNumber('::')).toBe(2n ** 128n);
  expect(addressNumber('fd00:77::20')).toBe(2n ** 128n + 0xfd000077000000000000000000000020n);
  expect(['0.0.0.0', '255.255.255.255', '::', 'ffff::'].map((text) => familyOf(range(text)[0]))).toEqual([4, 4, 6, 6]);
  expect(EVERY).toEqual(ranges('0.0.0.0/0', '::/0'));
});

test.each(['', 'x', '10.0.0', '010.0.0.1', '256.0.0.1', '1:x', 'fe80::1%eth0'])('%j is no address', (text) => {
  expect(addressNumber(text)).toBeUndefined();
  expect(parseRange(text)).toBeUndefined();
});

describe('a range', () => {
  test.each([
    ['10.77.10.2', '10.77.10.2', '10.77.10.2'],
    ['10.77.10.2/32', '10.77.10.2', '10.77.10.2'],
    ['10.77.10.0/24', '10.77.10.0', '10.77.10.255'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['fd00::/64', 'fd00::', 'fd00::ffff:ffff:ffff:ffff'],
    ['fd00::1/128', 'fd00::1', 'fd00::1'],
    ['::/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['10.0.0.1-10.0.0.9', '10.0.0.1', '10.0.0.9'],
    ['10.0.0.1 - 10.0.0.1', '10.0.0.1', '10.0.0.1'],
    ['fd00::1-fd00::9', 'fd00::1', 'fd00::9'],
  ])('%s is from %s to %s', (text, first, last) => {
    expect(parseRange(text)).toEqual([addressNumber(first), addressNumber(last)]);
  });

  test.each([
    ['x-10.0.0.1', undefined],
    ['10.0.0.1-x', undefined],
    ['10.0.0.1-10.0.0.2-10.0.0.3', undefined],
    ['x/24', undefined],
    ['10.0.0.0/24/24', undefined],
    ['10.0.0.1-fd00::1', 'is a range from one family of addresses into the other'],
    ['10.0.0.2-10.0.0.1', 'is a range whose end lies before its start'],
    ['10.0.0.0/33', 'has a prefix length that is not from 0 to 32'],
    ['10.0.0.0/08', 'has a prefix length that is not from 0 to 32'],
    ['10.0.0.0/x', 'has a prefix length that is not from 0 to 32'],
    ['fd00::/129', 'has a prefix length that is not from 0 to 128'],
    ['10.77.10.20/24', 'has host bits set; the prefix is 10.77.10.0/24'],
    ['fd00:77::20/64', 'has host bits set; the prefix is fd00:77::/64'],
  ])('%s is none: %s', (text, problem) => {
    expect(parseRange(text)).toBe(problem);
  });

  test.each([
    ['10.77.10.2-10.77.10.2', '10.77.10.2'],
    ['fd00::1/128', 'fd00::1'],
    ['10.77.10.0-10.77.10.255', '10.77.10.0/24'],
    ['fd00::-fd00::1', 'fd00::/127'],
    ['::/0', '::/0'],
    ['10.0.0.0-10.0.0.2', '10.0.0.0-10.0.0.2'],
    // Four addresses, but no prefix of four begins there.
    ['10.0.0.2-10.0.0.5', '10.0.0.2-10.0.0.5'],
    ['fd00::2-fd00::5', 'fd00::2-fd00::5'],
  ])('%s is told as %s', (text, told) => {
    expect(rangeText(range(text))).toBe(told);
  });
});

describe('several ranges', () => {
  test.each([
    [[], []],
    [
      ['10.0.0.9', '10.0.0.1', '10.0.0.5'],
      ['10.0.0.1', '10.0.0.5', '10.0.0.9'],
    ],
    [
      ['10.0.0.1', '10.0.0.5', '10.0.0.9'],
      ['10.0.0.1', '10.0.0.5', '10.0.0.9'],
    ],
    [['10.0.0.1', '10.0.0.3', '10.0.0.2'], ['10.0.0.1-10.0.0.3']],
    [
      ['10.0.0.1', '10.0.0.3'],
      ['10.0.0.1', '10.0.0.3'],
    ],
    [['10.0.0.0/24', '10.0.0.7', '10.0.0.128/25', '10.0.0.200-10.0.1.7'], ['10.0.0.0-10.0.1.7']],
    [['10.0.0.0/24', '10.0.0.7', '10.0.0.100-10.0.0.101'], ['10.0.0.0/24']],
    [
      ['192.168.0.0/16', '10.0.0.0/25', '10.0.0.128/25'],
      ['10.0.0.0/24', '192.168.0.0/16'],
    ],
    [
      ['::/64', '255.255.255.255'],
      ['255.255.255.255', '::/64'],
    ],
  ])('%j joined are %j', (some, all) => {
    expect(texts(joined(ranges(...some)))).toEqual(all);
  });

  test.each([
    ['10.0.0.0/24', [], ['10.0.0.0/24']],
    ['10.0.0.0/24', ['10.0.0.0/24'], []],
    ['10.0.0.0/24', ['10.0.0.0/16'], []],
    ['10.0.0.0/24', ['10.0.0.0/25'], ['10.0.0.128/25']],
    ['10.0.0.0/24', ['10.0.0.128/25'], ['10.0.0.0/25']],
    ['10.0.0.0/24', ['10.0.0.0'], ['10.0.0.1-10.0.0.255']],
    ['10.0.0.0/24', ['10.0.0.255'], ['10.0.0.0-10.0.0.254']],
    ['10.0.0.0/24', ['10.0.0.7', '10.0.0.9'], ['10.0.0.0-10.0.0.6', '10.0.0.8', '10.0.0.10-10.0.0.255']],
    ['10.0.0.7', ['10.0.0.1-10.0.0.7'], []],
    ['10.0.0.7', ['10.0.0.7-10.0.0.9'], []],
    ['10.0.0.7', ['10.0.0.1-10.0.0.6', '10.0.0.8-10.0.0.9'], ['10.0.0.7']],
  ])('%s without %j is %j', (all, taken, left) => {
    expect(texts(without([range(all)], ranges(...taken)))).toEqual(left);
  });

  test('one may lie within another, or share an address with it', () => {
    const lan = range('10.0.0.4-10.0.0.8');
    const cases = ['10.0.0.4-10.0.0.8', '10.0.0.5', '10.0.0.3-10.0.0.5', '10.0.0.8-10.0.0.9', '10.0.0.1-10.0.0.4', '10.0.0.1-10.0.0.3', '10.0.0.9']; // prettier-ignore
    expect(cases.filter((one) => within(range(one), lan))).toEqual(cases.slice(0, 2));
    expect(cases.filter((one) => overlap(range(one), lan))).toEqual(cases.slice(0, 5));
    expect(cases.filter((one) => overlap(lan, range(one)))).toEqual(cases.slice(0, 5));
  });
});

test('nodes of a tailnet have addresses of the shared range, and of Tailscale’s own IPv6', () => {
  expect(texts(TAILNET)).toEqual(['100.64.0.0/10', 'fd7a:115c:a1e0::/48']);
});

test('the internet is every public address', () => {
  const edges = ['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '223.255.255.255', '2000::', '3fff:ffff::']; // prettier-ignore
  const beyond = ['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255', '127.0.0.1', '169.254.169.254', '172.16.0.0', '172.31.255.255', '192.168.0.1', '224.0.0.1', '255.255.255.255', '::1', '1fff::', '4000::', 'fd00::1']; // prettier-ignore
  expect([...edges, ...beyond].filter((one) => INTERNET.some((part) => within(range(one), part)))).toEqual(edges);
});
