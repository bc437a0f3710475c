import type { Connection } from '../../io/ssh/connect.ts';
import type { HostPlan, MeshPlan } from '../../mesh/plan/types.ts';
import type { Keys } from '../preflight/keys.ts';

/** Where a host is, and the one host key that it may present. */
export interface HostPlace {
  address: string;
  hostKey: string;
}

/** How the deploying side dials a host of a plan: as the program does (components/connection.ts), with keys at hand. */
export function connectionTo(plan: MeshPlan, { ssh }: HostPlan, place: HostPlace, keys: Keys): Connection {
  const via = ssh?.via ?? plan.ssh.via;
  return {
    host: place.address,
    ...(ssh && { port: ssh.port }),
    user: ssh?.user ?? plan.ssh.user,
    hostKey: place.hostKey,
    privateKey: keys.ssh,
    ...(via && { via: { ...via, privateKey: keys.jump } }),
  };
}
