import type { Inside } from '../../lab/machines/inside/index.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { CliError, EXIT } from '../exit.ts';
import type { PreparedLab } from '../lab/prepare.ts';
import type { LiveStack } from '../live/open.ts';
import type { Say } from './say.ts';

/** What each step of the demo works with. */
export interface Scene {
  lab: PreparedLab;
  stack: LiveStack;
  inside: Inside;
  say: Say;
  signal: AbortSignal;
}

/** The port that the stack's one rule opens, and one that no rule opens. Both are served. */
export const PORT = { listed: 8080, unlisted: 8081 } as const;

export interface App {
  name: string;
  site: string;
  address: string;
  /** Where its LAN has IPv6. */
  address6?: string;
}

/** The hosts behind the routers: they run nothing of the mesh. */
export function apps(plan: MeshPlan): App[] {
  return plan.sites.flatMap(hostsOf).flatMap(({ kind, name, site, lan, lan6 }) => {
    return kind === 'host' && lan !== undefined
      ? [{ name, site, address: lan, ...(lan6 !== undefined && { address6: lan6 }) }]
      : [];
  });
}

/** The application host of a site. */
export function appOf(plan: MeshPlan, site: string): App {
  const found = apps(plan).find((app) => app.site === site);
  if (found === undefined) throw new Error(`the demo's stack has no application host at ${site}`);
  return found;
}

/** The demo ends with what was not as it should be. */
export function fails(message: string): never {
  throw new CliError(EXIT.failed, message);
}
