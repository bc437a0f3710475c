import type { MeshConfig } from '../../mesh/config/index.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { AccessEntry, HostPlan, MeshPlan } from '../../mesh/plan/types.ts';

/**
 * One service and who reaches it where. Every source of a hub reaches every host of it: arrows through hubs are as many as
 * there are sources and hosts, not their product, and still say nothing that the policy does not permit.
 */
export interface Hub {
  service: string;
  ports: string[];
  grants: Grant[];
  /** Names of hosts, sorted. */
  hosts: string[];
}

interface Grant {
  source: string;
  /** All reasons, sorted. */
  why: string[];
  /** A site or LAN as a source, which reaches the hub's hosts but for those on its own LAN: the mesh does not carry that traffic. */
  elsewhere: boolean;
}

interface Reach {
  source: string;
  /** The site that the source stands at, where it is one. */
  home: string | undefined;
  why: Set<string>;
  hosts: Set<string>;
}

/** Written permissions by service, and within it by what is reached. */
export function hubs(plan: MeshPlan, config: MeshConfig): Hub[] {
  const hosts = new Map(plan.sites.flatMap(hostsOf).map((host) => [host.name, host]));
  const siteOf = (name: string): string => hosts.get(name)?.site ?? '';
  const services = Object.keys(config.services)
    .sort()
    .flatMap((service) => {
      const reaches = reachesOf(service, config, plan.policy.access, hosts);
      return grouped(reaches, siteOf).map((hub) => ({ service, ports: portsOf(service, config, plan), ...hub }));
    });
  return [...services, ...logins(plan.policy.access, siteOf)];
}

/** Who may log in by Tailscale SSH, one hub for each set of logins. */
function logins(access: readonly AccessEntry[], siteOf: (host: string) => string): Hub[] {
  const all = access.flatMap(({ ssh, ...entry }) => (ssh === undefined ? [] : [{ ...entry, as: loginText(ssh) }]));
  return [...new Set(all.map(({ as }) => as))].sort().flatMap((as) => {
    const reaches = new Map<string, Reach>();
    for (const entry of all.filter((one) => one.as === as)) put(reaches, entry);
    return grouped(sorted(reaches), siteOf).map((hub) => ({ service: 'Tailscale SSH', ports: [as], ...hub }));
  });
}

/** `ops, root (check 12h)` */
function loginText({ users, check }: NonNullable<AccessEntry['ssh']>): string {
  return `${users.join(', ')}${check === undefined ? '' : ` (check ${check})`}`;
}

function put(reaches: Map<string, Reach>, entry: AccessEntry): void {
  const { from, to, why } = entry;
  const reach = reaches.get(from) ?? { source: from, home: homeOf(entry), why: new Set(), hosts: new Set() };
  reaches.set(from, reach);
  reach.why.add(why);
  reach.hosts.add(to);
}

const sorted = (reaches: ReadonlyMap<string, Reach>): Reach[] =>
  [...reaches.values()].sort((a, b) => (a.source < b.source ? -1 : 1));

/** What each source reaches of a service, through any number of rules. */
function reachesOf(
  service: string,
  config: MeshConfig,
  access: readonly AccessEntry[],
  hosts: ReadonlyMap<string, HostPlan>,
): Reach[] {
  const ports = portsKey(config.services[service]?.ports ?? []);
  const serves = (name: string): boolean =>
    (config.services[service]?.on ?? []).some((place) => isAt(hosts.get(name), place));
  const reaches = new Map<string, Reach>();
  for (const rule of config.access.filter(({ to }) => to === service)) {
    for (const entry of access) {
      const { from, to, why, lan } = entry;
      if (entry.implicit || entry.ssh !== undefined || why !== rule.why || !rule.from.includes(lan?.of ?? from))
        continue;
      if (portsKey(entry.ports) !== ports || !serves(to)) continue;
      put(reaches, entry);
    }
  }
  return sorted(reaches);
}

function homeOf({ from, lan }: AccessEntry): string | undefined {
  return lan?.site ?? (from.startsWith('site:') ? from.slice('site:'.length) : undefined);
}

function isAt(host: HostPlan | undefined, place: string): boolean {
  if (host === undefined) return false;
  if (!place.startsWith('role:')) return host.name === place;
  const role = place.slice('role:'.length);
  return host.roles.includes(role) || (role === 'router' && host.kind === 'router');
}

function grouped(reaches: readonly Reach[], siteOf: (host: string) => string): Omit<Hub, 'service' | 'ports'>[] {
  const all = [...new Set(reaches.flatMap(({ hosts }) => [...hosts]))].sort();
  const groups = new Map<string, Omit<Hub, 'service' | 'ports'>>();
  for (const { source, home, why, hosts } of reaches) {
    const others = all.filter((host) => siteOf(host) !== home);
    const elsewhere =
      others.length < all.length && others.length === hosts.size && others.every((one) => hosts.has(one));
    const reached = elsewhere ? all : [...hosts].sort();
    const key = reached.join(' ');
    const group = groups.get(key) ?? { grants: [], hosts: reached };
    groups.set(key, group);
    group.grants.push({ source, why: [...why].sort(), elsewhere });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

const portsKey = (ports: readonly string[]): string => ports.toSorted().join(' ');

/** In the plan's order: by protocol, then number. */
function portsOf(service: string, config: MeshConfig, plan: MeshPlan): string[] {
  const key = portsKey(config.services[service]?.ports ?? []);
  return plan.policy.access.find(({ ports }) => portsKey(ports) === key)?.ports ?? [];
}
