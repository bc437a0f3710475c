/** An IP address as a number with its family: what prefixes and ranges are compared by. */
export interface Address {
  family: 4 | 6;
  value: bigint;
}

/** First and last address, both in it. */
export interface Span {
  first: Address;
  last: Address;
}

/** @throws Error when the text is no IP address */
export function address(text: string): Address {
  return text.includes(':') ? { family: 6, value: value6(text) } : { family: 4, value: value4(text) };
}

/** An address (`10.77.10.2`), a prefix (`10.77.10.0/24`) or a range (`100.64.0.1-100.64.0.9`). @throws Error on another text */
export function span(text: string): Span {
  if (text.includes('-')) {
    const [first = '', last = ''] = text.split('-');
    return { first: address(first), last: address(last) };
  }
  const [base = '', length] = text.split('/');
  const { family, value } = address(base);
  const bits = family === 4 ? 32 : 128;
  const free = BigInt(bits - Number(length ?? bits));
  const first = (value >> free) << free;
  return { first: { family, value: first }, last: { family, value: first + (1n << free) - 1n } };
}

export const isIn = ({ family, value }: Address, { first, last }: Span): boolean =>
  family === first.family && value >= first.value && value <= last.value;

/** Whether a text is an address, a prefix or a range. */
export const isSpan = (text: string): boolean =>
  /^[0-9.]+([/-][0-9.]+)?$|^[0-9a-f:.]*:[0-9a-f:.]*([/-][0-9a-f:.]+)?$/i.test(text);

/** The address after (or, with -1n, before) another one. */
export function beside({ family, value }: Address, step: bigint): string {
  const moved = value + step;
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((moved >> shift) & 255n)).join('.');
  return Array.from({ length: 8 }, (_, n) => ((moved >> BigInt(112 - 16 * n)) & 0xffffn).toString(16)).join(':');
}

function value4(text: string): bigint {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    throw new Error(`no IPv4 address: ${text}`);
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function value6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const groups = (side: string): string[] => (side === '' ? [] : side.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const gap = 8 - before.length - after.length;
  if (text.split('::').length > 2 || (tail === undefined ? gap !== 0 : gap < 1))
    throw new Error(`no IPv6 address: ${text}`);
  const all = [...before, ...Array.from({ length: gap }, () => '0'), ...after];
  if (all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) throw new Error(`no IPv6 address: ${text}`);
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
