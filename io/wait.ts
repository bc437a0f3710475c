import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from './rpc/types.ts';

/** Sleeps, but gives up at once on Ctrl-C. @throws UserError when `signal` aborts. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch (error) {
    throw new UserError('cancelled', { cause: error });
  }
}
