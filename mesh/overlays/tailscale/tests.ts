import { covers, ends, portSet, type PortSet } from '../../access/ports.ts';
import type { AccessRule, Endpoint } from '../../access/types.ts';
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

/** A host on a LAN that a test can name by its addresses. */
export type LanHost = LanEndpoint & { site: string };
type LanEndpoint = Extract<Endpoint, { kind: 'lan-host' }>;

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
  const byHost = grouped(rules, (rule) => aliasesOf(rule).map(({ text }) => text));
  const families = new Map(rules.flatMap(aliasesOf).map((alias) => [alias.text, familyOf(alias)]));
  const subjects = [...groupSubjects(rules, people), ...testedLanHosts(rules, lanHosts).flatMap(lanSubjects)];
  return subjects.flatMap(({ src, family, own, anyhow }) => {
    const byProto = new Map<string, PolicyTest>();
    // A packet has addresses of one family at both ends.
    const alike = (host: string): boolean => family === undefined || families.get(host) === family;
    const hosts = [...byHost.keys()].filter(alike).sort();
    const ours = rules.filter(own).flatMap(aliasesOf);
    const reached = new Set(ours.map(({ text }) => text).filter(alike));
    for (const host of chosen(hosts, reached)) {
      if (host === src) continue;
      const onHost = byHost.get(host) ?? [];
      const given = portsOf(onHost.filter(own));
      const elsewhere = portsOf(onHost.filter(anyhow));
      for (const port of sortedPorts([PROBE, ...onHost.flatMap(({ ports }) => ports.flatMap(ends))])) {
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
  const served = new Set(rules.flatMap(lanHostsOf));
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
  const groups = [...grouped(rules, groupsOf).keys()].sort();
  const related = relatives(groups, people);
  return groups.map((group) => ({
    src: `group:${group}`,
    own: (rule) => groupsOf(rule).includes(group),
    anyhow: (rule) => groupsOf(rule).some((other) => related.get(group)?.has(other)),
  }));
}

function lanSubjects(host: LanHost): Subject[] {
  const { name, site } = host;
  const own = ({ sources }: AccessRule): boolean =>
    sources.some((one) => (one.kind === 'lan-host' && one.name === name) || (one.kind === 'lan' && one.site === site));
  return selectors(host).map((alias) => ({ src: alias.text, family: familyOf(alias), own, anyhow: own }));
}

/** What the source reaches, and the first few by name that it does not; sorted. */
export function chosen(hosts: readonly string[], reached: ReadonlySet<string>): string[] {
  const foreign: string[] = [];
  for (const host of hosts) {
    if (foreign.length === FOREIGN_HOSTS) break;
    if (!reached.has(host)) foreign.push(host);
  }
  return [...reached, ...foreign].sort();
}

/** Group → groups that share a person with it, itself included. */
function relatives(
  groups: readonly string[],
  people: Readonly<Record<string, readonly string[]>>,
): Map<string, Set<string>> {
  const groupsOfPerson = new Map<string, string[]>();
  for (const group of groups)
    for (const person of people[group] ?? [])
      groupsOfPerson.set(person, [...(groupsOfPerson.get(person) ?? []), group]);
  return new Map(
    groups.map((group) => [
      group,
      new Set([group, ...(people[group] ?? []).flatMap((person) => groupsOfPerson.get(person) ?? [])]),
    ]),
  );
}

function grouped(rules: readonly AccessRule[], keysOf: (rule: AccessRule) => string[]): Map<string, AccessRule[]> {
  const groups = new Map<string, AccessRule[]>();
  for (const rule of rules) {
    for (const key of new Set(keysOf(rule))) {
      const known = groups.get(key);
      if (known) known.push(rule);
      else groups.set(key, [rule]);
    }
  }
  return groups;
}

const portsOf = (rules: readonly AccessRule[]): PortSet => portSet(rules.flatMap(({ ports }) => ports));
const groupsOf = (rule: AccessRule): string[] => rule.sources.flatMap((one) => (one.kind === 'group' ? one.name : []));
type Family = 'IPv4' | 'IPv6';
const familyOf = ({ value = '' }: Selector): Family => (value.includes(':') ? 'IPv6' : 'IPv4');

/** LAN hosts that a rule leads to, by every name that the policy has for them. */
const aliasesOf = (rule: AccessRule): Selector[] =>
  rule.targets.flatMap((one) => (one.kind === 'lan-host' ? selectors(one) : []));
const lanHostsOf = (rule: AccessRule): string[] =>
  rule.targets.flatMap((one) => (one.kind === 'lan-host' ? one.name : []));

export const sortedPorts = (ports: string[]): string[] =>
  [...new Set(ports)].sort((a, b) => {
    const [one = '', first = ''] = a.split('/');
    const [other = '', second = ''] = b.split('/');
    if (one !== other) return one < other ? -1 : 1;
    return Number(first) - Number(second);
  });
