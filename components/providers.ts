import * as command from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import * as tailscale from '@pulumi/tailscale';
import { MeshProvider } from '../provider/resources/provider.ts';
import { ofAccount } from '../mesh/config/credentials.ts';
import { hostsOf } from '../mesh/plan/index.ts';
import type { MeshPlan } from '../mesh/plan/types.ts';
import { cloudComponents } from './clouds.ts';
import type { Account, Settings } from './settings.ts';

/** Providers by package name: handed to a component, they serve all its children. */
export type Providers = Record<string, pulumi.ProviderResource>;

export interface MeshProviders {
  /** tailscale, mesh, the engine's own, and command where somebody has commands of his own: the same everywhere. */
  shared: Providers;
  /** By cloud and account, as a site's plan names them: that account's own. */
  accounts: Map<string, pulumi.ProviderResource>;
}

/** How `MeshProviders.accounts` calls an account. */
export const accountKey = (cloud: string, account: string): string => `${cloud}/${account}`;

/**
 * All providers, each made explicitly with its own credential (default providers are switched off, so an ambient one is
 * never used), and only those that the plan uses: nobody fetches a plugin for nothing.
 */
export function makeProviders(settings: Settings, plan: MeshPlan): MeshProviders {
  const { name: tailnet, loginServer } = plan.tailnet;
  const commands = plan.sites.some((site) => hostsOf(site).some((host) => host.commands.length > 0));
  return {
    shared: {
      // Settings of a tailnet are its owner's.
      ...(plan.policy.shared?.pushes !== false && {
        tailscale: new tailscale.Provider('tailscale', { ...settings.tailscale, tailnet }),
      }),
      mesh: new MeshProvider('mesh', { ...settings.tailscale, tailnet, loginServer }),
      // The engine's own, which answers for the stack: a default one would come and go in the state with each resize.
      pulumi: new Engine('engine'),
      ...(commands && { command: new command.Provider('command') }),
    },
    accounts: new Map(settings.accounts.map((one) => [accountKey(one.cloud, one.account), accountProvider(one)])),
  };
}

/** Named by cloud and account. */
function accountProvider({ cloud, account, token, endpoint }: Account): pulumi.ProviderResource {
  const { provider } = cloudComponents[cloud];
  if (provider === undefined) throw new Error(`${cloud} has a token and no provider`);
  return provider.make(ofAccount(cloud, account), { token, ...(endpoint !== undefined && { endpoint }) });
}

class Engine extends pulumi.ProviderResource {
  constructor(name: string) {
    super('pulumi', name);
  }
}
