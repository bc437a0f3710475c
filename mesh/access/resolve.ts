import { path } from '../config/paths.ts';
import type { MeshConfig, RuleConfig } from '../config/schema.ts';
import { control } from './control.ts';
import { indexed, lanHost, places, sortedByName, type Index } from './places.ts';
import { sortedPorts } from './ports.ts';
import { sourcesFrom } from './sources.ts';
import type { AccessEntry, AccessRule, Endpoint, Place, ResolvedAccess, SshAccess } from './types.ts';
import { inForce } from './until.ts';

/**
 * The access intents of a configuration, resolved to hosts, plus the named implicit ones. Everything that is not here
 * is denied. Independent of the order in which the configuration lists things.
 * @param now decides which intents are over; only its day counts, UTC
 */
export function resolveAccess(config: MeshConfig, now: Date): ResolvedAccess {
  const index = indexed(places(config));
  const { rules, expiry } = inForce(config.access, now);
  const intents = rules.map((rule) => intent(config, rule, index)).sort((a, b) => (a.key < b.key ? -1 : 1));
  const implicit = control(config);
  return {
    rules: [...intents.flatMap(({ rules }) => rules), ...implicit.map(({ rule }) => rule)],
    entries: [...intents.flatMap(({ entries }) => entries), ...implicit.map(({ entry }) => entry)],
    notes: intents.flatMap(({ notes }) => notes),
    expiry,
  };
}

interface Resolved {
  /** What intents are sorted by. */
  key: string;
  rules: AccessRule[];
  entries: AccessEntry[];
  notes: string[];
}

/** One rule per set of targets that some of the intent's sources can reach; mostly that is one rule. */
function intent(config: MeshConfig, rule: RuleConfig, index: Index): Resolved {
  const { what, on, ports, ssh } = aim(config, rule);
  const shared = {
    ports: sortedPorts(ports),
    why: rule.why,
    implicit: false,
    ...(ssh && { ssh }),
    ...(rule.until !== undefined && { until: rule.until }),
  };
  const served = sortedByName([...new Set(on.flatMap(index))]);
  const notes: string[] = [];
  const entries: AccessEntry[] = [];
  const byTargets = new Map<string, AccessRule>();
  for (const from of rule.from.toSorted()) {
    for (const { told, parties, endpoints } of sourcesFrom(from, config, index)) {
      if (ssh !== undefined && told.lan !== undefined) {
        notes.push(
          `${from} → ${what}: not from the LAN of ${told.lan.site}, for Tailscale SSH knows members and people alone`,
        );
        continue;
      }
      const hosts = served.filter((host) => {
        const verdicts = parties.map((party) => path(party, host.party));
        for (const verdict of verdicts) if (!verdict.possible) notes.push(`${from} → ${what}: ${verdict.why}`);
        return verdicts.some(({ possible }) => possible);
      });
      if (hosts.length === 0) continue;
      entries.push(...hosts.map((host) => ({ ...told, to: host.name, ...shared })));
      const targets = targetsOf(on, index, new Set(hosts));
      const key = JSON.stringify(targets);
      const known = byTargets.get(key);
      if (known) known.sources.push(...endpoints);
      else byTargets.set(key, { sources: [...endpoints], targets, ...shared });
    }
  }
  const rules = [...byTargets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return { key: JSON.stringify([what, rule.from.toSorted(), rule.why, ssh, rule.until]), rules, entries, notes };
}

/** Where Tailscale SSH listens, on the node's own addresses. */
const SSH_PORT = 'tcp/22';

/** What a rule leads to: a service, or logins. */
function aim(
  { services }: MeshConfig,
  { to, ssh }: RuleConfig,
): { what: string; on: readonly string[]; ports: readonly string[]; ssh?: SshAccess } {
  if (ssh !== undefined) {
    const { on, users, check } = ssh;
    const logins: SshAccess = { users: users.toSorted(), ...(check !== undefined && { check }) };
    return { what: `ssh on ${on.toSorted().join(', ')}`, on, ports: [SSH_PORT], ssh: logins };
  }
  const found = Object.entries(services).find(([name]) => name === to);
  if (found === undefined)
    throw new Error(`access rule names service ${to ?? '(none)'}, which parseConfig should have refused`);
  const [what, service] = found;
  return { what, ...service };
}

/** Members are selected by tag, since their addresses are unknown until they join; LAN hosts by their address. */
function targetsOf(on: readonly string[], index: Index, reachable: ReadonlySet<Place>): Endpoint[] {
  const targets = on.flatMap((place): Endpoint[] => {
    const hosts = index(place).filter((host) => reachable.has(host));
    const lan = hosts.filter(({ party }) => party.kind === 'lan').flatMap(lanHost);
    if (!hosts.some(({ party }) => party.kind === 'member')) return lan;
    const role = place.startsWith('role:') ? place.slice('role:'.length) : undefined;
    return [role === undefined ? { kind: 'member', name: place } : { kind: 'members-with-role', role }, ...lan];
  });
  const byKey = new Map(targets.map((one) => [JSON.stringify(one), one]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
