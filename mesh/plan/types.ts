import type { AccessEntry } from '../access/types.ts';
import type { HostSpec, Release } from '../host/spec.ts';

export type { AccessEntry } from '../access/types.ts';

/** Everything that can be decided before a cloud is asked. Sorted by name throughout, so equal configs print equal bytes. */
export interface MeshPlan {
  network: { name: string; supernet: string; domain: string };
  tailnet: { name: string };
  ssh: SshPlan;
  sites: SitePlan[];
  policy: PolicyPlan;
  /** What a reader must know and might not expect ("no LAN host may initiate: …"). */
  notes: string[];
}

/** How the deploying side reaches hosts. Key material is not part of the plan. */
export interface SshPlan {
  user: string;
  /** Source prefixes that may open SSH on public addresses. */
  from: string[];
  /** OpenSSH public key of the deploying side. */
  publicKey: string;
  via?: { host: string; port: number; user: string; hostKey: string };
  /** Seconds to wait for the first boot of a new server. */
  bootTimeout: number;
}

export interface SitePlan {
  name: string;
  cloud: 'hetzner';
  location: string;
  networkZone: string;
  /** ip_range of the cloud network: the supernet. */
  supernet: string;
  cidr: string;
  gateway: string;
  routers: HostPlan[];
  hosts: HostPlan[];
  /** Cloud firewalls, one per kind of host. */
  firewalls: { routers: FirewallRulePlan[]; hosts: FirewallRulePlan[] };
}

export interface FirewallRulePlan {
  description: string;
  protocol: 'tcp' | 'udp' | 'icmp';
  /** Absent for icmp. */
  port?: string;
  sources: string[];
}

export interface HostPlan {
  name: string;
  site: string;
  kind: 'router' | 'host';
  /** LAN address, chosen by us (Hetzner). */
  lan: string;
  roles: string[];
  serverType: string;
  image: string;
  /** Present when the host is a tailnet member. */
  node?: { hostname: string; tags: string[]; advertises: string[]; acceptRoutes: boolean };
  spec: HostSpec;
  release: Release;
}

export interface PolicyPlan {
  /** HuJSON, deterministic, byte for byte what is pushed. */
  text: string;
  /** Every permission, intents first, then the named implicit ones. What the provider diffs into sentences. */
  access: AccessEntry[];
  /** Credential tag that owns all others. */
  ownerTag: string;
}
