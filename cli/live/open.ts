import type { Tailscale } from '../../io/tailscale/client.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { readKeys, type Keys } from '../preflight/keys.ts';
import type { Progress } from '../progress.ts';
import { recordedHosts, type RecordedHost } from './outputs.ts';
import { inLab, outside, type Reach } from './reach.ts';
import { tailnetOf } from './tailnet.ts';

/** A stack that runs, with what opens its hosts and its tailnet. Holds secrets: not for print. */
export interface LiveStack {
  stack: string;
  plan: MeshPlan;
  lab?: 'records' | 'machines';
  keys: Keys;
  tailnet: Tailscale;
  /** Read anew each time: an up may be at work. */
  recorded: () => Promise<RecordedHost[]>;
}

/** Throws CliError: the config is faulty, a credential is missing, the engine or the lab cannot be had. */
export async function openStack(stack: string, lab: boolean, progress: Progress): Promise<LiveStack> {
  return openReach(lab ? await inLab(stack, progress) : outside(stack, progress));
}

/** The same of a stack whose state and credentials are at hand. */
export async function openReach(reach: Reach): Promise<LiveStack> {
  const [keys, tailnet] = await Promise.all([readKeys(reach), tailnetOf(reach)]);
  const { plan, stack } = reach;
  return { stack, plan, keys, tailnet, recorded: () => recordedHosts(reach), ...(reach.lab && { lab: reach.lab }) };
}
