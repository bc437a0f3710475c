/**
 * The tags of the mesh. `tag:iac` is what the deploying credential holds and what owns the others; no node carries it.
 * A node carries `tag:router` and `tag:router-SITE` when it is a subnet router, and one tag per role of its own
 * (`tag:db`). Roles named router, iac or router-… are refused by the configuration, so the three kinds never collide.
 */
export const OWNER_TAG = 'tag:iac';

export const roleTag = (role: string): string => `tag:${role}`;
export const siteRouterTag = (site: string): string => `tag:router-${site}`;

/** Tags of one subnet router, sorted. `roles` are its own, `router` may be among them. */
export function routerTags(site: string, roles: readonly string[]): string[] {
  return [...new Set([roleTag('router'), siteRouterTag(site), ...roles.map(roleTag)])].sort();
}
