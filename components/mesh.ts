import type * as pulumi from '@pulumi/pulumi';
import type { MeshPlan } from '../mesh/plan/types.ts';
import type { DeployAccess, Drain } from './connection.ts';
import { HetznerProject } from './hetzner/project.ts';
import { HetznerSite } from './hetzner/site.ts';
import type { RunningHost } from './router-pair.ts';
import { Tailnet } from './tailnet.ts';

export interface MeshArgs {
  plan: MeshPlan;
  privateKey: pulumi.Input<string>;
  jumpPrivateKey: pulumi.Input<string>;
  drain: Drain;
  providers: Record<string, pulumi.ProviderResource>;
  /** true in production: see HetznerSite. */
  protect: boolean;
}

/** What a stack's outputs say about one host. */
export interface HostOutput {
  name: string;
  site: string;
  kind: 'router' | 'host';
  publicAddress: pulumi.Output<string>;
  lan: string;
  /** Empty on hosts that are no tailnet members. */
  tailnetAddresses: pulumi.Output<string[]>;
  /** Hash of the confirmed release. */
  release: pulumi.Output<string>;
  /** Public key line that SSH connections pin. The next up reads it here, before it knows it otherwise (drain.ts). */
  hostKey: pulumi.Output<string>;
}

/** The whole mesh of a plan: the tailnet's policy first, then the sites. */
export function compose({ plan, privateKey, jumpPrivateKey, drain, providers, protect }: MeshArgs): HostOutput[] {
  const tailnet = new Tailnet(plan.network.name, { policy: plan.policy }, { providers });
  const policy = [tailnet.policy];
  const access: DeployAccess = { ssh: plan.ssh, privateKey, jumpPrivateKey, drain };
  const network = plan.network.name;
  const project = new HetznerProject(network, { network, publicKey: plan.ssh.publicKey, after: policy }, { providers });
  return plan.sites.flatMap((site) => {
    const args = { plan: site, network, access, sshKey: project.sshKey, policy, protect };
    return new HetznerSite(site.name, args, { providers }).running.map(output);
  });
}

const output = ({ plan, server, host }: RunningHost): HostOutput => ({
  name: plan.name,
  site: plan.site,
  kind: plan.kind,
  publicAddress: server.publicAddress,
  lan: plan.lan,
  tailnetAddresses: host.tailnetAddresses,
  release: host.hash,
  hostKey: host.hostKey,
});
