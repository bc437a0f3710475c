import type { ResolvedAccess } from '../access/types.ts';
import { clouds } from '../config/clouds.ts';
import type { MeshConfig } from '../config/schema.ts';

/** What a reader of the plan must know and might not expect. Sorted. */
export function notes(config: MeshConfig, access: ResolvedAccess): string[] {
  const told = [...access.notes];
  for (const [name, site] of Object.entries(config.sites)) {
    const { lanInitiates } = clouds[site.cloud];
    if (site.hosts.length > 0) {
      told.push(`no LAN host of ${name} may open connections into the mesh: ${lanInitiates.why}`);
      told.push(
        `LAN hosts of ${name} see the active router's LAN address as the client of what comes through the mesh`,
      );
    }
    if (site.routers.length === 1)
      told.push(`${name} has one subnet router: while it is down or restarts, nothing reaches the site's LAN`);
  }
  const used = new Set(config.access.flatMap(({ from }) => from));
  for (const group of Object.keys(config.groups))
    if (!used.has(`group:${group}`))
      told.push(`group ${group} is named by no access rule, so its people reach nothing`);
  return told.sort();
}
