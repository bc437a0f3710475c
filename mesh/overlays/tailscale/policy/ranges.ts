import ipaddr from 'ipaddr.js';

/**
 * Addresses as ranges in one number space: IPv4 below 2^32, IPv6 above 2^128. Inclusive; lists are ascending and disjoint where a
 * function says so.
 */
export type Range = readonly [first: bigint, last: bigint];
export type Family = 4 | 6;

const V6 = 1n << 128n;
/** Every address. */
export const EVERY: readonly Range[] = [
  [0n, (1n << 32n) - 1n],
  [V6, V6 + (1n << 128n) - 1n],
];

export const familyOf = (address: bigint): Family => (address < V6 ? 4 : 6);

/** An address, a prefix (`10.77.10.0/24`) or a range (`10.0.0.1-10.0.0.9`); a text is what is wrong with it, undefined: none of these. */
export function parseRange(text: string): Range | string | undefined {
  const [low = '', high, ...more] = text.split('-');
  if (high !== undefined) {
    const [first, last] = [addressNumber(low.trim()), addressNumber(high.trim())];
    if (first === undefined || last === undefined || more.length > 0) return undefined;
    if (familyOf(first) !== familyOf(last)) return 'is a range from one family of addresses into the other';
    return first <= last ? [first, last] : 'is a range whose end lies before its start';
  }
  const [address = '', length, ...rest] = text.split('/');
  const first = addressNumber(address);
  if (first === undefined || rest.length > 0) return undefined;
  if (length === undefined) return [first, first];
  const bits = familyOf(first) === 4 ? 32 : 128;
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)
    return `has a prefix length that is not from 0 to ${bits}`;
  const size = 1n << BigInt(bits - Number(length));
  // 2^128, where IPv6 begins, is a multiple of every size.
  const beyond = first % size;
  if (beyond !== 0n) return `has host bits set; the prefix is ${addressText(first - beyond)}/${length}`;
  return [first, first + size - 1n];
}

/** The number of an address; undefined when the text is none. IPv4 in the full dotted form only, no zones. */
export function addressNumber(text: string): bigint | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return bytesNumber(ipaddr.IPv4.parse(text).toByteArray());
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return V6 + bytesNumber(ipaddr.IPv6.parse(text).toByteArray());
}

const bytesNumber = (bytes: readonly number[]): bigint => {
  let sum = 0n;
  for (const byte of bytes) sum = (sum << 8n) | BigInt(byte);
  return sum;
};

function addressText(address: bigint): string {
  const bytes = (value: bigint, count: number): number[] =>
    Array.from({ length: count }, (_, index) => Number((value >> BigInt(8 * (count - 1 - index))) & 255n));
  return familyOf(address) === 4
    ? new ipaddr.IPv4(bytes(address, 4)).toString()
    : new ipaddr.IPv6(bytes(address, 16)).toRFC5952String();
}

/** `10.77.10.2`, `10.77.10.0/24`, or `10.0.0.1-10.0.0.9` where no prefix says it. */
export function rangeText([first, last]: Range): string {
  if (first === last) return addressText(first);
  const size = last - first + 1n;
  const bits = size.toString(2).length - 1;
  if (size === 1n << BigInt(bits) && first % size === 0n)
    return `${addressText(first)}/${(familyOf(first) === 4 ? 32 : 128) - bits}`;
  return `${addressText(first)}-${addressText(last)}`;
}

/** Ascending, disjoint, neighbours joined. */
export function joined(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const [first, last] of [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    const previous = out.at(-1);
    if (previous !== undefined && first <= previous[1] + 1n && familyOf(first) === familyOf(previous[1]))
      out[out.length - 1] = [previous[0], previous[1] > last ? previous[1] : last];
    else out.push([first, last]);
  }
  return out;
}

/** What of `ranges` is not in `taken`; ascending and disjoint. */
export function without(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  return joined(taken).reduce<Range[]>(
    (left, [from, to]) =>
      left.flatMap(([first, last]): Range[] =>
        to < first || from > last
          ? [[first, last]]
          : [...(first < from ? [[first, from - 1n] as const] : []), ...(to < last ? [[to + 1n, last] as const] : [])],
      ),
    joined(ranges),
  );
}

export const within = ([first, last]: Range, [from, to]: Range): boolean => first >= from && last <= to;
export const overlap = ([first, last]: Range, [from, to]: Range): boolean => first <= to && from <= last;

/** Of the prefixes below. */
const prefix = (text: string): Range => parseRange(text) as Range;

/** What nodes of a tailnet have addresses in. */
export const TAILNET: readonly Range[] = ['100.64.0.0/10', 'fd7a:115c:a1e0::/48'].map(prefix);

/** Addresses that are nobody's on the internet. */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '127.0.0.0/8',
  '0.0.0.0/8',
  '224.0.0.0/3',
  '100.64.0.0/10',
].map(prefix);
/** What `autogroup:internet` stands for: public IPv4, and of IPv6 what is routed globally. */
export const INTERNET: readonly Range[] = without([prefix('0.0.0.0/0'), prefix('2000::/3')], PRIVATE);
