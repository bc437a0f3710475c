import { covers, ends, portSet, type PortSet } from '../../access/ports.ts';
import type { AccessRule } from '../../access/types.ts';

/** One test of the policy file. `proto` is always set: without it an icmp grant makes a tcp port pass (measured). */
export interface PolicyTest {
  src: string;
  proto: string;
  accept: string[];
  deny: string[];
}

/** The port that nobody gets unless an intent says so; every host has it. */
const PROBE = 'tcp/22';

/** Hosts that a group must not reach at all, tested for each group; more would make the text grow with groups times hosts. */
const FOREIGN_HOSTS = 8;

/**
 * Tests that hold before any node exists, so that the policy can be pushed first: sources are groups, destinations
 * are single LAN hosts by alias (a tag without nodes fails as a source, a prefix is refused as a destination).
 * Each group is tested against the LAN hosts that it reaches and some that it does not: accept what an intent gives, deny the
 * host's other service ports and SSH. A test names single ports, so both ends of a range stand for it. So a grant that is wider than its intents
 * fails its own push. Where somebody in the group gets a port through another group, nothing is said: the service tests a
 * group by its people.
 */
export function policyTests(
  rules: readonly AccessRule[],
  people: Readonly<Record<string, readonly string[]>>,
): PolicyTest[] {
  const byHost = grouped(rules, lanHostsOf);
  const byGroup = grouped(rules, groupsOf);
  const hosts = [...byHost.keys()].sort();
  const related = relatives([...byGroup.keys()], people);
  return [...byGroup.keys()].sort().flatMap((group) => {
    const byProto = new Map<string, PolicyTest>();
    const reached = new Set((byGroup.get(group) ?? []).flatMap(lanHostsOf));
    for (const host of tested(hosts, reached)) {
      const onHost = byHost.get(host) ?? [];
      const own = portsOf(onHost, new Set([group]));
      const anyhow = portsOf(onHost, related.get(group) ?? new Set());
      for (const port of sortedPorts([PROBE, ...onHost.flatMap(({ ports }) => ports.flatMap(ends))])) {
        const given = covers(own, port);
        if (!given && covers(anyhow, port)) continue;
        const [proto = '', number = ''] = port.split('/');
        const test = byProto.get(proto) ?? { src: `group:${group}`, proto, accept: [], deny: [] };
        byProto.set(proto, test);
        (given ? test.accept : test.deny).push(`${host}:${number}`);
      }
    }
    return [...byProto.values()].sort((a, b) => (a.proto < b.proto ? -1 : 1));
  });
}

/** What the group reaches, and the first few by name that it does not; sorted. */
function tested(hosts: readonly string[], reached: ReadonlySet<string>): string[] {
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

const portsOf = (rules: readonly AccessRule[], groups: ReadonlySet<string>): PortSet =>
  portSet(rules.filter((rule) => groupsOf(rule).some((group) => groups.has(group))).flatMap(({ ports }) => ports));
const groupsOf = (rule: AccessRule): string[] => rule.sources.flatMap((one) => (one.kind === 'group' ? one.name : []));
const lanHostsOf = (rule: AccessRule): string[] =>
  rule.targets.flatMap((one) => (one.kind === 'lan-host' ? one.name : []));

const sortedPorts = (ports: string[]): string[] =>
  [...new Set(ports)].sort((a, b) => {
    const [one = '', first = ''] = a.split('/');
    const [other = '', second = ''] = b.split('/');
    if (one !== other) return one < other ? -1 : 1;
    return Number(first) - Number(second);
  });
