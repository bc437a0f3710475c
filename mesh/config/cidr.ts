import ipaddr from 'ipaddr.js';

/**
 * All address arithmetic of the mesh. Prefixes and addresses are canonical text everywhere else: `10.77.10.0/24`,
 * `10.77.10.2`. Functions that take a prefix or an address expect one that passed `isPrefix` or `isAddress`
 * and throw on others, since that is a bug of the caller.
 */

/** A dotted quad without leading zeros; nothing that inet_aton would also take (`10.1`, `0x0a…`). */
export const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) && ipaddr.IPv4.parse(text).toString() === text;

/** An IPv4 prefix with every host bit zero. */
export const isPrefix = (text: string): boolean => prefixFault(text) === undefined;

/** What keeps a text from being an IPv4 prefix, or undefined. The network address is named when only host bits are set. */
export function prefixFault(text: string): string | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isAddress(address) || !/^(0|[1-9]\d?)$/.test(length) || Number(length) > 32)
    return 'is not an IPv4 prefix';
  const network = ipaddr.IPv4.networkAddressFromCIDR(text).toString();
  return network === address ? undefined : `has host bits set; the prefix is ${network}/${length}`;
}

/** IPv4 or IPv6 prefix with every host bit zero: what cloud firewalls take as a source. */
export function isSourcePrefix(text: string): boolean {
  if (isPrefix(text)) return true;
  if (!text.includes(':') || !ipaddr.IPv6.isValidCIDR(text)) return false;
  const [address] = ipaddr.IPv6.parseCIDR(text);
  return address.toString() === ipaddr.IPv6.networkAddressFromCIDR(text).toString();
}

/** Of checked text, so without the library's parser: it took half of the time that thousands of hosts need. */
const toNumber = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

function range(prefix: string): { first: number; last: number } {
  const [address = '', length = ''] = prefix.split('/');
  const first = toNumber(address);
  return { first, last: first + 2 ** (32 - Number(length)) - 1 };
}

export const prefixLength = (prefix: string): number => Number(prefix.split('/')[1]);
export const networkAddress = (prefix: string): string => toAddress(range(prefix).first);
export const broadcastAddress = (prefix: string): string => toAddress(range(prefix).last);
/** The first address that a host could have: `10.77.0.0/16` → `10.77.0.1`. */
export const firstHost = (prefix: string): string => toAddress(range(prefix).first + 1);

/** Is `inner` (prefix or address) wholly inside `outer`? A prefix is inside itself. */
export function inside(inner: string, outer: string): boolean {
  const a = range(inner.includes('/') ? inner : `${inner}/32`);
  const b = range(outer);
  return a.first >= b.first && a.last <= b.last;
}

export function overlaps(one: string, other: string): boolean {
  const a = range(one);
  const b = range(other);
  return a.first <= b.last && b.first <= a.last;
}

/** Numeric order, so that 10.77.9.0 comes before 10.77.10.0. */
export const compareAddresses = (a: string, b: string): number =>
  range(a.includes('/') ? a : `${a}/32`).first - range(b.includes('/') ? b : `${b}/32`).first;
