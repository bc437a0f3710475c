import { joined, rangeText, type Range } from './ranges.ts';
import type { Entity, Revision } from './universe.ts';

/** Some entities as people name them. */
export interface Label {
  /** `group:sre`, `tag:router`, `LAN of eu-fra`, `fra-db-01`. */
  name: string;
  /** Who that is, where the name stands for several. */
  members: string[];
}

interface NamedSet {
  name: string;
  /** What rules call it; absent where they have no word for it. */
  selector?: string;
  keys: ReadonlySet<string>;
}

/**
 * Names some entities; `hints`: selectors of the rules that it is about, whose names are taken first. A group of one is named by its person
 * unless a rule says the group.
 */
export type Labeller = (some: readonly Entity[], hints?: ReadonlySet<string>) => Label[];

/**
 * Names for sets of entities: groups for people, tags for nodes, LANs for addresses, each only where all of it is in the set; what is
 * left is named one by one.
 * @param entities everybody of the universe
 * @param rename what readers call a tag: `tag:site-eu-fra` → `site:eu-fra`; undefined keeps it
 */
export function labeller(
  entities: readonly Entity[],
  revisions: readonly Revision[],
  rename: (tag: string) => string | undefined = () => undefined,
): Labeller {
  const sets = namedSets(entities, revisions, rename);
  const byKey = new Map<string, NamedSet[]>();
  for (const set of sets) for (const key of set.keys) byKey.set(key, [...(byKey.get(key) ?? []), set]);
  const known = new Map(entities.map((one) => [one.key, one]));
  const pieces = new Map<string, number>();
  for (const one of entities) if (one.kind === 'addresses') pieces.set(one.of, (pieces.get(one.of) ?? 0) + 1);
  const owners = new Map<string, string>(
    revisions.flatMap(({ world }) =>
      world.nodes.flatMap(({ name, user, tags }) =>
        user === undefined || tags.length > 0 ? [] : [[`node ${name}`, `person ${user}`] as const],
      ),
    ),
  );
  return (all, hints = NO_HINTS) => {
    const wanted = new Set(all.map(({ key }) => key));
    // A device goes without saying where its owner is named.
    const some = all.filter(({ key }) => !wanted.has(owners.get(key) ?? ''));
    const left = new Set(wanted);
    const labels: Label[] = [];
    for (const one of some) {
      if (!left.has(one.key)) continue;
      const set = best(byKey.get(one.key) ?? [], wanted, left, hints);
      if (set === undefined) continue;
      for (const key of set.keys) left.delete(key);
      labels.push({ name: set.name, members: members(set, known) });
    }
    return [
      ...labels,
      ...single(
        some.filter(({ key }) => left.has(key)),
        pieces,
      ),
    ];
  };
}

const NO_HINTS: ReadonlySet<string> = new Set();

/**
 * Of those that are wholly wanted one that a rule names, else the one that names most of what is left; a name for one node more is the
 * node's own.
 */
function best(
  sets: readonly NamedSet[],
  wanted: ReadonlySet<string>,
  left: ReadonlySet<string>,
  hints: ReadonlySet<string>,
): NamedSet | undefined {
  let found: NamedSet | undefined;
  let most = 0;
  let hinted = false;
  for (const set of sets) {
    const said = set.selector !== undefined && hints.has(set.selector);
    if ((hinted && !said) || (hinted === said && set.keys.size <= most)) continue;
    const keys = [...set.keys];
    const open = keys.filter((key) => left.has(key)).length;
    const enough = open > 1 || (said && keys.length === 1);
    if (enough && (open > most || said !== hinted) && keys.every((key) => wanted.has(key)))
      [found, most, hinted] = [set, open, said];
  }
  return found;
}

/** The largest first. */
function namedSets(
  entities: readonly Entity[],
  revisions: readonly Revision[],
  rename: (tag: string) => string | undefined,
): NamedSet[] {
  const sets = new Map<string, NamedSet>();
  const add = (name: string, keys: readonly string[], least: number, selector?: string): void => {
    const set = new Set(keys);
    // The same name in both revisions may stand for different sets; each is named where it fits.
    if (set.size >= least)
      sets.set(`${name} ${[...set].sort().join('|')}`, {
        name,
        keys: set,
        ...(selector !== undefined && { selector }),
      });
  };
  for (const { policy, world } of revisions) {
    for (const [group, logins] of policy.groups)
      add(
        group,
        logins.map((login) => `person ${login}`),
        1,
        group,
      );
    const tagged = new Map<string, string[]>();
    for (const { name, tags } of world.nodes)
      for (const tag of tags) tagged.set(tag, [...(tagged.get(tag) ?? []), `node ${name}`]);
    for (const [tag, keys] of tagged) add(rename(tag) ?? tag, keys, 2, tag);
  }
  const lans = new Map<string, string[]>();
  for (const one of entities) {
    const lan = one.kind === 'addresses' ? one.of : one.kind === 'lan-host' ? `LAN of ${one.site}` : undefined;
    if (lan?.startsWith('LAN of ') === true) lans.set(lan, [...(lans.get(lan) ?? []), one.key]);
  }
  for (const [name, keys] of lans) add(name, keys, 2);
  return [...sets.values()].sort((a, b) => b.keys.size - a.keys.size || (a.name < b.name ? -1 : 1));
}

/** Of a LAN the addresses are not told. */
const members = ({ keys }: NamedSet, known: ReadonlyMap<string, Entity>): string[] =>
  [...keys].flatMap((key) => {
    const one = known.get(key);
    return one === undefined || one.kind === 'addresses' ? [] : [one.label];
  });

/** Pieces of one name together; with their ranges where they are not all of it. */
function single(some: readonly Entity[], pieces: ReadonlyMap<string, number>): Label[] {
  const byName = new Map<string, Entity[]>();
  for (const one of some) byName.set(one.label, [...(byName.get(one.label) ?? []), one]);
  return [...byName].map(([name, all]) => {
    const addresses = all.filter((one) => one.kind === 'addresses');
    if (addresses.length === 0 || isWhole(name, addresses, pieces)) return { name, members: [] };
    const ranges = joined(addresses.map(({ range }) => range)).map(rangeText);
    return { name, members: ranges.length > FEW ? ['a part of it'] : ranges };
  });
}

type Addresses = Extract<Entity, { kind: 'addresses' }>;

/** A LAN is whole without its hosts, who have names of their own; so is what is left beside all names. */
function isWhole(name: string, all: readonly Addresses[], pieces: ReadonlyMap<string, number>): boolean {
  if (all.length !== pieces.get(name)) return false;
  const text = (ranges: readonly Range[]): string => joined(ranges).map(rangeText).join();
  return (
    /^(?:LAN of |the internet$|other addresses$)/.test(name) ||
    text(all.map(({ range }) => range)) === text(all.map(({ whole }) => whole))
  );
}

const FEW = 3;

/** `group:sre (grace@example.com)`, `tag:router (6)`. */
export function labelText({ name, members: all }: Label): string {
  if (all.length === 0 || (all.length === 1 && all[0] === name)) return name;
  return `${name} (${all.length > FEW ? all.length : all.join(', ')})`;
}
