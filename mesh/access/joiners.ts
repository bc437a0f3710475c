import { minus, portTexts } from './ports.ts';
import type { PortSet } from './ports.ts';
import { given, type Permission } from './permission.ts';

/**
 * What people gain or lose by joining or leaving a group whose rules stay: `lin@example.com gains tcp/5432 on fra-db-01
 * (now in group:platform)`; the same for LAN hosts and what they stand for as sources. What another group of theirs permits before or after is neither. Groups that appear or
 * vanish as a whole are not told here: the sentences about their rules say it.
 */
export function memberChanges(
  olds: readonly Permission[],
  news: readonly Permission[],
): { losses: string[]; gains: string[] } {
  return {
    losses: sentences(news, olds, 'loses', 'no longer in'),
    gains: sentences(olds, news, 'gains', 'now in'),
  };
}

/** People who are in a group of `there` but not in the same group of `here`. */
function sentences(here: readonly Permission[], there: readonly Permission[], verb: string, because: string): string[] {
  const before = membership(here);
  const told = [...membership(there)].flatMap(([group, people]) => {
    const former = before.get(group);
    if (former === undefined) return [];
    return [...people]
      .filter((person) => !former.has(person))
      .flatMap((person) => difference(person, group, here, there, verb, because));
  });
  return [...new Set(told)].sort();
}

function difference(
  person: string,
  group: string,
  here: readonly Permission[],
  there: readonly Permission[],
  verb: string,
  because: string,
): string[] {
  const ofGroup = there.filter(({ from }) => from === group);
  return [...new Set(ofGroup.map(({ to }) => to))].flatMap((host) => {
    const through = given(ofGroup.filter(({ to }) => to === host));
    const ports = portTexts(minus(through, reach(person, host, here)));
    return ports.length === 0 ? [] : [`${person} ${verb} ${ports.join(', ')} on ${host} (${because} ${group})`];
  });
}

function reach(person: string, host: string, entries: readonly Permission[]): PortSet {
  return given(entries.filter((entry) => entry.to === host && named(entry)?.includes(person)));
}

const named = ({ people, lan }: Permission): readonly string[] | undefined => people ?? lan?.hosts;

/** Group → people, of the entries that name people; LAN as a source → LAN hosts. */
function membership(entries: readonly Permission[]): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const entry of entries) {
    const people = named(entry);
    if (people !== undefined) groups.set(entry.from, new Set(people));
  }
  return groups;
}
