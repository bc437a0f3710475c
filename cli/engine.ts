import { EngineError, obtainPulumi } from '../engine/index.ts';
import { CliError, EXIT } from './exit.ts';
import type { Progress } from './progress.ts';

/** The engine of the pinned version. Throws CliError (engine) that says which ways were tried and what each needs. */
export async function engine(onProgress: Progress): ReturnType<typeof obtainPulumi> {
  try {
    return await obtainPulumi({
      onProgress: ({ message, seconds }) => onProgress(seconds === 0 ? message : `${message} (${seconds} s)`),
    });
  } catch (error) {
    if (error instanceof EngineError)
      throw new CliError(error.code === 'interrupted' ? EXIT.interrupted : EXIT.engine, error.message, {
        cause: error,
      });
    throw error;
  }
}
