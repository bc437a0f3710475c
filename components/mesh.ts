import * as pulumi from '@pulumi/pulumi';
import { cloudNames, type CloudName } from '../mesh/config/clouds.ts';
import { ofAccount } from '../mesh/config/credentials.ts';
import { accountNames, accountOf } from '../mesh/plan/accounts.ts';
import type { HostKind, MeshPlan } from '../mesh/plan/types.ts';
import { AccessTests } from './access-tests.ts';
import { cloudComponents } from './clouds.ts';
import type { DeployAccess, Drain } from './connection.ts';
import { accountKey, type MeshProviders, type Providers } from './providers.ts';
import type { RunningHost } from './router-pair.ts';
import { Tailnet } from './tailnet.ts';

export interface MeshArgs {
  plan: MeshPlan;
  /** Name of the stack: part of names at clouds whose accounts several stacks may share. */
  stack: string;
  privateKey: pulumi.Input<string>;
  jumpPrivateKey: pulumi.Input<string>;
  drain: Drain;
  providers: MeshProviders;
  /** true in production: see HetznerSite. */
  protect: boolean;
}

/** What a stack's outputs say about one host. */
export interface HostOutput {
  name: string;
  site: string;
  kind: HostKind;
  publicAddress: pulumi.Output<string>;
  lan: pulumi.Output<string>;
  /** Empty on hosts that are no tailnet members. */
  tailnetAddresses: pulumi.Output<string[]>;
  /** Hash of the confirmed release. */
  release: pulumi.Output<string>;
  /** Public key line that SSH connections pin. The next up reads it here, before it knows it otherwise (drain.ts). */
  hostKey: pulumi.Output<string>;
}

/** The whole mesh of a plan: the tailnet's policy first, then cloud by cloud each account with its sites. */
export function compose(args: MeshArgs): HostOutput[] {
  const { plan, stack, privateKey, jumpPrivateKey, drain, providers, protect } = args;
  const network = plan.network.name;
  const tailnet = new Tailnet(
    network,
    { home: plan.tailnet.home, policy: plan.policy, protect },
    { providers: providers.shared },
  );
  const access: DeployAccess = { ssh: plan.ssh, privateKey, jumpPrivateKey, drain };
  const running = new Map<string, RunningHost[]>();
  for (const cloud of cloudNames) {
    for (const account of accountNames(plan, cloud)) {
      const made = cloudComponents[cloud].sites({
        plan,
        stack,
        name: ofAccount(network, account),
        sites: plan.sites.filter((site) => site.cloud === cloud && accountOf(site) === account),
        access,
        policy: [tailnet.policy],
        protect,
        options: { providers: withAccount(providers, cloud, account) },
      });
      for (const [site, hosts] of made) running.set(site, hosts);
    }
  }
  const hosts = plan.sites.flatMap(({ name }) => running.get(name) ?? []);
  const nodes = hosts.flatMap(({ host }) => host.node ?? []);
  if (nodes.length > 0 && plan.policy.joined.length + plan.policy.joinedSsh.length > 0)
    new AccessTests(
      network,
      { tailnet: plan.tailnet.home, plan: plan.policy, etag: tailnet.policy.etag, nodes },
      { providers: providers.shared },
    );
  return hosts.map(output);
}

/** The providers that serve everywhere, and the account's own. */
function withAccount(providers: MeshProviders, cloud: CloudName, account: string): Providers {
  const { provider } = cloudComponents[cloud];
  if (provider === undefined) return providers.shared;
  const own = providers.accounts.get(accountKey(cloud, account));
  if (own === undefined)
    throw new Error(`account ${account} at ${cloud} has no provider; settings should have made one`);
  return { ...providers.shared, [provider.package]: own };
}

const output = ({ plan, machine, host }: RunningHost): HostOutput => ({
  name: plan.name,
  site: plan.site,
  kind: plan.kind,
  publicAddress: pulumi.output(machine.target.address),
  lan: pulumi.output(machine.lan),
  tailnetAddresses: host.tailnetAddresses,
  release: host.hash,
  hostKey: host.hostKey,
});
