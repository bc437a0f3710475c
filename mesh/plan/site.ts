import { isMember, networkOf, sortedByName } from '../access/places.ts';
import { cloudOf, TUNNEL } from '../config/clouds.ts';
import { keepsSources, lanKind } from '../config/paths.ts';
import type { HostConfig, MeshConfig, SiteConfig } from '../config/schema.ts';
import { firewalls } from './firewall.ts';
import { planHost } from './host.ts';
import type { HostKind, HostPlan, SitePlan } from './types.ts';

/** What a site must know of the others. */
export interface Surroundings {
  /** All sites that have routers, sorted by prefix. */
  routed: readonly { site: string; cidr: string }[];
  /** Hosts that some service names. */
  named: ReadonlySet<string>;
  /** Hosts that run Tailscale SSH. */
  ssh: ReadonlySet<string>;
  /** This stack's name, where others share its tailnet. */
  stack?: string | undefined;
}

/** One site, decided. Hosts are sorted by name; so router A of a pair is the first by name, wherever it is listed. */
export function planSite(config: MeshConfig, name: string, site: SiteConfig, around: Surroundings): SitePlan {
  const cloud = cloudOf(site.cloud);
  const { supernet } = config.network;
  const gateway = cloud.gateway?.(supernet, site.cidr) ?? site.gateway;
  const hosts = (list: readonly HostConfig[], router: boolean): HostPlan[] =>
    sortedByName(list).map((host) => {
      const kind: HostKind = router ? 'router' : isMember(site, host, false) ? 'member' : 'host';
      return planHost(config, { name, site, gateway }, host, {
        kind,
        named: around.named.has(host.name),
        tailscaleSsh: around.ssh.has(host.name),
        stack: around.stack,
      });
    });
  const routers = hosts(site.routers, true);
  const others = hosts(site.hosts, false);
  const kinds = [...new Set([...routers, ...others].map(({ kind }) => kind))];
  return {
    name,
    cloud: site.cloud,
    ...(site.location !== undefined && { location: site.location, networkZone: cloud.locations?.[site.location] }),
    ...(cloud.sells && { account: site.account ?? 'default' }),
    supernet,
    cidr: site.cidr,
    ...(site.cidr6 !== undefined && { cidr6: site.cidr6 }),
    lan: lanKind(site),
    ...(gateway !== undefined && { gateway }),
    snat: snat(name, site),
    ...(site.vip !== undefined && { vip: site.vip }),
    ...(site.vip6 !== undefined && { vip6: site.vip6 }),
    routes: routes(name, site, around.routed),
    mtu: { ...cloud.mtu, tunnel: TUNNEL.mtu, mss: TUNNEL.mss },
    routers,
    hosts: others,
    firewalls: cloud.sells ? firewalls(config.ssh.from, kinds) : {},
  };
}

function snat(name: string, site: SiteConfig): SitePlan['snat'] {
  const { hasRouters, snat: on } = networkOf(name, site);
  if (!hasRouters) return { on: false, why: 'no subnet router forwards anything' };
  if (!on)
    return {
      on,
      why: `the way back is ${[site.vip, site.vip6].filter((vip) => vip !== undefined).join(' and ')}, held by the active router; tailnet clients are masqueraded all the same`,
    };
  const possible = keepsSources(site);
  if (!possible.possible) return { on, why: possible.why };
  return { on, why: 'by default: LAN hosts need no way back into the mesh; snat: false with a vip keeps sources' };
}

/** A layer-3 LAN forwards by its own routes: one for each other site, to the address that the active router holds. */
function routes(name: string, site: SiteConfig, routed: Surroundings['routed']): SitePlan['routes'] {
  const { vip } = site;
  if (vip === undefined || lanKind(site) !== 'layer3') return [];
  return routed
    .filter((other) => other.site !== name)
    .map((other) => ({ site: other.site, destination: other.cidr, gateway: vip }));
}
