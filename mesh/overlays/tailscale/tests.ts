import { covers, ends, portSet, sortedPorts, type PortSet } from '../../access/ports.ts';
import type { AccessRule } from '../../access/types.ts';
import { endpointKey, keysOf, type LanHost } from './parties.ts';
import { selectors, type Selector } from './selectors.ts';

/** One test of the policy file. `proto` is always set: without it an icmp grant makes a tcp port pass (measured). */
export interface PolicyTest {
  src: string;
  proto: string;
  accept: string[];
  deny: string[];
}

/** The port that nobody gets unless an intent says so; every host has it. */
export const PROBE = 'tcp/22';

/** Hosts that a source must not reach at all, tested for each one; more would make the text grow with sources times hosts. */
const FOREIGN_HOSTS = 8;

/** LAN hosts that rules name as targets only, and that are tested as sources all the same: nothing must pass from there. */
const SILENT_HOSTS = 8;

/** What a test asks for: a group, or one LAN host by one of its addresses. */
interface Subject {
  src: string;
  /** Of its address; a group has both. */
  family?: Family;
  /** Whether a rule is for it. */
  own: (rule: AccessRule) => boolean;
  /** Whether a rule is for somebody who is in it, through whatever. */
  anyhow: (rule: AccessRule) => boolean;
}

/**
 * Tests that hold before any node exists, so that the policy can be pushed first: sources are groups and LAN hosts, destinations
 * are single LAN hosts by alias (a tag without nodes fails as a source, a prefix is refused as a destination).
 * Each source is tested against the LAN hosts that it reaches and some that it does not: accept what an intent gives, deny the
 * host's other service ports and SSH. A test names single ports, so both ends of a range stand for it. So a grant that is wider than its intents
 * fails its own push. Where somebody in the group gets a port through another group, nothing is said: the service tests a
 * group by its people.
 * @param lanHosts those that could open connections as far as networks go
 */
export function policyTests(
  rules: readonly AccessRule[],
  people: Readonly<Record<string, readonly string[]>>,
  lanHosts: readonly LanHost[],
): PolicyTest[] {
  const targets = byAlias(rules);
  const subjects = [...groupSubjects(rules, people), ...testedLanHosts(rules, lanHosts).flatMap(lanSubjects)];
  return subjects.flatMap(({ src, family, own, anyhow }) => {
    const byProto = new Map<string, PolicyTest>();
    // A packet has addresses of one family at both ends.
    const alike = targets.filter((target) => family === undefined || target.family === family);
    const ours = new Set(rules.filter(own));
    const somehow = new Set(rules.filter(anyhow));
    const reached = alike.filter((target) => target.rules.some((rule) => ours.has(rule)));
    const names = chosen(
      alike.map(({ host }) => host),
      new Set(reached.map(({ host }) => host)),
    );
    for (const { host, rules: leading } of alike) {
      if (host === src || !names.has(host)) continue;
      const given = portsOf(leading.filter((rule) => ours.has(rule)));
      const elsewhere = portsOf(leading.filter((rule) => somehow.has(rule)));
      for (const port of singlePorts([PROBE, ...leading.flatMap(({ ports }) => ports.flatMap(ends))])) {
        const accepted = covers(given, port);
        if (!accepted && covers(elsewhere, port)) continue;
        const [proto = '', number = ''] = port.split('/');
        const test = byProto.get(proto) ?? { src, proto, accept: [], deny: [] };
        byProto.set(proto, test);
        (accepted ? test.accept : test.deny).push(`${host}:${number}`);
      }
    }
    return [...byProto.values()].sort((a, b) => (a.proto < b.proto ? -1 : 1));
  });
}

/** LAN hosts that are named as sources, one for each LAN that is, and some of those that are served; sorted by name. A host that no rule names changes no policy. */
export function testedLanHosts(rules: readonly AccessRule[], lanHosts: readonly LanHost[]): LanHost[] {
  const sources = rules.flatMap((rule) => rule.sources);
  const named = new Set(sources.flatMap((one) => (one.kind === 'lan-host' ? one.name : [])));
  const open = new Set(sources.flatMap((one) => (one.kind === 'lan' ? one.site : [])));
  const served = new Set(rules.flatMap(aliasesOf).map(({ text }) => text));
  let silent = 0;
  return lanHosts
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name, site }) => {
      if (open.delete(site) || named.has(name)) return true;
      if (!served.has(name)) return false;
      silent += 1;
      return silent <= SILENT_HOSTS;
    });
}

function groupSubjects(rules: readonly AccessRule[], people: Readonly<Record<string, readonly string[]>>): Subject[] {
  const groups = [...new Set(rules.flatMap(groupsOf))].sort();
  return groups.map((group) => {
    const logins = new Set(people[group]);
    const sharing = new Set(groups.filter((other) => people[other]?.some((login) => logins.has(login))));
    return {
      src: `group:${group}`,
      own: (rule) => groupsOf(rule).includes(group),
      anyhow: (rule) => groupsOf(rule).some((other) => sharing.has(other)),
    };
  });
}

function lanSubjects(host: LanHost): Subject[] {
  const keys = new Set(keysOf({ kind: 'lan-host', host }));
  const own = ({ sources }: AccessRule): boolean => sources.some((one) => keys.has(endpointKey(one)));
  return selectors(host).map((alias) => ({ src: alias.text, family: familyOf(alias), own, anyhow: own }));
}

/** Names of what the source reaches, and of the first few that it does not. */
export function chosen(hosts: readonly string[], reached: ReadonlySet<string>): Set<string> {
  return new Set([...reached, ...hosts.filter((host) => !reached.has(host)).slice(0, FOREIGN_HOSTS)]);
}

/** A LAN host by one of its names, with the rules that lead to it. */
interface Target {
  host: string;
  family: Family;
  rules: AccessRule[];
}

/** What rules lead to, sorted by name. */
function byAlias(rules: readonly AccessRule[]): Target[] {
  const known = new Map<string, Target>();
  for (const rule of rules)
    for (const alias of aliasesOf(rule)) {
      const target = known.get(alias.text) ?? { host: alias.text, family: familyOf(alias), rules: [] };
      known.set(alias.text, target);
      target.rules.push(rule);
    }
  return [...known.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

const portsOf = (rules: readonly AccessRule[]): PortSet => portSet(rules.flatMap(({ ports }) => ports));
const groupsOf = (rule: AccessRule): string[] => rule.sources.flatMap((one) => (one.kind === 'group' ? one.name : []));
export type Family = 'IPv4' | 'IPv6';
export const familyOf = ({ value = '' }: Selector): Family => (value.includes(':') ? 'IPv6' : 'IPv4');

/** LAN hosts that a rule leads to, by every name that the policy has for them. */
const aliasesOf = (rule: AccessRule): Selector[] =>
  rule.targets.flatMap((one) => (one.kind === 'lan-host' ? selectors(one) : []));

/** In order, without doubles. */
export const singlePorts = (ports: readonly string[]): string[] => sortedPorts([...new Set(ports)]);

/** Tests with those of the same source and protocol joined: said once, whoever said it. */
export function joinDenies(tests: readonly PolicyTest[], denies: readonly PolicyTest[]): PolicyTest[] {
  const joined = tests.map((test) => ({ ...test }));
  for (const more of denies) {
    const same = joined.find(({ src, proto }) => src === more.src && proto === more.proto);
    if (same === undefined) joined.push({ ...more });
    else same.deny = [...new Set([...same.deny, ...more.deny])].sort();
  }
  return joined;
}
