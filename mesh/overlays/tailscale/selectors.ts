import type { Endpoint } from '../../access/types.ts';
import { IPV6_ALIAS } from '../../config/clouds.ts';
import { hostTag, roleTag, siteRouterTag, siteTag, toolTag } from './tags.ts';

/** A name in the policy, and the address or prefix that it stands for where it is an alias. */
export interface Selector {
  text: string;
  value?: string;
}

/** How the policy names an endpoint: an alias stands for one address or prefix, so what has both families has two names. */
export function selectors(endpoint: Endpoint): Selector[] {
  switch (endpoint.kind) {
    case 'group':
      return [{ text: `group:${endpoint.name}` }];
    case 'tool':
      return [{ text: toolTag(endpoint.name) }];
    case 'members-of-site':
      return [{ text: siteTag(endpoint.site) }];
    case 'routers-of-site':
      return [{ text: siteRouterTag(endpoint.site) }];
    case 'member':
      return [{ text: hostTag(endpoint.name) }];
    case 'members-with-role':
      return [{ text: roleTag(endpoint.role) }];
    case 'lan-host':
      // Reached through its site's subnet router: the destination is the LAN address, not a node.
      return aliases(endpoint.name, endpoint.address, endpoint.address6);
    case 'lan':
      return aliases(`lan-${endpoint.site}`, endpoint.cidr, endpoint.cidr6);
  }
}

const aliases = (name: string, value: string, value6: string | undefined): Selector[] => [
  { text: name, value },
  ...(value6 === undefined ? [] : [{ text: `${name}${IPV6_ALIAS}`, value: value6 }]),
];

/** `tcp/5432` → `tcp:5432`. */
export const grantPort = (port: string): string => port.replace('/', ':');
