/** What is stored of each object. Views (views.ts) turn it into the API's answers; times are ms of the lab's clock. */

export interface SshKeyRecord {
  id: number;
  name: string;
  publicKey: string;
  fingerprint: string;
}

export interface VpcRecord {
  id: string;
  name: string;
  description: string;
  region: string;
  ipRange: string;
  default: boolean;
  created: number;
  /** Host part that the next member gets: an address is not given out again while others are free. */
  nextHost: number;
}

export interface TagRecord {
  /** As first written: that capitalisation is canonical. */
  name: string;
}

export type Protocol = 'tcp' | 'udp' | 'icmp';
/** Sources of an inbound rule, destinations of an outbound one. */
export interface RuleTarget {
  addresses: string[];
  droplet_ids: number[];
  tags: string[];
}
export interface FirewallRule {
  protocol: Protocol;
  /** `0` for all, as the service answers it. */
  ports: string;
  target: RuleTarget;
}
export interface FirewallRecord {
  id: string;
  name: string;
  created: number;
  inbound: FirewallRule[];
  outbound: FirewallRule[];
  dropletIds: number[];
  tags: string[];
  /** Droplets are being told of it until then. */
  settles: number;
}

export type DropletStatus = 'new' | 'active' | 'off';
export interface DropletRecord {
  id: number;
  /** Not unique: that is how the service is. */
  name: string;
  created: number;
  region: string;
  size: string;
  image: number;
  /** GB; a resize without the disk lets it stay behind the size. */
  disk: number;
  vpc: string;
  lan: string;
  /** Empty without public networking. */
  publicAddress: string;
  ipv6: string | null;
  tags: string[];
  backups: boolean;
  monitoring: boolean;
  project: string;
  /** `before` until `at`, then `after`: the status is a function of the clock. */
  power: { before: DropletStatus; after: DropletStatus; at: number };
  busyUntil: number;
  /** It is being destroyed, and gone from then on. */
  goneAt: number | null;
}

/** Kept apart from the droplet, because no answer of the API may ever contain it. */
export interface BootRecord {
  userData: string;
  authorizedKeys: string[];
}

export interface ReservedIpRecord {
  ip: string;
  region: string;
  droplet: number | null;
  project: string;
  busyUntil: number;
}

export interface ProjectRecord {
  id: string;
  name: string;
  description: string;
  purpose: string;
  environment: string;
  default: boolean;
  created: number;
  updated: number;
}

export interface ActionRecord {
  id: number;
  type: string;
  started: number;
  finishes: number;
  resource: { type: 'droplet'; id: number } | { type: 'reserved_ip'; ip: string };
  region: string;
  errored: boolean;
}
