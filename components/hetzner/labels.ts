import type { HostKind, HostPlan } from '../../mesh/plan/types.ts';

/** Whose all that is: the network, and the stack that runs it. */
export interface Owner {
  /** Name of the network; the names at the cloud begin with it. */
  network: string;
  /** Name of the stack. */
  stack: string;
}

/** Labels of everything that we make at Hetzner: whose it is, in which stack, and what for. */
export const labels = ({ network, stack }: Owner, role: string, site?: string): Record<string, string> => ({
  owner: network,
  env: stack,
  role,
  'managed-by': 'site-mesh',
  ...(site !== undefined && { site }),
});

/**
 * The same of a server and its address. `role` is what the host is for the mesh: roles of the config are the tailnet's, and a change of
 * them touches no server. `kind` says it again, because firewalls have always found their servers by it: one that looked for
 * another label would let go of them until they carry it.
 */
export const hostLabels = (owner: Owner, { site, kind }: HostPlan): Record<string, string> => ({
  ...labels(owner, kind, site),
  kind,
});

/** Servers of one kind at one site, as a Hetzner label selector. */
export const selector = (site: string, kind: HostKind): string => `site=${site},kind=${kind}`;
