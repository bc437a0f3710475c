/** Somebody or something of a tailnet and its LANs, by all of its addresses. */
export interface Party {
  /** A host's name, a login, or what an address stands for that nobody has (`next to fra-db-01`). */
  name: string;
  kind: 'member' | 'person' | 'lan' | 'nobody';
  addresses: string[];
}

/** A node that has joined. */
export interface JoinedNode {
  name: string;
  tags: string[];
  addresses: string[];
  user?: string;
  routes: string[];
}

/** Everything that a policy is judged against, as real nodes found it. */
export interface Joined {
  nodes: JoinedNode[];
  people: { login: string; admin?: boolean }[];
  lanHosts: { name: string; site: string; addresses: string[] }[];
  lans: { site: string; cidrs: string[] }[];
}
