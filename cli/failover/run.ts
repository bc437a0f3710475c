import { withHost } from '../../provider/hosts.ts';
import { CliError, EXIT } from '../exit.ts';
import { openOnce } from '../status/ask.ts';
import { look, questionsOf, type Sources } from '../status/collect.ts';
import { reportOf } from '../status/report.ts';
import type { HostStatus, StatusReport } from '../status/types.ts';
import { advertiseAgain } from './back.ts';
import type { Switch } from './decide.ts';
import { switchOver, type OpenRouter, type Switched, type SwitchState } from './switch.ts';

/** One site of a stack, and how it is reached. */
export interface SiteAccess {
  sources: Sources;
  site: string;
  signal: AbortSignal;
}

/** The site as it is now; hosts of other sites are not asked. */
export async function siteNow({ sources, site, signal }: SiteAccess): Promise<StatusReport> {
  return reportOf(await look(sources, { signal, site }));
}

export interface Ended extends Switched {
  /** The drain was taken back, because the partner did not take over and the LAN would have stayed dark. */
  undone: boolean;
}

/**
 * Drains one router and watches its partner take over.
 * @param reached hears what is so now, so that whoever is interrupted can say what he leaves
 */
export function carryOut(
  access: SiteAccess,
  { prefix, from, to }: Switch,
  reached: (state: SwitchState) => void,
): Promise<Ended> {
  const vip = access.sources.plan.sites.find(({ name }) => name === access.site)?.vip;
  return withRouter(access, from, (source) =>
    withRouter(access, to, async (target) => {
      const { signal } = access;
      const switched = await switchOver({ prefix, from: source, to: target, vip, signal, reached });
      if (switched.primary === undefined) await source.tool.routeAdvertise();
      return { ...switched, undone: switched.primary === undefined };
    }),
  );
}

/** Ends the drains of these routers, one after the other. */
export async function takeBack(access: SiteAccess, drained: readonly HostStatus[]): Promise<void> {
  const { tailnet } = access.sources;
  for (const { name, device, routes } of drained) {
    if (device === null)
      throw new CliError(EXIT.failed, `${name} is no device of the tailnet; pulumi up --refresh joins it again`);
    const wanted = routes?.wanted ?? [];
    await withRouter(access, name, (router) =>
      advertiseAgain({ router, nodeId: device.nodeId, wanted, tailnet, signal: access.signal }),
    );
  }
}

async function withRouter<T>(
  { sources, signal }: SiteAccess,
  name: string,
  work: (router: OpenRouter) => Promise<T>,
): Promise<T> {
  const questions = questionsOf(sources.plan, await sources.recorded(), sources.keys);
  const question = questions.find((one) => one.name === name);
  if (question === undefined) throw new CliError(EXIT.failed, `${name} was not made yet, or nobody logs in to it`);
  return withHost(sources.hosts, question.connection, openOnce(name, signal), (tool) => work({ name, tool }));
}
