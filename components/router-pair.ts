import * as pulumi from '@pulumi/pulumi';
import type { HostPlan } from '../mesh/plan/types.ts';
import type { DeployAccess } from './connection.ts';
import { MeshHost, type HostMachine } from './host.ts';

/** Makes the server of one host at its cloud, or finds the existing one. `after` is what must be finished before it is touched. */
export type Provision = (plan: HostPlan, options: { parent: pulumi.Resource; after: pulumi.Resource[] }) => HostMachine;

export interface RouterPairArgs {
  /** Up to two routers of one site; the first is made first and so becomes the primary. */
  routers: HostPlan[];
  provision: Provision;
  access: DeployAccess;
  tailnet: pulumi.Resource[];
}

/** A host with what outputs say about it. */
export interface RunningHost {
  plan: HostPlan;
  machine: HostMachine;
  host: MeshHost;
}

/**
 * The subnet routers of one site, as one chain: the second router's server, release and node wait for the first one's
 * node. So no step ever touches both at once, and while one restarts the other carries the routes. The chain is made
 * of `dependsOn` alone: a value that flowed from A to B would make a replaced A replace B as well.
 */
export class RouterPair extends pulumi.ComponentResource {
  readonly running: RunningHost[] = [];

  constructor(
    name: string,
    { routers, provision, access, tailnet }: RouterPairArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super('site-mesh:index:RouterPair', name, {}, options);
    let after: pulumi.Resource[] = [];
    for (const plan of routers) {
      const machine = provision(plan, { parent: this, after });
      const host = new MeshHost(plan.name, { plan, machine, access, tailnet }, { parent: this });
      this.running.push({ plan, machine, host });
      after = [host.last];
    }
    this.registerOutputs({ routers: routers.map(({ name: router }) => router) });
  }
}
