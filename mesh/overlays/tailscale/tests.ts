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

/**
 * Tests that hold before any node exists, so that the policy can be pushed first: sources are groups, destinations
 * are single LAN hosts by alias (a tag without nodes fails as a source, a prefix is refused as a destination).
 * Each group is tested against each LAN host of any rule: accept what an intent gives, deny the host's other service
 * ports and SSH. A test names single ports, so both ends of a range stand for it. So a grant that is wider than its intents fails its own push. Where somebody in the group gets a port
 * through another group, nothing is said: the service tests a group by its people.
 */
export function policyTests(
  rules: readonly AccessRule[],
  people: Readonly<Record<string, readonly string[]>>,
): PolicyTest[] {
  const groups = [...new Set(rules.flatMap((rule) => groupsOf(rule)))].sort();
  const hosts = [...new Set(rules.flatMap((rule) => lanHostsOf(rule)))].sort();
  const overlapping = (group: string): string[] =>
    groups.filter((other) => (people[other] ?? []).some((person) => people[group]?.includes(person)));
  return groups.flatMap((group) => {
    const byProto = new Map<string, PolicyTest>();
    for (const host of hosts) {
      const onHost = rules.filter((rule) => lanHostsOf(rule).includes(host));
      const own = portsOf(onHost, [group]);
      const anyhow = portsOf(onHost, overlapping(group));
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

const portsOf = (rules: readonly AccessRule[], groups: readonly string[]): PortSet =>
  portSet(rules.filter((rule) => groupsOf(rule).some((group) => groups.includes(group))).flatMap(({ ports }) => ports));
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
