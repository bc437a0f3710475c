import * as pulumi from '@pulumi/pulumi';
import type { HostPlan, SitePlan } from '../../mesh/plan/types.ts';
import type { DeployAccess } from '../connection.ts';
import type { HostMachine } from '../host.ts';
import type { RunningHost } from '../router-pair.ts';
import { siteHosts } from '../site-hosts.ts';

export interface ExistingSiteArgs {
  plan: SitePlan;
  access: DeployAccess;
  /** The tailnet policy: nobody joins before it stands. */
  policy: pulumi.Resource[];
}

/** A site of machines that were there before: nothing is bought, and a destroy puts back what was on them. */
export class ExistingSite extends pulumi.ComponentResource {
  /** Every managed host of the site, routers first. */
  readonly running: RunningHost[];

  constructor(name: string, { plan, access, policy }: ExistingSiteArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:existing:Site', name, {}, options);
    const provision = (host: HostPlan, { after }: { after: pulumi.Resource[] }): HostMachine =>
      machine(host, [...policy, ...after]);
    this.running = siteHosts({ plan, access, policy, provision }, this);
    this.registerOutputs({ cidr: plan.cidr, hosts: this.running.map(({ plan: { name: host } }) => host) });
  }
}

function machine(plan: HostPlan, ready: pulumi.Resource[]): HostMachine {
  const { ssh, lan } = plan;
  if (ssh === undefined || lan === undefined)
    throw new Error(`${plan.name} has no ssh or no lan; parseConfig should have refused it`);
  const { host: address, port, user, hostKey, via } = ssh;
  return {
    // By name: a machine that gets another address is still the same machine.
    id: `existing:${plan.name}`,
    target: { address, port, user, via },
    hostKey,
    lan,
    provisioned: false,
    ready,
  };
}
