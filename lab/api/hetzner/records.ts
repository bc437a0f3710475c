/** What is stored of each object. Views (views.ts) turn it into the API's answers; times are ms of the lab's clock. */
export type Labels = Record<string, string>;

interface Named {
  id: number;
  name: string;
  labels: Labels;
  created: number;
}

export interface SshKeyRecord extends Named {
  publicKey: string;
  /** MD5, colon separated, as the service shows it. */
  fingerprint: string;
}

type SubnetType = 'cloud' | 'server' | 'vswitch';
export interface SubnetRecord {
  type: SubnetType;
  ipRange: string;
  networkZone: string;
}
export interface NetworkRecord extends Named {
  ipRange: string;
  subnets: SubnetRecord[];
  routes: { destination: string; gateway: string }[];
  deleteProtection: boolean;
  exposeRoutesToVswitch: boolean;
  /** A change is running until then: another one is refused with `conflict`. */
  busyUntil: number;
}

export interface FirewallRule {
  direction: 'in' | 'out';
  protocol: 'tcp' | 'udp' | 'icmp' | 'esp' | 'gre';
  port: string | null;
  source_ips: string[];
  destination_ips: string[];
  description: string | null;
}
export type FirewallTarget =
  { type: 'server'; server: { id: number } } | { type: 'label_selector'; label_selector: { selector: string } };
export interface FirewallRecord extends Named {
  rules: FirewallRule[];
  appliedTo: FirewallTarget[];
}

export interface PlacementGroupRecord extends Named {
  type: 'spread';
}

export interface PrimaryIpRecord extends Named {
  type: 'ipv4' | 'ipv6';
  /** Address, for ipv6 the /64. */
  ip: string;
  location: string;
  autoDelete: boolean;
  assignee: number | null;
  deleteProtection: boolean;
}

export type ServerStatus = 'initializing' | 'starting' | 'running' | 'stopping' | 'off';
export interface PrivateNet {
  network: number;
  ip: string;
  aliasIps: string[];
  mac: string;
}
export interface ServerRecord extends Named {
  serverType: string;
  image: number;
  location: string;
  placementGroup: number | null;
  ipv4: number | null;
  ipv6: number | null;
  privateNet: PrivateNet[];
  /** `before` until `at`, then `after`: the status is a function of the clock. */
  power: { before: ServerStatus; after: ServerStatus; at: number };
  busyUntil: number;
  deleteProtection: boolean;
  rebuildProtection: boolean;
  backupWindow: string | null;
  /** GB; keep_disk lets it stay behind the type. */
  disk: number;
}

/** Kept apart from the server, because no answer of the API may ever contain it. */
export interface BootRecord {
  userData: string;
  authorizedKeys: string[];
}

export interface ActionRecord {
  id: number;
  command: string;
  started: number;
  finishes: number;
  resources: { id: number; type: string }[];
  error: { code: string; message: string } | null;
}
