/** What the kernel shall have for a world: namespaces, what is set in each, and the cables between them. Plain data. */
export interface Layout {
  namespaces: Namespace[];
  cables: Cable[];
}

export interface Namespace {
  name: string;
  /** Another value makes it a new, empty namespace. */
  generation: string;
  /** Below /proc/sys/net, written once, when it is made. */
  sysctls: Record<string, string>;
  /** In the order in which they are set. */
  settings: Setting[];
  /** A whole file for `nft -f`: replaces all rules at once. */
  nft: string;
}

/** One thing that `ip -batch` sets. */
export interface Setting {
  /** What it is about; the same key with another `add` replaces the setting. */
  key: string;
  add: string;
  /** Undefined: it goes with its device. */
  remove?: string;
  /** It is gone when this device is. */
  device?: string;
}

/** A veth pair. `inner` is what a machine sees of it. */
export interface Cable {
  outer: CableEnd;
  inner: CableEnd;
  /** Bytes, both ends. */
  mtu: number;
}

export interface CableEnd {
  namespace: string;
  name: string;
  mac: string;
}

/** The device through which packets between sites with link settings go; `box.py` makes it. */
export const BOX_DEVICE = 'box';

/** nft's notation of a set, for the right side of a match. */
export const nftSet = (elements: readonly string[]): string => `{ ${[...new Set(elements)].join(', ')} }`;

/** Lines of nft that only make sense with elements. */
export const ifAny = (elements: readonly string[], line: (set: string) => string): string[] =>
  elements.length === 0 ? [] : [line(nftSet(elements))];

/** A table of base chains. `keep` (declarations of sets) survives what replaces the rest. */
export function nftTable(
  family: 'inet' | 'bridge' | 'arp',
  chains: readonly { name: string; hook: string; lines: readonly string[] }[],
  keep: readonly string[] = [],
): string {
  const table = `table ${family} lab`;
  const bodies = chains.map(({ name, hook, lines }) =>
    [`chain ${name} {`, `type ${hook}; policy accept;`, ...lines, '}'].join('\n'),
  );
  const reset =
    keep.length === 0 ? [table, `delete ${table}`] : [[`${table} {`, ...keep, '}'].join('\n'), `flush ${table}`];
  return [...reset, [`${table} {`, ...bodies, '}'].join('\n'), ''].join('\n');
}
