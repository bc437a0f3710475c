import { roleTag, siteRouterTag, siteTag } from '../../mesh/overlays/tailscale/tags.ts';
import { indexed } from '../../mesh/access/places.ts';
import type { StackAccess } from './held.ts';
import type { ServiceHosts } from './lines.ts';

/** What the stack file calls a tag: `tag:site-eu-fra` → `site:eu-fra`. */
export function modelNames({ plan, places }: StackAccess): (tag: string) => string | undefined {
  const names = new Map<string, string>();
  for (const { roles } of places) for (const role of roles) names.set(roleTag(role), `role:${role}`);
  for (const { name } of plan.sites) {
    names.set(siteTag(name), `site:${name}`);
    names.set(siteRouterTag(name), `routers of ${name}`);
  }
  return (tag) => names.get(tag);
}

export function serviceHosts({ config, places }: StackAccess): ServiceHosts[] {
  const index = indexed(places);
  return Object.entries(config.services).map(([name, { on, ports }]) => {
    return { name, ports, hosts: new Set(on.flatMap((place) => index(place).map((host) => host.name))) };
  });
}
