import { readLocks } from '../recover/locks.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Progress } from '../progress.ts';
import { runPulumi } from '../pulumi.ts';
import { NAMESPACE } from '../stack-file.ts';
import { labPaths } from './environment.ts';

/**
 * Takes the locks off a stack whose engines were killed, the engine's own way. Without this the next run would stop at a
 * lock that nobody holds.
 * @throws CliError (lab) when an engine that lives holds the stack
 */
export async function unlockStack(
  labDir: string,
  stack: string,
  run: { cli: string; env: NodeJS.ProcessEnv; progress: Progress },
): Promise<void> {
  const locks = await readLocks(labPaths(labDir, stack).backend, NAMESPACE, stack);
  if (locks.length === 0) return;
  const held = locks.find(({ holder }) => holder !== 'dead');
  if (held !== undefined)
    throw new CliError(
      EXIT.lab,
      `a pulumi (process ${held.pid} on ${held.host}) is at work on the stack "${stack}" of this lab. Wait until it ends, or end it in its own order: kill -INT ${held.pid}`,
    );
  run.progress(`an engine that was killed left the stack "${stack}" locked: unlocking it (pulumi cancel)`);
  const cancel = await runPulumi(['cancel', '--yes'], run);
  if (cancel.code !== 0)
    throw new CliError(EXIT.lab, `the stack "${stack}" could not be unlocked: ${cancel.stderr.trim()}`);
}
