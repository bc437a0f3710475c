import ipaddr from 'ipaddr.js';

/** An IPv4 prefix as numbers; `size` addresses from `base` on. */
export interface Prefix {
  base: number;
  bits: number;
  size: number;
}

export function parseIpv4(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** A prefix in its canonical form; undefined when host bits are set or it is no prefix at all. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([0-9.]+)\/(\d{1,2})$/.exec(text);
  const base = parseIpv4(match?.[1] ?? '');
  const bits = Number(match?.[2]);
  if (base === undefined || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  return base % size === 0 ? { base, bits, size } : undefined;
}

export function contains(outer: Prefix, inner: Prefix): boolean {
  return inner.base >= outer.base && inner.base + inner.size <= outer.base + outer.size;
}

export function holds(prefix: Prefix, address: number): boolean {
  return address >= prefix.base && address < prefix.base + prefix.size;
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a);
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].flatMap((text) => parsePrefix(text) ?? []);

export function isPrivate(prefix: Prefix): boolean {
  return PRIVATE.some((range) => contains(range, prefix));
}

/** IPv4 or IPv6 prefix without host bits, as firewalls take it. */
export function isNetworkCidr(text: string): boolean {
  try {
    const [address, bits] = ipaddr.parseCIDR(text);
    const network =
      address.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
    return bits >= 0 && network.toString() === address.toString();
  } catch {
    return false;
  }
}
