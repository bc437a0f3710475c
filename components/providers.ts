import * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as hcloud from '@pulumi/hcloud';
import type * as pulumi from '@pulumi/pulumi';
import * as tailscale from '@pulumi/tailscale';
import { MeshProvider } from '../provider/resources/provider.ts';
import type { Account, Settings } from './settings.ts';

/** Providers by package name: handed to a component, they serve all its children. */
export type Providers = Record<string, pulumi.ProviderResource>;

export interface MeshProviders {
  /** tailscale, mesh, command: the same everywhere. */
  shared: Providers;
  /** By cloud and account, as a site's plan names them: that account's own. */
  accounts: Map<string, pulumi.ProviderResource>;
}

/** How `MeshProviders.accounts` calls an account. */
export const accountKey = (cloud: string, account: string): string => `${cloud}/${account}`;

/**
 * All providers, each made explicitly with its own credential (default providers are switched off, so an ambient one is
 * never used), and only those of clouds that the stack uses.
 */
export function makeProviders(settings: Settings, tailnet: string): MeshProviders {
  return {
    shared: {
      tailscale: new tailscale.Provider('tailscale', { ...settings.tailscale, tailnet }),
      mesh: new MeshProvider('mesh', { ...settings.tailscale, tailnet }),
      command: new command.Provider('command'),
    },
    accounts: new Map(settings.accounts.map((one) => [accountKey(one.cloud, one.account), accountProvider(one)])),
  };
}

function accountProvider({ cloud, account, token, endpoint }: Account): pulumi.ProviderResource {
  const name = account === 'default' ? cloud : `${cloud}-${account}`;
  if (cloud === 'hetzner') return new hcloud.Provider(name, { token, ...(endpoint !== undefined && { endpoint }) });
  // Always said: the SDK would else take DIGITALOCEAN_API_URL, and send the token there.
  return new digitalocean.Provider(name, { token, apiEndpoint: endpoint ?? 'https://api.digitalocean.com' });
}
