/**
 * The parts of the lab and what they need of each other. One process holds them all: the API (Hono), the model of
 * the clouds, the tailnet and the jump host; one journalled store is their only state.
 */

/** Plain JSON. Objects are handed out as copies: change one with `put`. */
export interface Collection<T> {
  get(id: string): T | undefined;
  /** In insertion order. */
  all(): T[];
  put(id: string, value: T): void;
  delete(id: string): void;
}

/** One journal file: every put and delete is a line, flushed before the call returns; a torn last line is dropped at start. */
export interface Store {
  collection<T>(name: string): Collection<T>;
  /** Increasing for ever, also over restarts and deletes. */
  nextId(): number;
  /** Drop everything, keep ids increasing. */
  reset(): void;
  close(): void;
}

/** Wall clock in ms; tests hand in their own. */
export type Clock = () => number;

export const FAULTS = {
  'flip-byte': 'one byte of a release changes after the host received it',
  'other-host-key': 'the host presents another host key than the pinned one',
  'action-error': 'the cloud action on this object ends in status error',
  'no-answer': 'the server never answers on port 22',
  'slow-tailnet': 'the tailnet API takes five seconds to answer about this device, or to run tests in this tailnet',
  'key-spent': 'the join key was already used by somebody else',
  'policy-edited': 'somebody edits the tailnet policy just before our push',
  'policy-lockout': 'the tailnet takes a policy, and then says that whoever is asked about is locked out by it',
  'command-fails': 'the user’s own command ends with exit 1 on this host',
  'foreign-software': 'Docker and ufw are on an existing host that has no release of ours yet',
  'name-taken': 'the cloud says that this name is already used',
} as const;
export type FaultName = keyof typeof FAULTS;

/** Faults that only hosts which are records act out → what comes nearest where hosts are machines. */
export const RECORDS_ONLY: Partial<Record<FaultName, string>> = {
  'flip-byte':
    'mesh lab exec HOST changes what has arrived there, mesh lab link A B --loss 5% disturbs what is on its way',
  'other-host-key':
    'mesh lab exec HOST sh -c "rm /etc/ssh/ssh_host_*_key; ssh-keygen -A; systemctl restart ssh" makes it other keys',
  'command-fails': 'mesh lab exec HOST takes away what the command needs, mesh lab kill HOST ends the host below it',
  'foreign-software': 'mesh lab exec HOST puts it there, for example a unit with that name',
};

/** Switchable refusals. `target` is the host or object name; '*' hits any. A fault stays until it is cleared. */
export interface Faults {
  hits(fault: FaultName, target: string): boolean;
  set(fault: FaultName, target: string): void;
  clear(fault?: FaultName): void;
  list(): { fault: FaultName; target: string }[];
}

/** What the jump host and the records driver need to know of a cloud server. */
export interface ServerView {
  /** Unique over all clouds: `hetzner-1017`. */
  id: string;
  name: string;
  publicAddress: string;
  userData: string;
  /** OpenSSH public keys that the cloud injects for root. */
  authorizedKeys: string[];
  running: boolean;
  /** Address in the cloud's private network, where the cloud chose it; otherwise the host's release says it. */
  lanAddress?: string;
  /** Clock value of the last boot. Without it a boot is seen only when somebody looked while the server was off. */
  bootedAt?: number;
  /** A machine that nobody's user_data made: what it was before anybody deployed anything. */
  existing?: {
    /** Of its SSH server; the clouds' servers have 22. */
    port: number;
    /** Lets `authorizedKeys` in; root, or may `sudo -n`. */
    user: string;
    /** OpenSSH private key, ed25519. */
    hostKey: string;
  };
}
export interface Compute {
  /** The server whose SSH server answers there. */
  byPublicAddress(address: string, port: number): ServerView | undefined;
  all(): ServerView[];
}

/** Something that was accepted but not run, for the summary of `try`. */
export interface Unexecuted {
  host: string;
  what: string;
  why: string;
}

export interface JoinRequest {
  authKey: string;
  hostname: string;
  os: string;
  advertiseRoutes: string[];
}
export type JoinAnswer =
  { ok: true; nodeId: string; name: string; addresses: string[]; tags: string[] } | { ok: false; message: string };

export interface TailnetNode {
  nodeId: string;
  tailnet: string;
  name: string;
  hostname: string;
  addresses: string[];
  tags: string[];
  online: boolean;
  advertisedRoutes: string[];
  enabledRoutes: string[];
  primaryRoutes: string[];
  /** RFC 3339; null: the key does not expire. */
  keyExpiry: string | null;
}

/** The in-memory tailnet as a host sees it (tailscaled's side). Which tailnet follows from the auth key. */
export interface TailnetNodes {
  join(request: JoinRequest): JoinAnswer;
  /** undefined: the device was removed. */
  node(nodeId: string): TailnetNode | undefined;
  /** All others of the same tailnet that are logged in; which of them the policy shows to a node is not modelled. */
  peers(nodeId: string): TailnetNode[];
  setAdvertisedRoutes(nodeId: string, routes: string[]): void;
  /** `tailscale set --hostname`: the device's name follows, unless somebody gave it one by hand. */
  setHostname(nodeId: string, hostname: string): void;
  setOnline(nodeId: string, online: boolean): void;
  /** Logout: the device stays listed, offline, its key expired (as on the service). */
  leave(nodeId: string): void;
}
