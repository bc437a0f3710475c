import { nearest } from './nearest.ts';
import { joined, parseRange, without, type Range } from './ranges.ts';
import type { Entry, Reader, Spot } from './reader.ts';

/** What selectors of a policy may name. */
export interface Names {
  groups: ReadonlyMap<string, readonly string[]>;
  hosts: ReadonlyMap<string, readonly Range[]>;
  ipsets: ReadonlyMap<string, readonly Range[]>;
  tagOwners: ReadonlyMap<string, readonly string[]>;
  /** Posture → what it asserts. */
  postures: ReadonlyMap<string, string>;
}

/** Own control servers have logins without a domain (`ada@`). */
export const isLogin = (text: string): boolean => /^[^\s:@*]+@[^\s:@*]*$/.test(text);
export const isTag = (text: string): boolean => /^tag:[A-Za-z][A-Za-z0-9-]*$/.test(text);

/** @param emptyGroups whether a group of nobody is a fault: in a text to be pushed it is a slip, in force it is a fact */
export function readGroups(
  reader: Reader,
  section: Spot | undefined,
  emptyGroups: 'fault' | 'taken',
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { key, value, at } of reader.mapping(section)) {
    if (!/^group:[^\s]+$/.test(key)) reader.fault(at, 'is no name of a group: write "group:NAME"');
    const members = reader.strings(value).flatMap(({ text, spot }) => {
      if (isLogin(text)) return [text];
      const nested = text.startsWith('group:') || text.startsWith('autogroup:');
      reader.fault(
        spot,
        nested
          ? `${text}: a group holds people, not other groups: name its people`
          : `${JSON.stringify(text)} is no login: write name@example.com`,
      );
      return [];
    });
    if (value.node.type === 'array' && value.node.children?.length === 0 && emptyGroups === 'fault')
      reader.fault(value, `${key} has nobody in it: name somebody, or remove the group and what names it`);
    groups.set(key, [...new Set(members)]);
  }
  return groups;
}

export function readHosts(reader: Reader, section: Spot | undefined): Map<string, readonly Range[]> {
  const hosts = new Map<string, readonly Range[]>();
  for (const { key, value, at } of reader.mapping(section)) {
    if (key === '' || /[@:*\s/,]/.test(key))
      reader.fault(at, 'is no name of a host: it may not contain "@", ":", "*", "/", "," or blanks');
    const text = reader.string(value);
    // Known all the same: what names it is not at fault.
    hosts.set(key, []);
    if (text === undefined) continue;
    const range = parseRange(text);
    if (range === undefined) reader.fault(value, `${JSON.stringify(text)} is no address and no prefix`);
    else if (typeof range === 'string') reader.fault(value, `${text} ${range}`);
    else hosts.set(key, [range]);
  }
  return hosts;
}

/** Sets in sets: who reads them calls itself for each. */
const DEEPEST = 100;

/** Sets of addresses: `add` (or nothing) and `remove` before an address, a prefix, a range, an alias or another set; in order. */
export function readIpsets(
  reader: Reader,
  section: Spot | undefined,
  hosts: ReadonlyMap<string, readonly Range[]>,
): Map<string, readonly Range[]> {
  const written = new Map(reader.mapping(section).map((entry) => [entry.key, entry]));
  const done = new Map<string, readonly Range[]>();
  const read = ({ key: name, value, at }: Entry, open: readonly string[]): readonly Range[] => {
    const known = done.get(name);
    if (known !== undefined) return known;
    if (!/^ipset:[^\s]+$/.test(name)) reader.fault(at, 'is no name of a set: write "ipset:NAME"');
    let ranges: readonly Range[] = [];
    for (const { text, spot } of reader.strings(value)) {
      const [, verb, operand = ''] = /^(?:(add|remove)\s+)?(\S+)$/.exec(text.trim()) ?? [];
      const target = operand.replace(/^host:/, '');
      const other = written.get(target);
      const found =
        other === undefined ? (hosts.get(target) ?? parseRange(target)) : inner(other, spot, [...open, name]);
      if (found === undefined || typeof found === 'string') {
        reader.fault(
          spot,
          `${JSON.stringify(text)} ${found ?? 'is no address, alias or set: write "add 10.0.0.0/24" or "remove 10.0.0.7"'}`,
        );
        continue;
      }
      const operands = isRange(found) ? [found] : found;
      ranges = verb === 'remove' ? without(ranges, operands) : joined([...ranges, ...operands]);
    }
    done.set(name, ranges);
    return ranges;
  };
  const inner = (entry: Entry, spot: Spot, open: readonly string[]): readonly Range[] => {
    const circle = open.includes(entry.key);
    if (!circle && open.length <= DEEPEST) return read(entry, open);
    reader.fault(
      spot,
      circle
        ? `${entry.key} contains itself (${[...open, entry.key].join(' → ')}): break the circle`
        : `${entry.key} is a set in a set, and so on more than ${DEEPEST} times: name addresses instead`,
    );
    return [];
  };
  for (const entry of written.values()) read(entry, []);
  return done;
}

function isRange(found: Range | readonly Range[]): found is Range {
  const [first] = found;
  return typeof first === 'bigint';
}

/** Who may give which tag; an empty list is "admins", and what owns may be a person, a group, an autogroup or another tag. */
export function readTagOwners(
  reader: Reader,
  section: Spot | undefined,
  groups: ReadonlyMap<string, unknown>,
): Map<string, string[]> {
  const entries = reader.mapping(section);
  const tags = new Set(entries.map(({ key }) => key));
  return new Map(
    entries.map(({ key, value, at }) => {
      if (!isTag(key))
        reader.fault(at, 'is no name of a tag: write "tag:NAME", a letter first, then letters, digits and dashes');
      const owners = reader.strings(value).map(({ text, spot }) => {
        const problem = approverProblem(text, groups, tags);
        if (problem !== undefined) reader.fault(spot, problem);
        return text;
      });
      return [key, owners];
    }),
  );
}

/** What keeps a text from owning tags or approving routes. */
export function approverProblem(
  text: string,
  groups: ReadonlyMap<string, unknown>,
  tags: ReadonlySet<string>,
): string | undefined {
  if (text.startsWith('group:'))
    return groups.has(text) ? undefined : undefinedName('group', text, [...groups.keys()], 'groups');
  if (text.startsWith('tag:')) return tags.has(text) ? undefined : undefinedName('tag', text, [...tags], 'tagOwners');
  if (/^autogroup:[a-z-]+$/.test(text) || isLogin(text)) return undefined;
  return `${JSON.stringify(text)}: only people, groups, autogroups and tags can stand here`;
}

/** What a posture asserts, as one text: equal texts ask for the same. */
export function readPostures(reader: Reader, section: Spot | undefined): Map<string, string> {
  return new Map(
    reader.mapping(section).map(({ key, value }) => [
      key,
      reader
        .strings(value)
        .map(({ text }) => text)
        .join(' and '),
    ]),
  );
}

/** `tag:dbb is in no tagOwners …: did you mean tag:db?` */
export function undefinedName(what: string, name: string, known: readonly string[], section: string): string {
  const near = nearest(name, known);
  const problem =
    what === 'tag' ? `${name} has no owner: no entry of tagOwners is for it` : `no ${what} is called ${name}`;
  return `${problem}; ${near === undefined ? `add it to ${section}` : `did you mean ${near}?`}`;
}
