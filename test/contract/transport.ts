/** How the contract suite reaches a host: the real tool in a sandbox, or the lab's sshd. */
export interface LineAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

/** One SSH connection, or what stands for one. */
export interface HostConnection {
  exec(line: string, stdin?: string | Uint8Array): Promise<LineAnswer>;
  close(): Promise<void>;
}

export interface HostTransport {
  /** SSH login; any but root gets `sudo -n` before its lines. */
  readonly login: string;
  /** Name of the tailnet that `mintKey` makes keys for, as the host sees it. */
  readonly tailnet: string;
  /** LAN address that an interface of the host holds, and the prefix it belongs to. */
  readonly lan: string;
  readonly lanPrefix: string;
  /**
   * A fresh machine after its first boot: no tool, no release, joined to nothing, an ECDSA host key that came with user_data,
   * and no ed25519 key.
   */
  reset(): Promise<void>;
  connect(): Promise<HostConnection>;
  /** A single-use join key that carries these tags. */
  mintKey(tags: string[]): Promise<string>;
  /** What the revert timer, if armed, does when this many seconds pass. */
  pass(seconds: number): Promise<void>;
  /** Runs `during` while another run holds the host. */
  whileBusy?(during: () => Promise<void>): Promise<void>;
  /** What is at this path of the host now; undefined when nothing. */
  readFile?(path: string): Promise<string | undefined>;
  /** Somebody with an editor. */
  writeFile?(path: string, content: string): Promise<void>;
  /** Puts software of others on the machine: `docker`, `ufw`, `tailscale` (logged out). */
  foreign?(names: string[]): Promise<void>;
  close(): Promise<void>;
}

/** What this host really does; tests of the rest are skipped and say why. */
export interface HostAbilities {
  /** Runs nft, systemd-analyze and sshd over what it received. */
  checks: boolean;
  busy: boolean;
  files: boolean;
  /** Can be given software of others. */
  foreign: boolean;
  /** Has packages of tailscale, and a tailnet to join. */
  tailnet: boolean;
  /** An address that answers pings; undefined: it has no network, and says so. */
  neighbour: string | undefined;
}
