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

/** What one may do to another: ports by condition; the condition `''` is none. */
export interface Permission {
  levels: ReadonlyMap<string, Level>;
  /** Rules that have a part in it, ascending. */
  parts: readonly number[];
  /** Equal texts: the same is permitted. */
  content: string;
}

export interface Level {
  /** For people; empty where nothing is asked besides. */
  condition: string;
  ports: Readonly<Record<Family, PortSet>>;
}

const NOTHING: PortSet = new Map();
const NOT_YET: Condition = { text: 'if its address is one that the rule names', key: 'addresses' };

export function permission(shares: readonly Share[], parts: readonly Part[]): Permission {
  const groups = new Map<string, { condition: string; 4: Part[]; 6: Part[] }>();
  for (const { part, family, maybe } of shares) {
    const one = parts[part];
    if (one === undefined) continue;
    const conditions = [...one.rule.conditions, ...(maybe ? [NOT_YET] : [])];
    const key = conditions.map((each) => each.key).join(' & ');
    const known = groups.get(key) ?? { condition: conditions.map(({ text }) => text).join(', '), 4: [], 6: [] };
    groups.set(key, known);
    known[family].push(one);
  }
  const certain = groups.get('');
  const base = { 4: portsOf(certain?.[4] ?? []), 6: portsOf(certain?.[6] ?? []) };
  const levels = new Map<string, Level>();
  if (certain !== undefined) levels.set('', { condition: '', ports: base });
  for (const [key, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (key === '') continue;
    const ports = { 4: missing(portsOf(group[4]), base[4]), 6: missing(portsOf(group[6]), base[6]) };
    if (ports[4].size + ports[6].size > 0) levels.set(key, { condition: group.condition, ports });
  }
  return {
    levels,
    parts: [...new Set(shares.map(({ part }) => part))].sort((a, b) => a - b),
    content: JSON.stringify([...levels].map(([key, { ports }]) => [key, portTexts(ports[4]), portTexts(ports[6])])),
  };
}

/** Any open port lets a ping through: the packet filter looks at addresses only there. */
function portsOf(parts: readonly Part[]): PortSet {
  const network = parts.flatMap((part) => (part.kind === 'network' ? part.rule.ports : []));
  const ssh = logins(parts.flatMap((part) => (part.kind === 'ssh' ? [part.rule] : [])));
  if (network.length === 0 && ssh.length === 0) return NOTHING;
  return portSet([...network, ...(network.length > 0 ? ['icmp/*'] : []), ...ssh]);
}

const NONROOT = 'autogroup:nonroot';
const UNCHECKED = ' without a check';

/** Where one rule asks for a check and another does not, the check is asked. */
function logins(rules: readonly SshRule[]): string[] {
  const users = (action: SshRule['action']): Set<string> =>
    new Set(rules.filter((rule) => rule.action === action).flatMap((rule) => rule.users));
  const [accepted, checked] = [users('accept'), users('check')];
  const all = [...new Set([...accepted, ...checked])].filter((user) => !covered(user, [accepted, checked]));
  return all.flatMap((user) => {
    const asked = checked.has(user) || (user !== 'root' && checked.has(NONROOT));
    return [`ssh as ${user}`, ...(asked ? [] : [`ssh as ${user}${UNCHECKED}`])];
  });
}

/** `ops` is one of nonroot; it is told by itself only where one of the two is checked and the other is not. */
const covered = (user: string, sets: readonly ReadonlySet<string>[]): boolean =>
  user !== 'root' &&
  user !== NONROOT &&
  sets.some((set) => set.has(NONROOT)) &&
  sets.every((set) => !set.has(user) || set.has(NONROOT));

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
