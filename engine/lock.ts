import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { EngineError, hasCode } from './error.ts';

export interface LockOptions {
  /** Called again and again while somebody else holds the lock. */
  onWait: () => void;
  signal: AbortSignal;
  /** Milliseconds after which the lock of a process that was killed counts as left behind. */
  stale: number;
}

const RETRY_MS = 250;

/**
 * Runs `work` while this process alone, on this machine, works in `cacheDir`. Whoever comes second waits for as long as
 * the first one lives.
 * @throws the reason of `signal` when aborted while waiting; an EngineError when the lock was lost (a machine that slept)
 */
export async function withLock<T>(
  cacheDir: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(cacheDir, options, (error) =>
    lost.abort(
      new EngineError(
        'interrupted',
        `Another process took over ${cacheDir} (${error.message}); run the command again.`,
      ),
    ),
  );
  try {
    return await work(AbortSignal.any([options.signal, lost.signal]));
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

async function acquire(
  cacheDir: string,
  { onWait, signal, stale }: LockOptions,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await lock(cacheDir, { lockfilePath: join(cacheDir, 'lock'), stale, update: stale / 4, onCompromised });
    } catch (error) {
      if (!hasCode(error, 'ELOCKED')) throw error;
    }
    onWait();
    // An abort wakes it; the next turn then throws the reason.
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}
