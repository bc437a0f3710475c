import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireWriterLock, LabBusyError } from '../../lab/api/writer-lock.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Progress } from '../progress.ts';

/** A turn lasts seconds; whoever holds one for longer hangs. */
const PATIENCE_MS = 120_000;
const RETRY_MS = 100;

/**
 * Runs `work` while no other process prepares this lab: two that made its stack at once would each overwrite the other's
 * secrets. Whoever comes second waits; a holder that was killed does not count.
 * @throws CliError (lab) when the other one does not end within two minutes
 */
export async function inTurn<T>(labDir: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  mkdirSync(labDir, { recursive: true, mode: 0o700 });
  const release = await turn(join(labDir, 'prepare.lock'), progress);
  try {
    return await work();
  } finally {
    release();
  }
}

async function turn(path: string, progress: Progress): Promise<() => void> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    try {
      return acquireWriterLock(path);
    } catch (error) {
      if (!(error instanceof LabBusyError)) throw error;
      if (Date.now() > deadline) {
        throw new CliError(
          EXIT.lab,
          `process ${error.holder.pid} prepares this lab for more than ${PATIENCE_MS / 1000} s; when it hangs, end it: kill ${error.holder.pid}`,
        );
      }
      progress(`process ${error.holder.pid} prepares the same lab; waiting for it`);
      await sleep(RETRY_MS);
    }
  }
}

/**
 * Makes this process the only `try` of a lab for as long as it lives: two that preview and update one stack in turns would
 * each see the other's half.
 * @throws CliError (lab) when another one is at work
 */
export function holdTry(labDir: string): void {
  mkdirSync(labDir, { recursive: true, mode: 0o700 });
  try {
    process.once('exit', acquireWriterLock(join(labDir, 'try.lock')));
  } catch (error) {
    if (!(error instanceof LabBusyError)) throw error;
    throw new CliError(
      EXIT.lab,
      `another "npm run try" (process ${error.holder.pid}) is at work in ${labDir}. Wait until it ends; or use a lab of your own beside it: MESH_LAB_DIR=DIRECTORY npm run try`,
    );
  }
}
