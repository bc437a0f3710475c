import { linkSync, mkdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { isAlive, ownIdentity, parseIdentity, type ProcessIdentity } from './identity.ts';

/** Somebody else writes this directory. */
export class LabBusyError extends Error {
  readonly holder: ProcessIdentity;
  constructor(path: string, holder: ProcessIdentity) {
    super(
      `${path}: process ${holder.pid} is using this lab directory. Stop it with "mesh lab down", or use another directory (MESH_LAB_DIR).`,
    );
    this.name = 'LabBusyError';
    this.holder = holder;
  }
}

const BREAKING_STALE_MS = 10_000;

function code(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(readFileSync(path, 'utf8'));
  } catch (error) {
    if (code(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a lock whose holder is gone. The directory beside it makes sure that one contender at a time looks and removes. */
function breakStale(path: string): void {
  const guard = `${path}.breaking`;
  try {
    mkdirSync(guard);
  } catch (error) {
    if (code(error) !== 'EEXIST') throw error;
    // Its owner was killed within the few microseconds below, long ago.
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > BREAKING_STALE_MS) rmdirSync(guard);
    return;
  }
  try {
    const holder = readHolder(path);
    if (holder === undefined || !isAlive(holder)) unlinkSync(path);
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error;
  } finally {
    rmdirSync(guard);
  }
}

/**
 * Makes this process the only writer; answers the release function. A holder that died without releasing (kill -9) is
 * recognised by its start time and replaced at once.
 * @throws LabBusyError when a living process holds it.
 */
export function acquireWriterLock(path: string): () => void {
  const mine = ownIdentity();
  const draft = `${path}.${mine.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        // link, not open: the lock appears with its content or not at all.
        linkSync(draft, path);
        return () => {
          const holder = readHolder(path);
          if (holder?.pid === mine.pid && holder.start === mine.start) unlinkSync(path);
        };
      } catch (error) {
        if (code(error) !== 'EEXIST') throw error;
      }
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) throw new LabBusyError(path, holder);
      breakStale(path);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
    throw new Error(`${path}: could not be taken over from a process that is gone. Remove the file and try again.`);
  } finally {
    unlinkSync(draft);
  }
}
