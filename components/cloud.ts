import type * as pulumi from '@pulumi/pulumi';
import type { MeshPlan, SitePlan } from '../mesh/plan/types.ts';
import type { DeployAccess } from './connection.ts';
import type { RunningHost } from './router-pair.ts';

/** What the sites of one account are made with. */
export interface AccountContext {
  plan: MeshPlan;
  /** Name of the stack: part of names at clouds whose accounts several stacks may share. */
  stack: string;
  /** Base of the Pulumi names of what the account holds once: the network, and the account unless it is the default one. */
  name: string;
  /** The account's sites, sorted by name. */
  sites: readonly SitePlan[];
  access: DeployAccess;
  /** The tailnet policy: nothing is bought and nobody joins before it stands. */
  policy: pulumi.Resource[];
  /** true in production: servers, addresses and networks cannot be deleted. */
  protect: boolean;
  /** For components: the account's own provider, and those that serve everywhere. */
  options: pulumi.ComponentResourceOptions;
}

/** How the sites of one cloud are made: the one thing that a folder of components must offer (docs/adding-a-cloud.md). */
export interface CloudComponents {
  /** The cloud's provider, explicit, with the account's own token; absent where no cloud is asked. */
  provider?: {
    /** Package of the provider, as components look it up: `hcloud`. */
    package: string;
    make(name: string, credential: { token: pulumi.Output<string>; endpoint?: string }): pulumi.ProviderResource;
  };
  /** Makes all sites of one account. @returns the hosts of each site, routers first */
  sites(context: AccountContext): Map<string, RunningHost[]>;
}
