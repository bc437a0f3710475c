import ipaddr from 'ipaddr.js';

/**
 * The same for IPv6 (see cidr.ts). Text is canonical everywhere (RFC 5952: `fd12:3456:789a:40::/64`, `fd12:3456:789a:40::2`), so
 * that equal addresses are equal texts. Functions that take a prefix or an address expect one that passed the check, and throw on others.
 */

/** What keeps a text from being a canonical IPv6 address, or undefined. */
export function addressFault6(text: string): string | undefined {
  if (!/^[0-9a-fA-F:]+$/.test(text) || !ipaddr.IPv6.isValid(text)) return 'is not an IPv6 address';
  const canonical = ipaddr.IPv6.parse(text).toRFC5952String();
  return canonical === text ? undefined : `is not written in the shortest form, which is ${canonical}`;
}

/** What keeps a text from being a canonical IPv6 prefix, or undefined. */
export function prefixFault6(text: string): string | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const plain = /^[0-9a-fA-F:]+$/.test(address) && ipaddr.IPv6.isValid(address);
  if (rest.length > 0 || !plain || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > 128)
    return 'is not an IPv6 prefix';
  const network = ipaddr.IPv6.networkAddressFromCIDR(text).toRFC5952String();
  if (ipaddr.IPv6.parse(address).toRFC5952String() !== network)
    return `has host bits set; the prefix is ${network}/${length}`;
  return network === address ? undefined : `is not written in the shortest form, which is ${network}/${length}`;
}

function range(text: string): { first: bigint; last: bigint } {
  const [address = '', length = '128'] = text.split('/');
  const first = ipaddr.IPv6.parse(address).parts.reduce((sum, part) => sum * 65_536n + BigInt(part), 0n);
  return { first, last: first + (1n << BigInt(128 - Number(length))) - 1n };
}

/** The prefix's own address, which every router of its link answers to (RFC 4291: subnet-router anycast). */
export const networkAddress6 = (prefix: string): string => prefix.split('/')[0] ?? '';

/** Is `inner` (prefix or address) wholly inside `outer`? A prefix is inside itself. */
export function inside6(inner: string, outer: string): boolean {
  const a = range(inner);
  const b = range(outer);
  return a.first >= b.first && a.last <= b.last;
}

export function overlaps6(one: string, other: string): boolean {
  const a = range(one);
  const b = range(other);
  return a.first <= b.last && b.first <= a.last;
}
