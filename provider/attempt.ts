import { TailscaleError } from '../io/tailscale/errors.ts';
import { pause } from '../io/wait.ts';

/** Seconds before each further attempt. */
const PAUSES = [0.5, 2];

/** Asks again where the service gave no answer, or says that it cannot answer now. @throws what the last attempt threw. */
export async function attempt<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const seconds of PAUSES) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
    }
    await pause(seconds, signal);
  }
  return work();
}

const isPassing = (error: unknown): boolean =>
  error instanceof TailscaleError && (error.status === 0 || error.status === 429 || error.status >= 500);
