/** What the lab remembers of a host, and what passes between the files of this folder. All of it is plain JSON. */

import type { Clock, Collection, Faults, ServerView, TailnetNodes } from '../types.ts';

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** An account that user_data made. */
export interface Login {
  name: string;
  /** OpenSSH public keys. */
  keys: string[];
  /** May run `sudo -n`. */
  sudo: boolean;
}

export interface ReleaseFile {
  content: string;
  mode: string;
}
export interface Release {
  files: Record<string, ReleaseFile>;
  units: Record<string, { enabled: boolean; onChange: 'restart' | 'reload'; watches: string[] }>;
  packages: Record<string, string>;
}

/** What `apply stage` received beside the release. Credentials: name → sha256, never the secret. */
export interface Staged {
  lan: string;
  lanPrefix: string;
  lan6?: string;
  retireBootstrapKey: boolean;
  credentials: Record<string, string>;
  /** Absent for servers of ours. */
  existing?: ExistingMachine;
}

/** What a request says of a machine that was there before us. */
export interface ExistingMachine {
  accepts: string[];
  tailnet: string | null;
}

export interface Pending {
  hash: string;
  /** Clock value at which the last confirmed release comes back. */
  deadline: number;
  /** The connection that activated: it may not confirm. */
  connection: string;
}

export interface HostRecord {
  serverId: string;
  name: string;
  /** Clock value of the first boot. */
  bornAt: number;
  /** The cloud's `bootedAt` that `bootId` stands for; null where the cloud does not say. */
  bootedAt: number | null;
  bootId: string;
  powered: boolean;
  logins: Login[];
  /** Cloud keys for root, as of creation. */
  rootKeys: string[];
  /** OpenSSH private keys by type; a type that user_data gave but sshd cannot load is absent. */
  hostKeys: Partial<Record<KeyType, string>>;
  /** user_data brought the ECDSA key, so whoever can read user_data has it. */
  bootstrapKey: boolean;
  /** The bootstrap key is put away and no longer offered. */
  retired: boolean;
  /** Paths of installed host tools. */
  tools: string[];
  /** The one that activated last: first 16 hex digits of its sha256. Absent: none so far. */
  linkedTool?: string;
  staged: Record<string, Staged>;
  active: string | null;
  /** What was active before. */
  previous: string | null;
  confirmed: string | null;
  pending: Pending | null;
  /** Whether the overlay ran when the pending release was activated: one that was down before is not its fault. */
  overlay: boolean;
  nodeId: string | null;
  /** What the last join asked for. */
  wantedRoutes: string[];
  drained: boolean;
  /** The last join asked for Tailscale's own SSH server. Absent: it did not. */
  ssh?: boolean;
  unexecuted: { what: string; why: string }[];
  /** Scripts of the user's own commands, by name, as last received. Absent: none so far. */
  ownCommands?: Record<string, { sha256: string; bytes: number }>;
  /** Software that was there before us: `docker`, `firewalld`, `nftables`, `tailscale`, `ufw`. */
  present?: string[];
  /** A release came with the word that the machine was there before us; what follows was noted then. */
  existing?: boolean;
  /** The ed25519 host key came with our first release. */
  madeKey?: boolean;
  packagesBefore?: Record<string, string>;
}
export type KeyType = 'ecdsa' | 'ed25519';

/** The host's disk as far as releases own it. */
export interface Disk {
  files: Record<string, ReleaseFile>;
  units: Release['units'];
  packages: Record<string, string>;
  /** What was at a path before a release first took it; null: nothing. */
  originals: Record<string, ReleaseFile | null>;
}

export interface Collections {
  hosts: Collection<HostRecord>;
  disks: Collection<Disk>;
  /** By `SERVERID/HASH`. */
  releases: Collection<Release>;
}

/** Everything that a line may look at while it runs. */
export interface LineContext {
  view: ServerView;
  /** A copy; whoever changes it calls `save`. */
  host: HostRecord;
  save(): void;
  collections: Collections;
  nodes: TailnetNodes;
  faults: Faults;
  clock: Clock;
  firstBootMs: number;
  /** Identity of the SSH connection. */
  connection: string;
}
