import type { HostKind } from '../../mesh/plan/types.ts';

/** Something to know. A problem needs somebody; a note does not. `next` is what to do, in words or as a command. */
export interface Remark {
  /** Stable word for programs: docs/operations.md lists them. */
  what: string;
  /** Host, site or prefix. */
  about: string;
  text: string;
  next: string;
}

/** `mesh status --json`; documented in docs/operations.md, and only ever added to. */
export interface StatusReport {
  stack: string;
  network: string;
  /** What its hosts are, when it is the lab's; else null. */
  lab: 'records' | 'machines' | null;
  /** RFC 3339. */
  at: string;
  well: boolean;
  problems: Remark[];
  notes: Remark[];
  tailnet: { name: string; answered: boolean; error: string | null };
  sites: SiteStatus[];
  paths: PathStatus[];
  /** Devices of the tailnet that no host of the plan is; people's devices are only counted. */
  unplanned: UnplannedDevice[];
  people: number;
}

/** What is known, without what it means. */
export type Facts = Omit<StatusReport, 'well' | 'problems' | 'notes'>;

export interface SiteStatus {
  name: string;
  cloud: string;
  prefixes: PrefixStatus[];
  /** Null where the routers masquerade. */
  vip: { address: string; holders: string[]; agents: boolean } | null;
  hosts: HostStatus[];
}

/** Who carries a prefix. */
export interface PrefixStatus {
  prefix: string;
  /** Null: nobody, or more than one. */
  primary: string | null;
  /** Routers that hold themselves for primary, or that others see as primary. */
  claims: string[];
  /** Whose view it is: the router's own, or only that of its peers. */
  seenBy: 'itself' | 'peers' | null;
}

export interface HostStatus {
  name: string;
  kind: HostKind;
  /** False: nobody logs in to it, an address in the policy. */
  managed: boolean;
  /** Public address; null before the first up. */
  address: string | null;
  lan: string | null;
  /** Null: nobody asked. */
  reached: boolean | null;
  error: string | null;
  node: NodeReport | null;
  device: DeviceStatus | null;
  routes: RoutesReport | null;
  release: ReleaseReport | null;
  versions: { tailscale: string | null; tool: string | null };
}

/** The daemon's own word. */
export interface NodeReport {
  state: string;
  online: boolean | null;
}

export interface DeviceStatus {
  nodeId: string;
  name: string;
  addresses: string[];
  online: boolean | null;
  lastSeen: string | null;
  tags: { wanted: string[]; have: string[] };
  /** Null: the key does not expire. */
  keyExpires: string | null;
}

export interface RoutesReport {
  wanted: string[];
  /** Null: unknown. */
  advertised: string[] | null;
  approved: string[] | null;
  drained: boolean | null;
}

export interface ReleaseReport {
  /** Of the config as it is now. */
  planned: string;
  /** Of the last up. */
  recorded: string;
  active: string | null;
  pendingRevert: boolean;
  drift: string[];
}

/** `idle`: nothing was sent lately, so no path is known. */
export type PathClass = 'direct' | 'peer-relay' | 'relay' | 'idle';

/** How `from` reaches `to`, as `from` sees it. */
export interface PathStatus {
  from: string;
  to: string;
  class: PathClass;
  /** Address or relay; empty when idle. */
  via: string;
}

export interface UnplannedDevice {
  nodeId: string;
  name: string;
  tags: string[];
  online: boolean | null;
}
