import type * as pulumi from '@pulumi/pulumi';
import type { SitePlan } from '../mesh/plan/types.ts';
import type { DeployAccess } from './connection.ts';
import { MeshHost } from './host.ts';
import { RouterPair, type Provision, type RunningHost } from './router-pair.ts';

export interface SiteHostsArgs {
  plan: SitePlan;
  access: DeployAccess;
  /** The tailnet policy: nobody joins before it stands. */
  policy: pulumi.Resource[];
  provision: Provision;
}

/** All hosts of a site whatever its cloud: the routers as a pair, the others each by itself. Routers first. */
export function siteHosts({ plan, access, policy, provision }: SiteHostsArgs, parent: pulumi.Resource): RunningHost[] {
  const { name, routers } = plan;
  const pair =
    routers.length === 0
      ? []
      : new RouterPair(name, { routers, provision, access, tailnet: policy }, { parent }).running;
  const others = plan.hosts
    .filter(({ managed }) => managed !== undefined)
    .map((host): RunningHost => {
      const machine = provision(host, { parent, after: [] });
      return {
        plan: host,
        machine,
        host: new MeshHost(host.name, { plan: host, machine, access, tailnet: policy }, { parent }),
      };
    });
  return [...pair, ...others];
}
