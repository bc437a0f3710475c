import { TailscaleError } from '../../io/tailscale/errors.ts';
import { CliError, EXIT } from '../exit.ts';
import { inLab, outside, type Reach } from '../live/reach.ts';
import { tailnetOf } from '../live/tailnet.ts';
import { stderrProgress } from '../progress.ts';

const SECONDS = 60;

/** The policy that the tailnet of a stack has now, as the service keeps it. Throws CliError. */
export async function livePolicy(stack: string, lab: boolean): Promise<string> {
  return policyIn(lab ? await inLab(stack, stderrProgress()) : outside(stack, stderrProgress()));
}

/** The same of a stack whose credentials are at hand. */
export async function policyIn(reach: Reach): Promise<string> {
  const tailnet = await tailnetOf(reach);
  try {
    return (await tailnet.policy.get(AbortSignal.timeout(SECONDS * 1000))).text;
  } catch (error) {
    if (error instanceof TailscaleError) throw new CliError(EXIT.failed, error.message, { cause: error });
    throw error;
  }
}
