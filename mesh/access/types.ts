import type { HostParty } from '../config/paths.ts';
import type { Expiry } from './until.ts';

/** One permission in words of the model. */
export interface AccessEntry {
  from: string;
  /** Logins in the group that `from` names, sorted; absent for other sources. */
  people?: string[];
  /** Present where `from` is a LAN and not members: the source as it is written, the site, and the LAN hosts that it names, sorted. */
  lan?: LanSource;
  to: string;
  /** `tcp/22`, `udp/53`, `icmp/*`. */
  ports: string[];
  why: string;
  /** true: nobody wrote it; the mesh needs it (why: control). */
  implicit: boolean;
  /** Present where it gives logins by Tailscale SSH, besides the port. */
  ssh?: SshAccess;
  /** Last day on which it holds, `2027-06-30`; absent where it is for good. */
  until?: string;
}

/** Logins by Tailscale SSH. */
export interface SshAccess {
  /** Logins on the hosts, sorted; `autogroup:nonroot` is every one but root. */
  users: string[];
  /** People log in again before they connect; for how long that holds (`12h`, `always`). Absent: accepted without. */
  check?: string;
}

export interface LanSource {
  of: string;
  site: string;
  hosts: string[];
}

/** What stands at one end of a rule, in terms that every overlay can select by. */
export type Endpoint =
  | { kind: 'group'; name: string }
  | { kind: 'tool'; name: string }
  | { kind: 'members-of-site'; site: string }
  | { kind: 'routers-of-site'; site: string }
  /** One member that a service names. */
  | { kind: 'member'; name: string }
  /** The members that carry a role; `router` is the role of every router. */
  | { kind: 'members-with-role'; role: string }
  | { kind: 'lan-host'; name: string; address: string; address6?: string }
  /** The whole LAN of a site. */
  | { kind: 'lan'; site: string; cidr: string; cidr6?: string };

/** One intent, resolved: every source may reach every target on every port. */
export interface AccessRule {
  sources: Endpoint[];
  targets: Endpoint[];
  ports: string[];
  why: string;
  implicit: boolean;
  ssh?: SshAccess;
  until?: string;
}

/** A host as access sees it. */
export interface Place {
  name: string;
  site: string;
  /** LAN address, where it is known before a cloud is asked. */
  address?: string;
  /** The same in IPv6, where it has one. */
  address6?: string;
  roles: string[];
  party: HostParty;
}

export interface ResolvedAccess {
  /** Intents first, then the implicit ones; each part sorted. */
  rules: AccessRule[];
  /** The same, one entry per source and host. */
  entries: AccessEntry[];
  /** Parts of a rule that no network path carries, told to its author: one sentence for each pair, so some come again. */
  notes: string[];
  /** Intents that are over or nearly so. Those that are over give no rule and no entry. */
  expiry: Expiry;
}
