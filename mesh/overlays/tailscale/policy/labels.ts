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
  // Of a LAN the addresses are not told.
  const labels = new Map(entities.flatMap((one) => (one.kind === 'addresses' ? [] : [[one.key, one.label]])));
  const pieces = Map.groupBy(entities, ({ of }) => of);
  const owners = new Map(
    revisions.flatMap(({ world }) =>
      world.nodes.flatMap(({ name, user, tags }) => (tags.length > 0 ? [] : [[`node ${name}`, `person ${user}`]])),
    ),
  );
  return (all, hints = NO_HINTS) => {
    const wanted = new Set<string | undefined>(all.map(({ key }) => key));
    // A device goes without saying where its owner is named.
    const some = all.filter(({ key }) => !wanted.has(owners.get(key)));
    const whole = sets.filter(({ keys }) => [...keys].every((key) => wanted.has(key)));
    const left = new Set<string | undefined>(wanted);
    const found: Label[] = [];
    for (const { key: one } of some) {
      if (!left.has(one)) continue;
      const set = best(
        whole.filter(({ keys }) => keys.has(one)),
        left,
        hints,
      );
      if (set === undefined) continue;
      for (const key of set.keys) left.delete(key);
      found.push({ name: set.name, members: [...set.keys].flatMap((key) => labels.get(key) ?? []) });
    }
    return [
      ...found,
      ...single(
        some.filter(({ key }) => left.has(key)),
        pieces,
      ),
    ];
  };
}

const NO_HINTS: ReadonlySet<string> = new Set();

/** One that a rule names, else the one that names most of what is left; a name for one node more is the node's own. */
function best(
  sets: readonly NamedSet[],
  left: ReadonlySet<string | undefined>,
  hints: ReadonlySet<string>,
): NamedSet | undefined {
  const fitting = sets.flatMap((set) => {
    const said = set.selector !== undefined && hints.has(set.selector);
    const open = [...set.keys].filter((key) => left.has(key)).length;
    return open > 1 || (said && set.keys.size === 1) ? [{ set, said, open }] : [];
  });
  const [found] = fitting.sort((a, b) => Number(b.said) - Number(a.said) || b.open - a.open);
  return found?.set;
}

/** By name. */
function namedSets(
  entities: readonly Entity[],
  revisions: readonly Revision[],
  rename: (tag: string) => string | undefined,
): NamedSet[] {
  const sets: NamedSet[] = [];
  const add = (name: string, all: readonly string[], least: number, selector?: string): void => {
    const keys = new Set(all);
    // The same name in both revisions may stand for different sets; each is named where it fits.
    if (keys.size >= least) sets.push({ name, keys, selector });
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
  return sets.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Pieces of one name together; with their ranges where they are not all of it. */
function single(some: readonly Entity[], pieces: Pieces): Label[] {
  return [...Map.groupBy(some, ({ label }) => label)].map(([name, all]) => {
    const addresses = all.filter((one) => one.kind === 'addresses');
    const ranges = isWhole(name, addresses, pieces) ? [] : joined(addresses.map(({ range }) => range)).map(rangeText);
    return { name, members: ranges.length > FEW ? ['a part of it'] : ranges };
  });
}

type Addresses = Extract<Entity, { kind: 'addresses' }>;
/** By the name of what they are pieces of. */
type Pieces = ReadonlyMap<string | undefined, readonly Entity[]>;

/** A LAN is whole without its hosts, who have names of their own; so is what is left beside all names. */
function isWhole(name: string, all: readonly Addresses[], pieces: Pieces): boolean {
  if (all.length !== pieces.get(name)?.length) return false;
  const text = (ranges: readonly Range[]): string => joined(ranges).map(rangeText).join();
  return (
    /^(?:LAN of |the internet$|other addresses$)/.test(name) ||
    text(all.map(({ range }) => range)) === text(all.map(({ whole }) => whole))
  );
}

const FEW = 3;

/** `group:sre (grace@example.com)`, `tag:router (6)`. */
export function labelText({ name, members: all }: Label): string {
  if (all.length === 0) return name;
  return `${name} (${all.length > FEW ? all.length : all.join(', ')})`;
}
