import type { MeshConfig } from '../config/schema.ts';
import { wholePrefix } from './places.ts';
import type { AccessEntry, AccessRule } from './types.ts';

/**
 * Permissions that nobody writes because the mesh itself needs them. There is one kind: the routers of a site may ping
 * their own LAN. Measured: without a grant of this shape neither router sees the other as a peer, so neither can tell
 * that its partner holds the site's prefix, and both believe to be primary. A router alone needs none.
 *
 * The deploying side is not here: it reaches hosts by SSH on their public addresses, never through the mesh it changes.
 */
export function control(config: MeshConfig): { rule: AccessRule; entry: AccessEntry }[] {
  return Object.entries(config.sites)
    .filter(([, { routers }]) => routers.length > 1)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, site]) => {
      const shared = {
        ports: ['icmp/*'],
        why: `control: the routers of ${name} see each other and tell who is primary`,
        implicit: true,
      };
      return {
        rule: { sources: [{ kind: 'routers-of-site', site: name }], targets: [wholePrefix(name, site)], ...shared },
        entry: { from: `routers of ${name}`, to: `LAN of ${name}`, ...shared },
      };
    });
}
