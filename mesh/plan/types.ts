import type { AccessEntry } from '../access/types.ts';
import type { Expiry } from '../access/until.ts';
import type { CloudName, LanKind } from '../config/clouds.ts';
import type { HostSpec, Release } from '../host/spec.ts';
import type { SshTest } from '../overlays/tailscale/ssh-tests.ts';
import type { PolicyTest } from '../overlays/tailscale/tests.ts';
import type { Lifelines } from '../overlays/tailscale/lifelines.ts';

export type { AccessEntry, LanSource } from '../access/types.ts';
export type { SshTest } from '../overlays/tailscale/ssh-tests.ts';
export type { PolicyTest } from '../overlays/tailscale/tests.ts';

/** Everything that can be decided before a cloud is asked. Sorted by name throughout, so equal configs print equal bytes. */
export interface MeshPlan {
  network: { name: string; supernet: string; supernet6?: string; domain: string };
  /** `loginServer` where it is not Tailscale's own; `home`: both in one, as `tailnetHome` writes it. */
  tailnet: { name: string; loginServer?: string; home: string };
  ssh: SshPlan;
  /** Where credentials come from; never the credentials. */
  credentials: { from: 'stack' | 'environment' };
  /** Where the agent on routers reaches Hetzner's API. */
  agent: { hetznerEndpoint: string };
  sites: SitePlan[];
  tools: ToolPlan[];
  policy: PolicyPlan;
  /** Intents that the calendar took away or will within 14 days, a sentence each. */
  expiry: Expiry;
  /** What a reader must know and might not expect ("LAN hosts of … cannot open connections: …"). */
  notes: string[];
}

/** Something that joins the tailnet and is none of the hosts. What it may reach stands in `policy.access`, from `tool:NAME`. */
export interface ToolPlan {
  name: string;
  /** What it joins with, owned by the deploying credential's. */
  tag: string;
  why: string;
}

/** One SSH server on the way to a host. */
export interface JumpPlan {
  host: string;
  port: number;
  user: string;
  hostKey: string;
}

/** How the deploying side reaches hosts. Key material is not part of the plan. */
export interface SshPlan {
  user: string;
  /** Source prefixes that may open SSH on public addresses. */
  from: string[];
  /** OpenSSH public key of the deploying side. */
  publicKey: string;
  /** All keys that may log in to servers of this stack, that one included; sorted. */
  authorizedKeys: string[];
  via?: JumpPlan;
  /** Seconds to wait for the first boot of a new server. */
  bootTimeout: number;
}

export interface SitePlan {
  name: string;
  cloud: CloudName;
  /** Absent at existing sites. */
  location?: string;
  /** Hetzner: where the cloud network lives. */
  networkZone?: string;
  /** Name of the cloud credential: `default`, or one of site-mesh:accountTokens. Absent at existing sites. */
  account?: string;
  /** Range of the whole private network; ip_range of a Hetzner network. */
  supernet: string;
  cidr: string;
  /** IPv6 prefix of the LAN, where it has one; advertised beside the other. */
  cidr6?: string;
  lan: LanKind;
  /** Absent where the cloud assigns it, or an existing LAN has none. */
  gateway?: string;
  /** Whether routers masquerade, and why it is so. */
  snat: { on: boolean; why: string };
  /** Address that the active router holds; only with SNAT off. */
  vip?: string;
  /** The same in IPv6. */
  vip6?: string;
  /** Routes of the cloud network that lead to other sites; only where its gateway forwards (SNAT off on a layer-3 LAN). */
  routes: { site: string; destination: string; gateway: string }[];
  /** Largest packets, bytes; `lan` absent where only the host knows. TCP segments are clamped to `mss` on the way through the tunnel. */
  mtu: { public: number; lan?: number; tunnel: number; mss: { ipv4: number; ipv6: number } };
  /** Sorted by name; the first is made first, and becomes primary. */
  routers: HostPlan[];
  hosts: HostPlan[];
  /** Inbound rules of the cloud's firewall, by kind of host; none at existing sites. */
  firewalls: Partial<Record<HostKind, FirewallRulePlan[]>>;
}

/** `member`: in the tailnet, but no router; `host`: on the LAN only. */
export type HostKind = 'router' | 'member' | 'host';

export interface FirewallRulePlan {
  description: string;
  protocol: 'tcp' | 'udp' | 'icmp';
  /** Absent for icmp. */
  port?: string;
  sources: string[];
}

export interface HostPlan {
  name: string;
  /** Its name until now: what is recorded under that is this host. */
  formerly?: string;
  site: string;
  kind: HostKind;
  /** LAN address, chosen (Hetzner) or declared (existing); absent where the cloud assigns it. */
  lan?: string;
  /** IPv6 address on the LAN, where it has one. */
  lan6?: string;
  roles: string[];
  /** What is bought, in which account, and the full name that it is born with; absent on existing hosts. */
  server?: { type: string; image: string; fqdn: string; account: string; backups?: true };
  /** How an existing host is reached. */
  ssh?: JumpPlan & { via?: JumpPlan };
  /** What the preflight of an existing host may find and live with. */
  accepts: string[];
  /** Present when the host is a tailnet member. */
  node?: NodePlan;
  /** Absent on existing hosts that nobody logs in to: they are an address in the policy. */
  managed?: { spec: HostSpec; release: Release };
  commands: CommandPlan[];
}

export interface NodePlan {
  /** Which tailnet, as `tailnetHome` writes it. */
  tailnet: string;
  hostname: string;
  tags: string[];
  advertises: string[];
  acceptRoutes: boolean;
  snat: boolean;
  /** Whether tailscaled answers SSH on the node's tailnet addresses; sshd stays what answers on all others. */
  ssh: boolean;
  /** Control server; absent where it is Tailscale's own. */
  loginServer?: string;
}

/** A script of the user's, run once the host is configured and has joined. */
export interface CommandPlan {
  name: string;
  script: string;
  /** Seconds. */
  timeout: number;
}

export interface PolicyPlan {
  /** HuJSON, deterministic, byte for byte what is pushed. */
  text: string;
  /** Every permission, intents first, then the named implicit ones. What the provider diffs into sentences. */
  access: AccessEntry[];
  /** Credential tag that owns all others. */
  ownerTag: string;
  /** Tests that hold once every member that the stack brings in has joined, for the service to run against its live policy; those in `text` hold before. */
  joined: PolicyTest[];
  /** What a joined test accepts (`tag:app tcp fra-db-01:5432`) → the `why` of the intents that give it. */
  reasons: Record<string, string>;
  /** Present where several stacks share the tailnet: then `text` is the policy of all, and its owner pushes it. */
  shared?: SharedPolicyPlan;
  /** The same of logins by Tailscale SSH. The service takes these only as `sshTests` of a whole policy. */
  joinedSsh: SshTest[];
  /** What no push may take away; asked of the service after each. */
  lifelines: Lifelines;
  /** ETag of a text of somebody else's that may be replaced. */
  takeOver?: string;
}

/** What a stack must know of the tailnet that it shares. */
export interface SharedPolicyPlan {
  /** The stack that pushes the policy. */
  owner: string;
  /** Whether it is this one. */
  pushes: boolean;
  /** What the policy's first line says of its owner. */
  ownerLine: string;
  /** All stacks of the tailnet, sorted. */
  stacks: string[];
  /** Permissions of the other stacks, for the owner's preview; empty in those that push nothing. */
  others: AccessEntry[];
  /** Tags that this stack gives to its nodes, sorted; the policy must let its credential do that. */
  tags: string[];
  /** Prefixes that its routers advertise, and the tag by which the policy must approve them. */
  routes: { prefix: string; tag: string }[];
}
