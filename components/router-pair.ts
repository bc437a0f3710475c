import * as pulumi from '@pulumi/pulumi';
import type { HostPlan } from '../mesh/plan/types.ts';
import type { DeployAccess } from './connection.ts';
import { MeshHost, type ProvisionedServer } from './host.ts';

/** Makes the server of one router at its cloud. `after` is what must be finished before this server is touched. */
export type Provision = (
  plan: HostPlan,
  options: { parent: pulumi.Resource; after: pulumi.Resource[] },
) => ProvisionedServer;

export interface RouterPairArgs {
  /** One or two routers of one site; the first is made first and so becomes the primary. */
  routers: HostPlan[];
  provision: Provision;
  access: DeployAccess;
  tailnet: pulumi.Resource[];
}

/** A router of the pair, with what outputs say about it. */
export interface RunningHost {
  plan: HostPlan;
  server: ProvisionedServer;
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
      const server = provision(plan, { parent: this, after });
      const host = new MeshHost(plan.name, { plan, server, access, tailnet }, { parent: this });
      this.running.push({ plan, server, host });
      after = [host.last];
    }
    this.registerOutputs({ routers: routers.map(({ name: router }) => router) });
  }
}
