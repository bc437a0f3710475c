import { readLocks } from '../recover/locks.ts';
import { removeTorn, tornFiles } from '../recover/torn.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Progress } from '../progress.ts';
import { runPulumi } from '../pulumi.ts';
import { labPaths } from './environment.ts';
import { NAMESPACE } from '../../mesh/config/stack-text.ts';

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
  const { backend } = labPaths(labDir, stack);
  const locks = await readLocks(backend, NAMESPACE, stack);
  // An engine that was killed while it wrote may have left more than a lock.
  if (!locks.some(({ holder }) => holder !== 'dead')) await removeTorn(await tornFiles(backend, NAMESPACE, stack));
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
