import { clouds } from '../config/clouds.ts';
import type { HostConfig, MeshConfig, SiteConfig } from '../config/schema.ts';
import type { Place } from './types.ts';

export const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : Number(a.name > b.name);

/** Every host of the mesh, sorted by name. A router carries the role `router` besides its own. */
export function places(config: MeshConfig): Place[] {
  return Object.entries(config.sites)
    .flatMap(([site, content]) => [
      ...content.routers.map((host) => place(site, content, host, true)),
      ...content.hosts.map((host) => place(site, content, host, false)),
    ])
    .sort(byName);
}

function place(site: string, { cloud }: SiteConfig, host: HostConfig, router: boolean): Place {
  const member = router || clouds[cloud].hostsAreMembers;
  return {
    name: host.name,
    site,
    address: host.lan,
    roles: [...new Set([...(router ? ['router'] : []), ...host.roles])].sort(),
    party: member ? { kind: 'member', name: host.name, site } : { kind: 'lan', name: host.name, site, cloud },
  };
}

/** Hosts that `role:db` or `fra-db-01` selects. */
export function select(all: readonly Place[], selector: string): Place[] {
  const role = selector.startsWith('role:') ? selector.slice('role:'.length) : undefined;
  return all.filter((one) => (role === undefined ? one.name === selector : one.roles.includes(role)));
}
