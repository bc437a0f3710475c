import { type Daemons, obtainDaemons } from '../engine/daemons/index.ts';
import { type Engine, EngineError, obtainPulumi } from '../engine/index.ts';
import { CliError, EXIT } from './exit.ts';
import type { Progress } from './progress.ts';

/** The engine of the pinned version. Throws CliError (engine) that says which ways were tried and what each needs. */
export const engine = (onProgress: Progress): Promise<Engine> =>
  inCliWords(obtainPulumi({ onProgress: timed(onProgress) }));

/** The daemons of the lab's machines, likewise. */
export const daemons = (onProgress: Progress): Promise<Daemons> =>
  inCliWords(obtainDaemons({ onProgress: timed(onProgress) }));

const timed =
  (onProgress: Progress) =>
  ({ message, seconds }: { message: string; seconds: number }): void =>
    onProgress(seconds === 0 ? message : `${message} (${seconds} s)`);

async function inCliWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EngineError)
      throw new CliError(error.code === 'interrupted' ? EXIT.interrupted : EXIT.engine, error.message, {
        cause: error,
      });
    throw error;
  }
}
