/** A set of ports per protocol, as disjoint ascending ranges: what `tcp/22`, `tcp/8000-8080`, `tcp/*` and `icmp/*` mean together. */
export type PortSet = ReadonlyMap<string, readonly Range[]>;
type Range = readonly [first: number, last: number];

const LAST = 65_535;
const ALL: Range = [0, LAST];

/** Reads access ports. A text of another form is a protocol of its own, so that it is never silently dropped. */
export function portSet(ports: readonly string[]): PortSet {
  const raw = new Map<string, Range[]>();
  for (const port of ports) {
    const { protocol, range } = parse(port);
    raw.set(protocol, [...(raw.get(protocol) ?? []), range]);
  }
  return new Map([...raw].map(([protocol, ranges]) => [protocol, merge(ranges)]));
}

/** What is in `left` and not in `right`. */
export function minus(left: PortSet, right: PortSet): PortSet {
  const rest = new Map<string, readonly Range[]>();
  for (const [protocol, ranges] of left) {
    const kept = (right.get(protocol) ?? []).reduce<Range[]>(
      (parts, [first, last]) => parts.flatMap((part) => cut(part, first, last)),
      [...ranges],
    );
    if (kept.length > 0) rest.set(protocol, kept);
  }
  return rest;
}

/** Whether all of one access port, or of its range, is in a set. */
export function covers(set: PortSet, port: string): boolean {
  return minus(portSet([port]), set).size === 0;
}

/** The lowest and the highest single port of an access port: what a test of a range can name. */
export function ends(port: string): string[] {
  const { protocol, range } = parse(port);
  return [...new Set(range)].map((number) => `${protocol}/${number}`);
}

/** Back to access ports, by protocol, then number. */
export function portTexts(set: PortSet): string[] {
  return [...set]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([protocol, ranges]) => ranges.map(([first, last]) => text(protocol, first, last)));
}

/** By protocol, then number: tcp/443 before tcp/5432. */
export const sortedPorts = (ports: readonly string[]): string[] =>
  ports.toSorted((a, b) => {
    const [one, other] = [parse(a), parse(b)];
    return compare(one.protocol, other.protocol) || one.range[0] - other.range[0] || compare(a, b);
  });

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function parse(port: string): { protocol: string; range: Range } {
  const match = /^([a-z0-9]+)\/(?:(\*)|(\d{1,5})(?:-(\d{1,5}))?)$/.exec(port);
  const [, protocol = port, any, first, last = first] = match ?? [];
  const range: Range = any === undefined ? [Number(first), Number(last)] : ALL;
  // No match: neither is a number, and no comparison of those holds.
  return range[0] <= range[1] && range[1] <= LAST ? { protocol, range } : { protocol: port, range: ALL };
}

function text(protocol: string, first: number, last: number): string {
  if (!/^[a-z0-9]+$/.test(protocol)) return protocol;
  if (first === 0 && last === LAST) return `${protocol}/*`;
  return first === last ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
}

function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1)
      merged[merged.length - 1] = [previous[0], Math.max(previous[1], last)];
    else merged.push([first, last]);
  }
  return merged;
}

function cut([first, last]: Range, from: number, to: number): Range[] {
  if (to < first || from > last) return [[first, last]];
  const parts: Range[] = [];
  if (first < from) parts.push([first, from - 1]);
  if (to < last) parts.push([to + 1, last]);
  return parts;
}
