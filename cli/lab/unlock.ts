import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError, EXIT } from '../exit.ts';
import type { Progress } from '../progress.ts';
import { runPulumi } from '../pulumi.ts';
import { labPaths } from './environment.ts';

/** A lock of the engine's file backend, one file for each engine at work (pkg/backend/diy/lock.go). */
const lockFile = z.object({ pid: z.number(), hostname: z.string() });

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
  const folder = join(labPaths(labDir, stack).backend, '.pulumi', 'locks', 'organization', 'site-mesh', stack);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  if (names.length === 0) return;
  for (const name of names) {
    // A lock that goes away while we look is no lock.
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { pid, hostname: machine } = lockFile.parse(JSON.parse(text));
    if (machine === hostname() && !(await isEngine(pid))) continue;
    throw new CliError(
      EXIT.lab,
      `a pulumi (process ${pid} on ${machine}) is at work on the stack "${stack}" of this lab. Wait until it ends, or end it in its own order: kill -INT ${pid}`,
    );
  }
  run.progress(`an engine that was killed left the stack "${stack}" locked: unlocking it (pulumi cancel)`);
  const cancel = await runPulumi(['cancel', '--yes'], run);
  if (cancel.code !== 0)
    throw new CliError(EXIT.lab, `the stack "${stack}" could not be unlocked: ${cancel.stderr.trim()}`);
}

/** Whether a process of this number lives and is not somebody else who got the number since, as far as the system tells. */
async function isEngine(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  // State Z: it has ended, and its parent has not asked how.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^Name:\tpulumi$/m.test(status) && !/^State:\tZ/m.test(status);
}
