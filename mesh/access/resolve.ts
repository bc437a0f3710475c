import { path } from '../config/paths.ts';
import type { MeshConfig, RuleConfig } from '../config/schema.ts';
import { control } from './control.ts';
import { byName, indexed, lanHost, places } from './places.ts';
import { sourcesFrom, type Source } from './sources.ts';
import type { AccessEntry, AccessRule, Endpoint, Place, ResolvedAccess, SshAccess } from './types.ts';
import { inForce } from './until.ts';

type Index = ReadonlyMap<string, readonly Place[]>;

/**
 * The access intents of a configuration, resolved to hosts, plus the named implicit ones. Everything that is not here
 * is denied. Independent of the order in which the configuration lists things.
 * @param now decides which intents are over; only its day counts, UTC
 */
export function resolveAccess(config: MeshConfig, now: Date): ResolvedAccess {
  const index = indexed(places(config));
  const known = new Map<string, Source[]>();
  const sourcesOf = (from: string): Source[] => {
    const sources = known.get(from) ?? sourcesFrom(from, config, index);
    known.set(from, sources);
    return sources;
  };
  const { rules, expiry } = inForce(config.access, now);
  const intents = rules.map((rule) => intent(config, rule, index, sourcesOf)).sort((a, b) => compare(a.key, b.key));
  const implicit = control(config);
  return {
    rules: [...intents.flatMap(({ rules }) => rules), ...implicit.map(({ rule }) => rule)],
    entries: [...intents.flatMap(({ entries }) => entries), ...implicit.map(({ entry }) => entry)],
    notes: [...new Set(intents.flatMap(({ notes }) => notes))].sort(),
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
function intent(config: MeshConfig, rule: RuleConfig, index: Index, sourcesOf: (from: string) => Source[]): Resolved {
  const { what, on, ports, ssh } = aim(config, rule);
  const shared = {
    ports: ports.toSorted(comparePorts),
    why: rule.why,
    implicit: false,
    ...(ssh && { ssh }),
    ...(rule.until !== undefined && { until: rule.until }),
  };
  const served = [...new Set(on.flatMap((place) => index.get(place) ?? []))].sort(byName);
  const notes: string[] = [];
  const entries: AccessEntry[] = [];
  const byTargets = new Map<string, AccessRule>();
  for (const from of rule.from.toSorted()) {
    for (const { told, parties, endpoints } of sourcesOf(from)) {
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
  const rules = [...byTargets].sort(([a], [b]) => compare(a, b)).map(([, one]) => one);
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
  const service = services[to ?? ''];
  if (service === undefined)
    throw new Error(`access rule names service ${to ?? '(none)'}, which parseConfig should have refused`);
  return { what: to ?? '', ...service };
}

/** Members are selected by tag, since their addresses are unknown until they join; LAN hosts by their address. */
function targetsOf(on: readonly string[], index: Index, reachable: ReadonlySet<Place>): Endpoint[] {
  const targets = on.flatMap((place): Endpoint[] => {
    const hosts = (index.get(place) ?? []).filter((host) => reachable.has(host));
    const lan = hosts.flatMap((host): Endpoint[] => (host.party.kind === 'lan' ? [lanHost(host) ?? []].flat() : []));
    if (!hosts.some(({ party }) => party.kind === 'member')) return lan;
    const role = place.startsWith('role:') ? place.slice('role:'.length) : undefined;
    return [role === undefined ? { kind: 'member', name: place } : { kind: 'members-with-role', role }, ...lan];
  });
  const byKey = new Map(targets.map((one) => [JSON.stringify(one), one]));
  return [...byKey].sort(([a], [b]) => compare(a, b)).map(([, one]) => one);
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** By protocol, then number: tcp/443 before tcp/5432. */
function comparePorts(a: string, b: string): number {
  const [one = '', first = ''] = a.split('/');
  const [other = '', second = ''] = b.split('/');
  return compare(one, other) || parseInt(first, 10) - parseInt(second, 10) || compare(first, second);
}
