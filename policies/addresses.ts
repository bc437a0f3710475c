// Addresses as numbers, so that prefixes, ranges and halves of them can be added up.
import ipaddr from 'ipaddr.js';
import { joined, within, type Range } from '../mesh/overlays/tailscale/policy/ranges.ts';

/** Inclusive, in one number space: IPv4 below 2^32, IPv6 from 2^128 on. */
export type Interval = Range;

const IPV6 = 1n << 128n;

/** An address, a prefix or a range `low-high`; undefined for a name. An IPv4 address written as IPv6 is the IPv4 one. */
export function interval(value: string): Interval | undefined {
  const [first = '', last] = value.split('-');
  if (last !== undefined) {
    const [low, high] = [interval(first), interval(last)];
    return low && high && [low[0], high[1]];
  }
  try {
    const [address, length] = value.includes('/') ? ipaddr.parseCIDR(value) : [ipaddr.parse(value), undefined];
    const bytes = address.toByteArray();
    const bits = BigInt(bytes.length * 8);
    const number = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const hostBits = bits - BigInt(length ?? bits);
    const low = (number >> hostBits) << hostBits;
    const high = low + (1n << hostBits) - 1n;
    if (bits === 32n) return [low, high];
    const mapped = 0xffffn << 32n;
    return low >= mapped && high < mapped + (1n << 32n) ? [low - mapped, high - mapped] : [IPV6 + low, IPV6 + high];
  } catch {
    return undefined;
  }
}

/** True when the intervals together leave nothing of `whole` out. */
export const covers = (intervals: readonly Interval[], whole: Interval): boolean =>
  joined(intervals).some((one) => within(whole, one));

/** What the internet does not carry: private, shared, loopback, link local, unique local. */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
]
  .map(interval)
  .filter((one) => one !== undefined);

/** How much of the internet a list of sources may be and still be somebody's own: a /8 of IPv4, a /29 of IPv6. */
const SOMEBODYS = { IPv4: 1n << 24n, IPv6: 1n << 99n } as const;

/**
 * The families in which these sources are the world and not somebody's own networks: together more than one /8 of IPv4
 * (no organisation deploys from more) or one /29 of IPv6 (the largest that registries give out as a rule). So two halves, or a
 * list of all /3, count as the whole. Private ranges do not count, wherever they come from.
 */
export function worldwide(sources: readonly Interval[]): ('IPv4' | 'IPv6')[] {
  const open = joined(sources.filter((one) => !PRIVATE.some((range) => covers([range], one))));
  return (['IPv4', 'IPv6'] as const).filter((family) => {
    const own = open.filter(([low]) => low < IPV6 === (family === 'IPv4'));
    return own.reduce((sum, [low, high]) => sum + high - low + 1n, 0n) > SOMEBODYS[family];
  });
}
