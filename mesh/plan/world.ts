import type { World } from '../overlays/tailscale/policy/world.ts';
import { hostsOf } from './index.ts';
import type { MeshPlan } from './types.ts';

/**
 * Who and what a plan describes: members by their tags (their tailnet addresses are not known before they join), tools as `tool:NAME`,
 * LAN hosts by their addresses where these are known, and the people of its groups.
 */
export function worldOf(plan: MeshPlan): World {
  const hosts = plan.sites.flatMap(hostsOf);
  const logins = new Set(plan.policy.access.flatMap(({ people }) => people ?? []));
  return {
    nodes: [
      ...hosts.flatMap(({ name, node }) =>
        node === undefined ? [] : [{ name, tags: node.tags, addresses: [], routes: node.advertises, ssh: node.ssh }],
      ),
      ...plan.tools.map(({ name, tag }) => ({ name: `tool:${name}`, tags: [tag], addresses: [], ssh: false })),
    ],
    people: [...logins].sort().map((login) => ({ login })),
    lanHosts: hosts.flatMap(({ name, site, node, lan, lan6 }) => {
      const addresses = [lan, lan6].filter((address) => address !== undefined);
      return node === undefined && addresses.length > 0 ? [{ name, site, addresses }] : [];
    }),
    lans: plan.sites.map(({ name, cidr, cidr6 }) => ({
      site: name,
      cidrs: [cidr, ...(cidr6 === undefined ? [] : [cidr6])],
    })),
  };
}
