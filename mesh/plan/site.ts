import { clouds } from '../config/clouds.ts';
import type { HostConfig, MeshConfig, SiteConfig } from '../config/schema.ts';
import { render } from '../host/render.ts';
import type { HostSpec, RouterSpec } from '../host/spec.ts';
import { routerTags } from '../overlays/tailscale/tags.ts';
import { firewalls } from './firewall.ts';
import type { HostPlan, SitePlan } from './types.ts';
import { TAILSCALE_VERSION } from './versions.ts';

/** One site, decided. Hosts are sorted by name; so router A of a pair is the first by name, wherever it is listed. */
export function planSite(config: MeshConfig, name: string, site: SiteConfig): SitePlan {
  const cloud = clouds[site.cloud];
  const zones: Readonly<Record<string, string>> = cloud.locations;
  const networkZone = zones[site.location];
  if (networkZone === undefined)
    throw new Error(
      `location ${site.location} of site ${name} has no network zone; parseConfig should have refused it`,
    );
  const hosts = (list: readonly HostConfig[], kind: HostPlan['kind']): HostPlan[] =>
    list.map((host) => planHost(config, name, site, host, kind)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    name,
    cloud: site.cloud,
    location: site.location,
    networkZone,
    supernet: config.network.supernet,
    cidr: site.cidr,
    gateway: cloud.gateway(config.network.supernet, site.cidr),
    routers: hosts(site.routers, 'router'),
    hosts: hosts(site.hosts, 'host'),
    firewalls: firewalls(config.ssh.from),
  };
}

function planHost(
  config: MeshConfig,
  siteName: string,
  site: SiteConfig,
  host: HostConfig,
  kind: HostPlan['kind'],
): HostPlan {
  const cloud = clouds[site.cloud];
  const roles = host.roles.toSorted();
  const router = kind === 'router' ? routerSpec(config, siteName, site) : undefined;
  const spec: HostSpec = {
    name: host.name,
    site: siteName,
    sshUser: config.ssh.user,
    lan: { address: host.lan, prefix: site.cidr, gateway: cloud.gateway(config.network.supernet, site.cidr) },
    ...(router && { router }),
  };
  return {
    name: host.name,
    site: siteName,
    kind,
    lan: host.lan,
    roles,
    serverType: host.serverType ?? site.serverType ?? cloud.defaults.serverType,
    image: host.image ?? site.image ?? cloud.defaults.image,
    ...(router && { node: planNode(host.name, routerTags(siteName, roles), router) }),
    spec,
    release: render(spec),
  };
}

function planNode(hostname: string, tags: string[], router: RouterSpec): NonNullable<HostPlan['node']> {
  // Accepted routes win over the router's own LAN unless its ip rules stand, so they are taken only where some exist.
  return { hostname, tags, advertises: router.advertises, acceptRoutes: router.remotePrefixes.length > 0 };
}

/** The same for every router of a site: all advertise exactly the same prefixes, or Tailscale would not fail over. */
function routerSpec(config: MeshConfig, name: string, site: SiteConfig): RouterSpec {
  const others = Object.entries(config.sites).filter(([other]) => other !== name);
  return {
    advertises: [site.cidr],
    remotePrefixes: others.map(([, { cidr }]) => cidr).sort(),
    // Without it LAN hosts would need a return path into the mesh, which on Hetzner only an agent can hold.
    snat: true,
    tailscaleVersion: TAILSCALE_VERSION,
  };
}
