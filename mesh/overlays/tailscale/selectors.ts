import type { Endpoint } from '../../access/types.ts';
import { hostTag, roleTag, siteRouterTag, siteTag } from './tags.ts';

/** How the policy names an endpoint, and the host alias that this name needs. */
export function selector(endpoint: Endpoint): { text: string; alias?: { name: string; value: string } } {
  switch (endpoint.kind) {
    case 'group':
      return { text: `group:${endpoint.name}` };
    case 'members-of-site':
      return { text: siteTag(endpoint.site) };
    case 'routers-of-site':
      return { text: siteRouterTag(endpoint.site) };
    case 'member':
      return { text: hostTag(endpoint.name) };
    case 'members-with-role':
      return { text: roleTag(endpoint.role) };
    case 'lan-host':
      // Reached through its site's subnet router: the destination is the LAN address, not a node.
      return { text: endpoint.name, alias: { name: endpoint.name, value: endpoint.address } };
    case 'lan':
      return { text: `lan-${endpoint.site}`, alias: { name: `lan-${endpoint.site}`, value: endpoint.cidr } };
  }
}

/** `tcp/5432` → `tcp:5432`. */
export const grantPort = (port: string): string => port.replace('/', ':');
