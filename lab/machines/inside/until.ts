import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until something is so: true, or false once the time is over.
 * @throws what `done` throws, and the reason of an abort
 */
export async function until(
  done: () => Promise<boolean>,
  { ms, pauseMs = 100, signal }: { ms: number; pauseMs?: number; signal?: AbortSignal },
): Promise<boolean> {
  for (const deadline = Date.now() + ms; Date.now() < deadline;) {
    signal?.throwIfAborted();
    if (await done()) return true;
    await sleep(pauseMs);
  }
  return false;
}
