/**
 * What a host must be: the input of `render` (HostSpec) and its answer (Release).
 * Interface names appear in neither: they are resolved on the host (docs/host-protocol.md).
 */
export interface HostSpec {
  /** Host name, unique in the stack; also its hostname. */
  name: string;
  site: string;
  /** Absent where sshd stays its owner's. */
  ssh?: SshSpec;
  /** `gateway` only where it is known beforehand and lies outside the prefix. The host's own LAN address is resolved on it. */
  lan: LanSpec;
  /** Present on tailnet members, routers included. */
  member?: { tailscaleVersion: string; source?: AptSource };
  /** Present on subnet routers only. */
  router?: RouterSpec;
}

export interface LanSpec {
  prefix: string;
  supernet: string;
  gateway?: string;
  /** Where the LAN has IPv6 of ours: its prefix there, and the stack's. */
  ipv6?: { prefix: string; supernet: string };
}

/** Another apt repository than the vendor's. `{id}` and `{codename}` in the addresses are the host's own (os-release). */
export interface AptSource {
  url: string;
  /** Where its signing key is. */
  key: string;
  /** Of that key, 40 hex digits, upper case. */
  fingerprint: string;
}

/** Who may log in: one account, with these keys and no others. */
export interface SshSpec {
  user: string;
  /** OpenSSH public key lines. */
  authorizedKeys: string[];
}

export interface RouterSpec {
  /** Prefixes of the own site, all advertised; the same on every router of the site. */
  advertises: string[];
  /** How the LAN finds the active router; present when SNAT is off. The agent on the routers keeps it there. */
  way?: WaySpec;
}

/** `layer2`: an address that the active router holds on the LAN. `hetzner`: an alias address that it gives itself by the cloud's API. */
export type WaySpec =
  | { kind: 'layer2'; vip: string; vip6?: string }
  | { kind: 'hetzner'; vip: string; endpoint: string; network: string; server: string };

export interface ReleaseFile {
  content: string;
  /** Octal, as chmod takes it: "0644". Owner is root always. */
  mode: string;
}

export interface ReleaseUnit {
  /** Enabled at boot and running when active; `oneshot` units with RemainAfterExit count as running. */
  enabled: boolean;
  /** `restart` or `reload` when one of these files of the release changed. */
  onChange: 'restart' | 'reload';
  watches: string[];
}

/** A release in full. Its hash is sha256 over its canonical JSON (keys sorted, no blanks, UTF-8): see `releaseHash`. */
export interface Release {
  /** By absolute path. Paths are ASCII. */
  files: Record<string, ReleaseFile>;
  /** By unit name. */
  units: Record<string, ReleaseUnit>;
  /** Debian package → exact version, held. */
  packages: Record<string, string>;
}
