/** Who and what there is: what a policy is held against. */
export interface World {
  nodes: readonly WorldNode[];
  /** Besides these, everybody whom the policy names is known. */
  people: readonly { login: string; admin?: boolean }[];
  /** Hosts that are no members of the tailnet: addresses behind subnet routers. */
  lanHosts: readonly { name: string; site: string; addresses: readonly string[] }[];
  lans: readonly { site: string; cidrs: readonly string[] }[];
}

/** A member of the tailnet: a tagged one, or a device of a person (`user`). */
export interface WorldNode {
  name: string;
  tags: readonly string[];
  /** Tailnet addresses; none as long as it has not joined. */
  addresses: readonly string[];
  user?: string;
  /** Prefixes that it routes for others, approved ones. */
  routes?: readonly string[];
  /** Whether Tailscale SSH answers there; false: ssh rules lead to nothing. Absent: not known, and taken for yes. */
  ssh?: boolean;
}
