import { UserError } from '../../../io/rpc/types.ts';
import { ApiFailure, type Run } from './client.ts';
import { PAUSE, RHYTHM, type Rhythm } from './rhythm.ts';

interface Wait<T> {
  rhythm: Rhythm;
  /** States to wait through; any other one than these and the target ends the wait. */
  pending: readonly string[];
  target: string;
  /** Of this wait, ms. */
  timeout: number;
  /** Of the operation that it is part of. */
  deadline?: Deadline;
  /** undefined: not there, or not to be judged yet. */
  look(): Promise<{ state: string; value: T } | undefined>;
}

/** What is left of an operation's time, counted in the official rhythm's ms so that a quicker pace changes nothing. */
export class Deadline {
  #left: number;
  constructor(ms: number) {
    this.#left = ms;
  }
  get left(): number {
    return this.#left;
  }
  spend(ms: number): void {
    this.#left -= ms;
  }
}

/** Go's way to write a duration of whole seconds. */
function duration(ms: number): string {
  const [minutes, seconds] = [Math.floor(ms / 60_000), Math.round((ms % 60_000) / 1000)];
  return minutes >= 60
    ? `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
    : minutes > 0
      ? `${minutes}m${seconds}s`
      : `${seconds}s`;
}

/** Looks until the target is there. @throws UserError in the words of the plugin's framework */
export async function waitFor<T>({ client, signal }: Run, wait: Wait<T>): Promise<T> {
  const own = new Deadline(wait.timeout);
  let last = '';
  const pause = async (ms: number) => {
    const left = Math.min(own.left, wait.deadline?.left ?? Infinity);
    await client.pause(signal, Math.min(ms, left));
    own.spend(ms);
    wait.deadline?.spend(ms);
    if (ms <= left) return;
    // The operation's time began earlier, so of two that end together it is the one that is noticed.
    if (own.left >= (wait.deadline?.left ?? Infinity)) throw new UserError('context deadline exceeded');
    throw new UserError(
      `timeout while waiting for state to become '${wait.target}' (last state: '${last}', timeout: ${duration(wait.timeout)})`,
    );
  };
  await pause(wait.rhythm.first);
  let missing = 0;
  for (let next: number = PAUSE.start; ;) {
    const seen = await wait.look();
    if (seen === undefined) {
      if (++missing > wait.rhythm.missing) throw new UserError(`couldn't find resource (${missing} retries)`);
    } else {
      missing = 0;
      last = seen.state;
      if (seen.state === wait.target) return seen.value;
      if (!wait.pending.includes(seen.state))
        throw new UserError(`unexpected state '${seen.state}', wanted target '${wait.target}'. last error: %!s(<nil>)`);
    }
    next = Math.min(PAUSE.most, Math.max(wait.rhythm.least, next * 2));
    await pause(next);
  }
}

/** Makes a call again for as long as the service refuses it for the moment; the last refusal is thrown when time is up. */
export async function retryWhile<T>(
  run: Run,
  timeout: number,
  refused: (failure: ApiFailure) => boolean,
  call: () => Promise<T>,
): Promise<T> {
  let last: ApiFailure | undefined;
  try {
    return await waitFor<T>(run, {
      rhythm: { ...RHYTHM.refused, missing: Infinity },
      pending: ['refused'],
      target: 'done',
      timeout,
      look: async () => {
        try {
          return { state: 'done', value: await call() };
        } catch (error) {
          if (!(error instanceof ApiFailure) || !refused(error)) throw error;
          last = error;
          return undefined;
        }
      },
    });
  } catch (error) {
    throw error instanceof UserError && !(error instanceof ApiFailure) && last !== undefined ? last : error;
  }
}
