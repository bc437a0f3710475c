import { EVERY, INTERNET, parseRange, TAILNET, type Range } from './ranges.ts';
import type { Policy, Selector } from './types.ts';
import type { World } from './world.ts';

/** Somebody or something that can stand on a side of a connection. Equal keys are the same one in two revisions. */
export type Entity = { key: string; label: string; of?: string } & (
  | { kind: 'node'; name: string }
  /** Every device of a person, by login. */
  | { kind: 'person'; name: string }
  /** Whoever there may be besides who is named: of a role, of a domain, with a tag that no node carries, or anybody at all. */
  | { kind: 'others'; name?: string; tagged: boolean }
  | { kind: 'lan-host'; name: string; site: string }
  /** Addresses between which no rule tells a difference. `of`: the name of what they are a part of, and `whole` its range. */
  | { kind: 'addresses'; name?: undefined; range: Range; of: string; whole: Range }
  | { kind: 'service'; name: string }
);

/** A policy and the world it is held against. */
export interface Revision {
  policy: Policy;
  world: World;
}

/** Several, of whom one may be permitted to reach another. */
export const isMany = (one: Entity): boolean => one.kind === 'person' || one.kind === 'others';

/** People, who have devices of their own. */
export const hasDevices = (one: Entity): boolean => isMany(one) && !isTagged(one);

export const isTagged = (one: Entity): boolean => one.kind === 'others' && one.tagged;

/** Everybody and everything that one of the revisions knows, in the order in which they are told. */
export function universe(revisions: readonly Revision[]): Entity[] {
  const selectors = revisions.flatMap(({ policy }) => selectorsOf(policy));
  const worlds = revisions.map(({ world }) => world);
  const nodes = new Set(worlds.flatMap((world) => world.nodes.map(({ name }) => name)));
  const all: Entity[] = [
    ...logins(revisions, selectors).map((name): Entity => ({
      kind: 'person',
      key: `person ${name}`,
      label: name,
      name,
    })),
    ...[...nodes].sort().map((name): Entity => ({ kind: 'node', key: `node ${name}`, label: name, name })),
    ...places(worlds, selectors),
    ...others(worlds, selectors),
  ];
  return [...new Map(all.map((one) => [one.key, one])).values()];
}

function selectorsOf({ rules = [], ssh }: Policy): Selector[] {
  const all = new Map<string, Selector>();
  for (const { src, dst } of [...rules, ...ssh]) for (const one of [...src, ...dst]) all.set(one.text, one);
  return [...all.values()];
}

function logins(revisions: readonly Revision[], selectors: readonly Selector[]): string[] {
  const all = new Set<string>();
  for (const { policy, world } of revisions) {
    for (const { login } of world.people) all.add(login);
    for (const { user, tags } of world.nodes) if (user !== undefined && tags.length === 0) all.add(user);
    for (const members of policy.groups.values()) for (const login of members) all.add(login);
  }
  for (const one of selectors) if (one.kind === 'user') all.add(one.login);
  return [...all].sort();
}

function others(worlds: readonly World[], selectors: readonly Selector[]): Entity[] {
  const carried = new Set(worlds.flatMap(({ nodes }) => nodes.flatMap(({ tags }) => tags)));
  const named = selectors.flatMap((one): Entity[] => {
    if (one.kind === 'tag' && !carried.has(one.tag))
      return [{ kind: 'others', key: one.tag, label: `${one.tag} (no node yet)`, name: one.tag, tagged: true }];
    if (one.kind === 'domain')
      return [{ kind: 'others', key: `domain ${one.domain}`, label: `anybody of ${one.domain}`, tagged: false }];
    if (one.kind === 'service') return [{ kind: 'service', key: one.text, label: one.text, name: one.text }];
    if (one.kind === 'autogroup' && !['member', 'tagged', 'self', 'danger-all'].includes(one.name))
      return [{ kind: 'others', key: `role ${one.name}`, label: one.text, name: one.text, tagged: false }];
    return [];
  });
  return [
    ...named.sort((a, b) => (a.key < b.key ? -1 : 1)),
    { kind: 'others', key: 'anybody', label: 'anybody else of the tailnet', tagged: false },
    { kind: 'others', key: ANY_TAGGED, label: 'any other tagged node', tagged: true },
  ];
}

export const ANY_TAGGED = 'any tagged node';

interface Named {
  range: Range;
  /** Who has all of it. */
  entity?: Entity;
  /** Else what a piece of it is called; neither: no address of its own, but nodes. */
  of?: string;
}

/** Addresses, cut wherever a rule or a LAN begins or ends; what lies in the tailnet's own ranges is nodes, unless a rule names it. */
function places(worlds: readonly World[], selectors: readonly Selector[]): Entity[] {
  const named: Named[] = [];
  for (const { lanHosts: hosts, lans } of worlds) {
    for (const { name, site, addresses } of hosts) {
      const entity: Entity = { kind: 'lan-host', key: `host ${name}`, label: name, name, site };
      for (const range of rangesOf(addresses)) named.push({ range, entity });
    }
    for (const { site, cidrs } of lans)
      for (const range of rangesOf(cidrs)) named.push({ range, of: `LAN of ${site}` });
  }
  const nodes = new Set(worlds.flatMap((world) => world.nodes.flatMap((one) => rangesOf(one.addresses).map(String))));
  for (const one of selectors) {
    if (one.kind !== 'addresses' || one.text === 'autogroup:internet') continue;
    for (const range of one.ranges) if (!nodes.has(String(range))) named.push({ range, of: one.text });
  }
  const background: Named[] = [
    ...INTERNET.map((range) => ({ range, of: 'the internet' })),
    ...EVERY.map((range) => ({ range, of: 'other addresses' })),
  ];
  // The tailnet's own ranges first: what equals them names every node, and no address besides.
  const members = TAILNET.map((range): Named => ({ range }));
  const entities = cut([...members, ...named, ...background]).flatMap(({ range, by }) => {
    if (by.entity !== undefined) return [by.entity];
    return by.of === undefined ? [] : [part(range, by.of, by.range)];
  });
  return [...new Map(entities.map((one) => [one.key, one])).values()];
}

const part = (range: Range, of: string, whole: Range): Entity => ({
  kind: 'addresses',
  key: `addresses ${range.join('-')}`,
  label: of,
  range,
  of,
  whole,
});

export const rangesOf = (texts: readonly string[]): Range[] =>
  texts.flatMap((text) => {
    const range = parseRange(text);
    return range === undefined || typeof range === 'string' ? [] : [range];
  });

/** The elementary pieces of all ranges, each with the smallest range that it lies in; the first of equally small ones. */
function cut(all: readonly Named[]): { range: Range; by: Named }[] {
  const starts = [...all].sort(({ range: [a] }, { range: [b] }) => Number(a - b));
  const cuts = [...new Set(all.flatMap(({ range: [first, last] }) => [first, last + 1n]))].sort((a, b) =>
    Number(a - b),
  );
  const pieces: { range: Range; by: Named }[] = [];
  let active: Named[] = [];
  let next = 0;
  cuts.reduce((from, to) => {
    active = active.filter(({ range }) => range[1] >= from);
    for (let one = starts[next]; one !== undefined && one.range[0] <= from; one = starts[++next]) active.push(one);
    const smallest = active.reduce<Named | undefined>(
      (best, one) => (best === undefined || size(one) < size(best) ? one : best),
      undefined,
    );
    if (smallest !== undefined) pieces.push({ range: [from, to - 1n], by: smallest });
    return to;
  });
  return pieces;
}

const size = ({ range: [first, last] }: Named): bigint => last - first;
