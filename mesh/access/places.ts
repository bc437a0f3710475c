import { cloudOf } from '../config/clouds.ts';
import type { SiteNetwork } from '../config/paths.ts';
import type { HostConfig, MeshConfig, SiteConfig } from '../config/schema.ts';
import type { Endpoint, Place } from './types.ts';

export const sortedByName = <T extends { name: string }>(all: readonly T[]): T[] =>
  all.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** What of a site decides which paths there are. */
export const networkOf = (name: string, { cloud, lan, snat = true, routers }: SiteConfig): SiteNetwork => ({
  name,
  cloud,
  lan,
  snat,
  hasRouters: routers.length > 0,
});

/** Does a host join the tailnet? */
export const isMember = ({ cloud }: SiteConfig, { member }: HostConfig, router: boolean): boolean =>
  router || (member ?? cloudOf(cloud).hostsAreMembers);

/** Every host of the mesh, sorted by name. A router carries the role `router` besides its own. */
export function places(config: MeshConfig): Place[] {
  const all = Object.entries(config.sites).flatMap(([name, site]) => {
    const network = networkOf(name, site);
    return [
      ...site.routers.map((host) => place(network, site, host, true)),
      ...site.hosts.map((host) => place(network, site, host, false)),
    ];
  });
  return sortedByName(all);
}

/** As an end of a rule; none where nobody knows its address before a cloud is asked. */
export function lanHost({ name, address, address6 }: Place): Extract<Endpoint, { kind: 'lan-host' }>[] {
  return address === undefined
    ? []
    : [{ kind: 'lan-host', name, address, ...(address6 !== undefined && { address6 }) }];
}

/** The LAN of a site as an end of a rule. */
export const wholePrefix = (site: string, { cidr, cidr6 }: SiteConfig): Endpoint => ({
  kind: 'lan',
  site,
  cidr,
  ...(cidr6 !== undefined && { cidr6 }),
});

function place(network: SiteNetwork, site: SiteConfig, host: HostConfig, router: boolean): Place {
  return {
    name: host.name,
    site: network.name,
    ...(host.lan !== undefined && { address: host.lan }),
    ...(host.lan6 !== undefined && { address6: host.lan6 }),
    roles: [...(router ? ['router'] : []), ...host.roles].sort(),
    party: { kind: isMember(site, host, router) ? 'member' : 'lan', name: host.name, site: network },
  };
}

/** Places by what selects them: `fra-db-01`, `role:db`, `site:eu-fra`; none by what nobody declared. In the order in which they are given. */
export type Index = (selector: string) => readonly Place[];

export function indexed(all: readonly Place[]): Index {
  const index = new Map<string, Place[]>();
  for (const one of all) {
    for (const key of [one.name, `site:${one.site}`, ...one.roles.map((role) => `role:${role}`)]) {
      const known = index.get(key);
      if (known) known.push(one);
      else index.set(key, [one]);
    }
  }
  return (selector) => index.get(selector) ?? [];
}
