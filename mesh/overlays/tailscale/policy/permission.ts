import { minus, portSet, portTexts, type PortSet } from '../../../access/ports.ts';
import { ANY_PORT } from './protocols.ts';
import type { Family } from './ranges.ts';
import type { Condition, Policy, Rule, SshRule } from './types.ts';

/** A rule as the evaluator counts it. */
export type Part = { at: number } & ({ kind: 'network'; rule: Rule } | { kind: 'ssh'; rule: SshRule });

/** What a policy without any rule section permits. */
const ALLOW_ALL: Rule = {
  path: '',
  line: 1,
  why: 'neither acls nor grants: the service lets everybody reach everything',
  src: [{ kind: 'any', text: '*' }],
  dst: [{ kind: 'any', text: '*' }],
  ip: ['*'],
  ports: ANY_PORT,
  conditions: [],
};

export const partsOf = ({ rules, ssh }: Policy): Part[] => [
  ...(rules ?? [ALLOW_ALL]).map((rule, at): Part => ({ at, kind: 'network', rule })),
  ...ssh.map((rule, index): Part => ({ at: (rules ?? [ALLOW_ALL]).length + index, kind: 'ssh', rule })),
];

/** One part that permits something between two faces. */
export interface Share {
  part: number;
  family: Family;
  /** Whether the rule is for them depends on addresses that are not known yet. */
  maybe: boolean;
}

/** What one may do to another, by conditions. */
export interface Permission {
  /** Fewest conditions first. A level has only what no level with fewer of its conditions has. */
  levels: readonly Level[];
  /** Rules that have a part in it, ascending. */
  parts: readonly number[];
  /** Equal texts: the same is permitted. */
  content: string;
}

export interface Level {
  /** For people; empty where nothing is asked besides. */
  condition: string;
  /** Keys of the conditions: all must hold. */
  keys: readonly string[];
  ports: Readonly<Record<Family, PortSet>>;
  /** Rules that give them, ascending. */
  parts: Readonly<Record<Family, readonly number[]>>;
}

const NOT_YET: Condition = { text: 'if its address is one that the rule names', key: 'addresses' };

export function permission(shares: readonly Share[], parts: readonly Part[]): Permission {
  const groups = new Map<string, Group>();
  for (const { part, family, maybe } of shares) {
    const one = parts[part];
    if (one === undefined) continue;
    const conditions = new Map(
      [...one.rule.conditions, ...(maybe ? [NOT_YET] : [])].map(({ key, text }) => [key, text]),
    );
    const keys = [...conditions.keys()].sort();
    const known = groups.get(keys.join(' & ')) ?? {
      keys,
      condition: [...conditions.values()].join(', '),
      4: [],
      6: [],
    };
    groups.set(keys.join(' & '), known);
    known[family].push(one);
  }
  return layered(
    [...groups.values()].map((group) => ({
      keys: group.keys,
      condition: group.condition,
      ports: { 4: portsOf(group[4]), 6: portsOf(group[6]) },
      parts: { 4: numbersOf(group[4]), 6: numbersOf(group[6]) },
    })),
  );
}

/** Of each level what no level with fewer of its conditions has. */
function layered(all: readonly Level[]): Permission {
  const levels: Level[] = [];
  for (const level of [...all].sort(
    (a, b) => a.keys.length - b.keys.length || (a.keys.join() < b.keys.join() ? -1 : 1),
  )) {
    const base = levels.filter(({ keys }) => weaker(keys, level.keys));
    const beyond = (family: Family): PortSet =>
      base.reduce((left, { ports }) => missing(left, ports[family]), level.ports[family]);
    const ports = { 4: beyond(4), 6: beyond(6) };
    if (ports[4].size + ports[6].size > 0) levels.push({ ...level, ports });
  }
  return {
    levels,
    parts: ascending(all.flatMap((level) => [...level.parts[4], ...level.parts[6]])),
    content: JSON.stringify(levels.map(({ keys, ports }) => [keys, portTexts(ports[4]), portTexts(ports[6])])),
  };
}

interface Group extends Record<Family, Part[]> {
  keys: readonly string[];
  condition: string;
}

/** Whether whoever meets the second list of conditions meets the first. */
export const weaker = (keys: readonly string[], than: readonly string[]): boolean =>
  keys.every((key) => than.includes(key));

const numbersOf = (parts: readonly Part[]): number[] => ascending(parts.map(({ at }) => at));

/** Each once. */
const ascending = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** What one rule gives by itself, the ping aside. */
export function given(part: Part): PortSet {
  return portSet(part.kind === 'network' ? part.rule.ports : logins([part]));
}

/** Any open port lets a ping through: the packet filter looks at addresses only there. */
function portsOf(parts: readonly Part[]): PortSet {
  const network = parts.flatMap((part) => (part.kind === 'network' ? part.rule.ports : []));
  return portSet([...network, ...(network.length > 0 ? ['icmp/*'] : []), ...logins(parts)]);
}

const NONROOT = 'autogroup:nonroot';
const UNCHECKED = ' without a check';

/** Where one rule asks for a check and another does not, the check is asked. */
function logins(parts: readonly Part[]): string[] {
  const users = (action: SshRule['action']): Set<string> =>
    new Set(parts.flatMap((part) => (part.kind === 'ssh' && part.rule.action === action ? part.rule.users : [])));
  const [accepted, checked] = [users('accept'), users('check')];
  const all = new Set([...accepted, ...checked]);
  const asked = (user: string): boolean => checked.has(user) || (user !== 'root' && checked.has(NONROOT));
  // `ops` is one of nonroot, and told by itself only where it is asked for a check and the others are not.
  const apart = (user: string): boolean =>
    user === 'root' || user === NONROOT || !all.has(NONROOT) || asked(user) !== asked(NONROOT);
  return [...all]
    .filter(apart)
    .flatMap((user) => [`ssh as ${user}`, ...(asked(user) ? [] : [`ssh as ${user}${UNCHECKED}`])]);
}

/** What is in `left` and not in `right`; a user of a host is also in `autogroup:nonroot`. */
export function missing(left: PortSet, right: PortSet): PortSet {
  const rest = new Map(minus(left, right));
  for (const text of rest.keys()) {
    const [, user, how = ''] = /^ssh as (\S+)( without a check)?$/.exec(text) ?? [];
    if (user !== undefined && user !== 'root' && right.has(`ssh as ${NONROOT}${how}`)) rest.delete(text);
  }
  return rest;
}

/** Ports as people read them: the ping that goes with every open port is told only where it is all there is. */
export function told(ports: PortSet): string[] {
  const texts = portTexts(ports);
  const others = texts.filter((text) => text !== 'icmp/*' && !text.startsWith('ssh as '));
  const network = others.length > 0 ? others : texts.filter((text) => text === 'icmp/*');
  const everything = ['tcp/*', 'udp/*'].every((text) => network.includes(text));
  const short = everything ? ['*', ...network.filter((text) => !['tcp/*', 'udp/*'].includes(text))] : network;
  const ssh = texts.filter((text) => text.startsWith('ssh as '));
  // The one without a check says it all.
  return [...short, ...ssh.filter((text) => !ssh.includes(`${text}${UNCHECKED}`))].map((text) =>
    text.replace(NONROOT, 'any user but root'),
  );
}
