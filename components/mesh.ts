import * as pulumi from '@pulumi/pulumi';
import { accountNames, accountOf } from '../mesh/plan/accounts.ts';
import type { HostKind, MeshPlan, SitePlan } from '../mesh/plan/types.ts';
import type { DeployAccess, Drain } from './connection.ts';
import { DigitalOceanAccount } from './digitalocean/account.ts';
import { DigitalOceanSite } from './digitalocean/site.ts';
import { ExistingSite } from './existing/site.ts';
import { HetznerProject } from './hetzner/project.ts';
import { HetznerSite } from './hetzner/site.ts';
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

/** What all sites share. */
interface Context extends MeshArgs {
  access: DeployAccess;
  policy: pulumi.Resource[];
}

/** The whole mesh of a plan: the tailnet's policy first, then the accounts at the clouds, each with its sites. */
export function compose(args: MeshArgs): HostOutput[] {
  const { plan, privateKey, jumpPrivateKey, drain, providers } = args;
  const tailnet = new Tailnet(plan.network.name, { policy: plan.policy }, { providers: providers.shared });
  const access: DeployAccess = { ssh: plan.ssh, privateKey, jumpPrivateKey, drain };
  const context: Context = { ...args, access, policy: [tailnet.policy] };
  const running = new Map<string, RunningHost[]>();
  for (const account of accountNames(plan, 'hetzner')) for (const one of hetzner(context, account)) running.set(...one);
  for (const account of accountNames(plan, 'digitalocean'))
    for (const one of digitalOcean(context, account)) running.set(...one);
  for (const site of plan.sites.filter(({ cloud }) => cloud === 'existing')) {
    const made = new ExistingSite(
      site.name,
      { plan: site, access, policy: context.policy },
      { providers: providers.shared },
    );
    running.set(site.name, made.running);
  }
  return plan.sites.flatMap(({ name }) => running.get(name) ?? []).map(output);
}

/** Sites of one Hetzner project. */
function hetzner({ plan, access, policy, protect, providers }: Context, account: string): [string, RunningHost[]][] {
  const network = plan.network.name;
  const own = { providers: withAccount(providers, 'hcloud', accountKey('hetzner', account)) };
  const args = { network, publicKey: plan.ssh.publicKey, after: policy };
  const { sshKey } = new HetznerProject(accountName(network, account), args, own);
  return sitesOf(plan, 'hetzner', account).map((site) => {
    const { running } = new HetznerSite(site.name, { plan: site, network, access, sshKey, policy, protect }, own);
    return [site.name, running];
  });
}

/** Sites of one DigitalOcean account. */
function digitalOcean(context: Context, name: string): [string, RunningHost[]][] {
  const { plan, stack, access, policy, protect, providers } = context;
  const network = plan.network.name;
  const scope = `${network}-${stack}`;
  const own = { providers: withAccount(providers, 'digitalocean', accountKey('digitalocean', name)) };
  const account = new DigitalOceanAccount(
    accountName(network, name),
    { scope, publicKey: plan.ssh.publicKey, environment: protect ? 'Production' : 'Staging', after: policy },
    own,
  );
  const sites = sitesOf(plan, 'digitalocean', name).map((site) => {
    const made = new DigitalOceanSite(site.name, { plan: site, scope, access, account, policy, protect }, own);
    return { name: site.name, made };
  });
  account.hold(
    accountName(network, name),
    sites.flatMap(({ made }) => made.urns),
  );
  return sites.map(({ name: site, made }) => [site, made.running]);
}

const sitesOf = (plan: MeshPlan, cloud: SitePlan['cloud'], account: string): SitePlan[] =>
  plan.sites.filter((site) => site.cloud === cloud && accountOf(site) === account);

const accountName = (network: string, account: string): string =>
  account === 'default' ? network : `${network}-${account}`;

function withAccount(providers: MeshProviders, packageName: string, key: string): Providers {
  const own = providers.accounts.get(key);
  if (own === undefined) throw new Error(`account ${key} has no provider; settings should have made one`);
  return { ...providers.shared, [packageName]: own };
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
