// Who and what a rule of a tailnet policy names, as far as "everybody" and "everything" go.
import { covers, interval, type Interval } from './addresses.ts';

/** The classes of selectors that stand for a whole tailnet, or for all of its people or servers. */
export type Breadth = 'every node' | 'every user' | 'every tagged node' | 'every user of a domain';

const BROAD: Readonly<Record<string, Breadth>> = {
  '*': 'every node',
  'autogroup:danger-all': 'every node',
  'autogroup:member': 'every user',
  'autogroup:members': 'every user',
  'autogroup:tagged': 'every tagged node',
};

/** What every node of a tailnet has an address in; a selector that covers one of them covers all nodes. */
const NODE_RANGES = ['100.64.0.0/10', 'fd7a:115c:a1e0::/48'].map((range) => interval(range));

/**
 * The class of a list of selectors; undefined when it leaves anybody out. Addresses are taken together, so that two
 * halves count as the whole.
 * @param selectors values of `src`, or of `dst` without ports
 * @param aliases what the names under `hosts` and `ipsets` stand for
 */
export function breadth(
  selectors: readonly string[],
  aliases: ReadonlyMap<string, readonly string[]>,
): Breadth | undefined {
  const values = selectors.flatMap((selector) => aliases.get(selector) ?? [selector]);
  const named = values.map((value) => BROAD[value]).find((found) => found !== undefined);
  if (named !== undefined) return named;
  if (values.some((value) => /^(user:)?\*@/.test(value))) return 'every user of a domain';
  const addresses = values.map(interval).filter((found) => found !== undefined);
  return NODE_RANGES.some((range) => range !== undefined && covers(addresses, range)) ? 'every node' : undefined;
}

/** True when port lists such as `*`, `22`, `80,443`, `1-1024` together leave no port out (0 aside, which nobody uses). */
export function allPorts(lists: readonly string[]): boolean {
  const ranges = lists
    .flatMap((list) => list.split(','))
    .map((part): Interval | undefined => {
      if (part.trim() === '*') return [0n, 65_535n];
      const [, low, high] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
      return low === undefined ? undefined : [BigInt(low), BigInt(high ?? low)];
    })
    .filter((range) => range !== undefined);
  return covers(ranges, [1n, 65_535n]);
}
