import { UserError } from '../../io/rpc/types.ts';
import type { ListedDevice, Tailscale } from '../../io/tailscale/client.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import type { Hosts } from '../../provider/hosts.ts';
import { connectionTo } from '../live/connection.ts';
import type { RecordedHost } from '../live/outputs.ts';
import type { Keys } from '../preflight/keys.ts';
import { ask, BOUNDS, type Asked, type Bounds, type Question } from './ask.ts';
import { viewOf, type View } from './view.ts';

export interface Sources {
  stack: string;
  lab?: 'records' | 'machines';
  plan: MeshPlan;
  keys: Keys;
  tailnet: Tailscale;
  hosts: Hosts;
  recorded: () => Promise<RecordedHost[]>;
}

export interface Looking {
  signal: AbortSignal;
  /** Only hosts of this site are asked. */
  site?: string;
  bounds?: Bounds;
  now?: () => Date;
}

/** Asks the state, then the tailnet and all hosts at once. Nobody who does not answer holds up the others. */
export async function look(sources: Sources, { signal, site, bounds = BOUNDS, now }: Looking): Promise<View> {
  const { stack, lab, plan } = sources;
  const recorded = await sources.recorded();
  const questions = questionsOf(plan, recorded, sources.keys).filter(
    (question) => site === undefined || question.site === site,
  );
  const [devices, asked] = await Promise.all([
    listDevices(sources.tailnet, signal),
    Promise.all(
      questions.map(async (question): Promise<[string, Asked]> => [
        question.name,
        await ask(question, sources.hosts, signal, bounds),
      ]),
    ),
  ]);
  return viewOf({ stack, lab, plan, at: now?.() ?? new Date(), recorded, asked: new Map(asked), devices });
}

async function listDevices(tailnet: Tailscale, signal: AbortSignal): Promise<ListedDevice[] | { error: string }> {
  try {
    return await tailnet.devices.list(signal);
  } catch (error) {
    if (error instanceof UserError) return { error: error.message };
    throw error;
  }
}

/** Everybody that the state knows and that somebody logs in to. */
export function questionsOf(
  plan: MeshPlan,
  recorded: readonly RecordedHost[],
  keys: Keys,
): (Question & { site: string })[] {
  return plan.sites.flatMap(hostsOf).flatMap((host): (Question & { site: string })[] => {
    const record = recorded.find(({ name }) => name === host.name || name === host.formerly);
    if (record === undefined || host.managed === undefined) return [];
    const connection = connectionTo(plan, host, { address: record.publicAddress, hostKey: record.hostKey }, keys);
    const { name, site, kind, node } = host;
    return [{ name, site, connection, member: node !== undefined, router: kind === 'router' }];
  });
}
