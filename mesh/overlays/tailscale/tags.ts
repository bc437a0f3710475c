/**
 * The tags of the mesh. `tag:iac` is what the deploying credential holds and what owns the others; no node carries it.
 * A node carries `tag:site-SITE`, one tag per role of its own (`tag:db`), `tag:router` and `tag:router-SITE` when it is a subnet router,
 * and `tag:host-NAME` when a service names it. A tool carries `tag:tool-NAME` and nothing else. Roles named router, iac, router-…, site-…, host-… or tool-… are refused by the configuration, so the
 * kinds never collide. Where stacks share a tailnet, the name within carries the stack's in front (`inStack`).
 */
export const OWNER_TAG = 'tag:iac';

export const roleTag = (role: string): string => `tag:${role}`;
export const siteTag = (site: string): string => `tag:site-${site}`;
export const siteRouterTag = (site: string): string => `tag:router-${site}`;
/** Of something that is none of our hosts, as all that joins as that tool. */
export const toolTag = (tool: string): string => `tag:tool-${tool}`;
export const hostTag = (host: string): string => `tag:host-${host}`;

/**
 * What a name is called where several stacks share a tailnet: `prod-db`. Without a stack it is itself. So a role of one stack
 * selects nothing of another, though both are called alike.
 */
export const inStack = (stack: string | undefined, name: string): string =>
  stack === undefined ? name : `${stack}-${name}`;

/** Tag of the credential that a stack deploys with, and that owns the tags of this stack alone; the owner of the policy has the plain one. */
export const deployerTag = (guest: string | undefined): string =>
  guest === undefined ? OWNER_TAG : `${OWNER_TAG}-${guest}`;

/** Tags of one member, sorted. `stack`: where the tailnet is shared. */
export function memberTags(member: {
  name: string;
  site: string;
  roles: readonly string[];
  router: boolean;
  /** Does a service name it? */
  named: boolean;
  stack?: string | undefined;
}): string[] {
  const { roles, router, named, stack } = member;
  const site = inStack(stack, member.site);
  const tags = [siteTag(site), ...roles.map((role) => roleTag(inStack(stack, role)))];
  if (router) tags.push(roleTag(inStack(stack, 'router')), siteRouterTag(site));
  if (named) tags.push(hostTag(inStack(stack, member.name)));
  return [...new Set(tags)].sort();
}

/** What a tag stands for, in words; undefined for what is no tag. A name that carries its stack in front is told with it. */
export function tagWords(tag: string): string | undefined {
  const [, kind, name = ''] = /^tag:(?:(site|router|host|tool)-)?(.+)$/.exec(tag) ?? [];
  if (kind === 'site') return `members of site ${name}`;
  if (kind === 'router') return `routers of site ${name}`;
  if (kind === 'host') return `host ${name}`;
  if (kind === 'tool') return `tool ${name}`;
  return name === '' ? undefined : `members with role ${name}`;
}
