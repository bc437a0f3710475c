/**
 * The tags of the mesh. `tag:iac` is what the deploying credential holds and what owns the others; no node carries it.
 * A node carries `tag:site-SITE`, one tag per role of its own (`tag:db`), `tag:router` and `tag:router-SITE` when it is a subnet router,
 * and `tag:host-NAME` when a service names it. A tool carries `tag:tool-NAME` and nothing else. Roles named router, iac, router-…, site-…, host-… or tool-… are refused by the configuration, so the
 * kinds never collide.
 */
export const OWNER_TAG = 'tag:iac';

export const roleTag = (role: string): string => `tag:${role}`;
export const siteTag = (site: string): string => `tag:site-${site}`;
export const siteRouterTag = (site: string): string => `tag:router-${site}`;
/** Of something that is none of our hosts, as all that joins as that tool. */
export const toolTag = (tool: string): string => `tag:tool-${tool}`;
export const hostTag = (host: string): string => `tag:host-${host}`;

/** Tags of one member, sorted. */
export function memberTags(member: {
  name: string;
  site: string;
  roles: readonly string[];
  router: boolean;
  /** Does a service name it? */
  named: boolean;
}): string[] {
  const { name, site, roles, router, named } = member;
  const tags = [siteTag(site), ...roles.map(roleTag)];
  if (router) tags.push(roleTag('router'), siteRouterTag(site));
  if (named) tags.push(hostTag(name));
  return [...new Set(tags)].sort();
}
