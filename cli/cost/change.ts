import type { Bill, HostCost } from './bill.ts';
import { sum, type Sum } from './money.ts';

/** A host that costs something else than before, or is bought somewhere else. */
export interface Change {
  host: string;
  before?: HostCost;
  after?: HostCost;
}

export interface Difference {
  /** Sorted by host. */
  changes: Change[];
  /** Without tax, a month, by currency; currencies in which nothing changes are left out. */
  net: Sum;
}

/**
 * What a change of the stack does to its bill, both at today's prices.
 * @param uncounted hosts that had no price before: they are neither new nor dearer
 */
export function difference(before: Bill, after: Bill, uncounted: readonly string[] = []): Difference {
  const olds = byHost(before);
  const news = byHost(after);
  const changes = [...new Set([...olds.keys(), ...news.keys()])].sort().flatMap((host): Change[] => {
    const [old, now] = [olds.get(host), news.get(host)];
    if (uncounted.includes(host)) return [];
    if (old !== undefined && now !== undefined && bought(old) === bought(now)) return [];
    return [{ host, ...(old && { before: old }), ...(now && { after: now }) }];
  });
  const amounts = changes.flatMap((change) => [
    ...(change.before ? [{ currency: change.before.currency, value: -change.before.net }] : []),
    ...(change.after ? [{ currency: change.after.currency, value: change.after.net }] : []),
  ]);
  return { changes, net: new Map([...sum(amounts)].filter(([, value]) => value !== 0n)) };
}

const byHost = ({ sites }: Bill): Map<string, HostCost> =>
  new Map(sites.flatMap(({ hosts }) => hosts).map((host) => [host.host, host]));

const bought = ({ cloud, location, type, currency, net }: HostCost): string =>
  [cloud, location, type, currency, net].join(' ');
