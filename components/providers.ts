import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import * as tailscale from '@pulumi/tailscale';
import { MeshProvider } from '../provider/resources/provider.ts';
import type { Settings } from './settings.ts';

/**
 * The providers, each made explicitly with its own credential (default providers are switched off, so an ambient
 * one is never used). Handed to a component, they serve all its children.
 */
export function makeProviders(
  settings: Settings,
  tailnet: string,
): Record<'hcloud' | 'tailscale' | 'mesh' | 'pulumi', pulumi.ProviderResource> {
  return {
    hcloud: new hcloud.Provider('hetzner', settings.hetzner),
    tailscale: new tailscale.Provider('tailscale', { ...settings.tailscale, tailnet }),
    mesh: new MeshProvider('mesh', { ...settings.tailscale, tailnet }),
    // The engine's own, which answers for the stack: a default one would come and go in the state with each resize.
    pulumi: new Engine('engine'),
  };
}

class Engine extends pulumi.ProviderResource {
  constructor(name: string) {
    super('pulumi', name);
  }
}
