import { lanKind } from '../config/paths.ts';
import type { MeshConfig, SiteConfig } from '../config/schema.ts';
import type { WaySpec } from '../host/spec.ts';

/** Name that a site's network has at its cloud. */
export const cloudNetworkName = (network: string, site: string): string => `${network}-${site}`;

/** How the LAN of a site finds its active router; undefined where routers masquerade, and the LAN needs no way back. */
export function wayOf(config: MeshConfig, name: string, site: SiteConfig, router: string): WaySpec | undefined {
  const { vip, vip6 } = site;
  if (vip === undefined) return undefined;
  if (lanKind(site) === 'layer2') return { kind: 'layer2', vip, ...(vip6 !== undefined && { vip6 }) };
  return {
    kind: 'hetzner',
    vip,
    endpoint: config.agent.hetznerEndpoint,
    network: cloudNetworkName(config.network.name, name),
    server: router,
  };
}
