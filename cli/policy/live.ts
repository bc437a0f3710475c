import type { LivePolicy, Tailscale } from '../../io/tailscale/client.ts';
import { answered } from '../live/answered.ts';
import { inLab, outside, type Reach } from '../live/reach.ts';
import { tailnetOf } from '../live/tailnet.ts';
import { stderrProgress } from '../progress.ts';

/** A stack, and the policy that its tailnet has now. */
export interface LiveTailnet {
  reach: Reach;
  api: Tailscale;
  live: LivePolicy;
}

const ANSWER_SECONDS = 60;

/** Throws CliError: the stack is faulty, has no credential, or the tailnet gives no answer. */
export async function liveTailnet(stack: string, lab: boolean): Promise<LiveTailnet> {
  const progress = stderrProgress();
  const reach = lab ? await inLab(stack, progress) : outside(stack, progress);
  const api = await tailnetOf(reach);
  return { reach, api, live: await answered(api.policy.get(AbortSignal.timeout(ANSWER_SECONDS * 1000))) };
}
