import { memberChanges } from './joiners.ts';
import { given, type Permission } from './permission.ts';
import { minus, portTexts } from './ports.ts';
import type { PortSet } from './ports.ts';

/**
 * Who gains and who loses what between two revisions, one sentence each, losses first because they are what breaks
 * things: `group:platform loses tcp/22 on fra-db-01 (…)`, `group:platform gains tcp/5432 on fra-db-01 (…)`.
 * Ports are compared as sets over all entries of a pair, so splitting a rule or giving another reason is no change.
 * Independent of the order of entries.
 */
export function accessChanges(olds: readonly Permission[], news: readonly Permission[]): string[] {
  const before = byPair(olds);
  const after = byPair(news);
  const pairs = [...new Map([...before, ...after]).keys()].sort();
  const sentences = (verb: string, left: Map<string, Pair>, right: Map<string, Pair>): string[] =>
    pairs.flatMap((key) => {
      const pair = left.get(key);
      if (pair === undefined) return [];
      const changed = minus(pair.ports, right.get(key)?.ports ?? new Map<string, never>());
      const ports = portTexts(changed);
      return ports.length === 0
        ? []
        : [`${pair.from} ${agree(pair.from, verb)} ${ports.join(', ')} on ${pair.to} (${reasons(pair, changed)})`];
    });
  const members = memberChanges(olds, news);
  return [
    ...sentences('loses', before, after),
    ...members.losses,
    ...sentences('gains', after, before),
    ...members.gains,
  ];
}

/** `group:sre gains`, but `routers of eu-fra gain`. */
function agree(subject: string, verb: string): string {
  return /^[a-z]+s of /.test(subject) ? verb.slice(0, -1) : verb;
}

interface Pair {
  from: string;
  to: string;
  ports: PortSet;
  entries: readonly Permission[];
}

/** Of the entries that give some of these ports; a pair's other entries have nothing to do with the change. */
function reasons({ entries }: Pair, changed: PortSet): string {
  const all = portTexts(changed).join();
  const concerned = entries.filter((entry) => portTexts(minus(changed, given([entry]))).join() !== all);
  return [...new Set(concerned.map(({ why }) => why))].sort().join('; ');
}

function byPair(entries: readonly Permission[]): Map<string, Pair> {
  const grouped = new Map<string, Omit<Pair, 'ports'>>();
  for (const entry of entries) {
    const { from, to } = entry;
    const key = JSON.stringify([from, to]);
    grouped.set(key, { from, to, entries: [...(grouped.get(key)?.entries ?? []), entry] });
  }
  return new Map([...grouped].map(([key, pair]) => [key, { ...pair, ports: given(pair.entries) }]));
}
