import { setTimeout as sleep } from 'node:timers/promises';
import { UserError, type Operation } from '../../../io/rpc/types.ts';

/** sdk/go/common/util/retry. */
const FIRST_WAIT_MS = 100;
const BACKOFF = 1.5;
const LONGEST_WAIT_MS = 5000;

/**
 * Dials until it works or `limit` dials and one more have failed; a negative limit is none. The engine's Cancel ends the
 * waiting, as in the official plugin, and not a dial under way.
 */
export async function retried<T>(op: Operation, what: string, limit: number, dial: () => Promise<T>): Promise<T> {
  let first: string | undefined;
  for (let failed = 0, wait = FIRST_WAIT_MS; ; failed++, wait = Math.min(wait * BACKOFF, LONGEST_WAIT_MS)) {
    try {
      return await dial();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error.message;
      if (limit >= 0 && failed >= limit) {
        // The official plugin tells the last failure only; behind a proxy that is seldom the one that matters.
        const cause = first === error.message ? '' : ` (the first one: ${first})`;
        throw new UserError(`after ${failed} failed attempts: ${error.message}${cause}`, { cause: error });
      }
    }
    op.status(`${what} ${failed + 1}/${limit < 0 ? 'inf' : limit} failed: retrying`);
    await sleep(wait, undefined, { signal: op.signal }).catch(() => undefined);
    if (op.signal.aborted) throw new UserError('context canceled');
  }
}
