import { readdir, readFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';

const lockFile = z.object({
  pid: z.number(),
  hostname: z.string(),
  username: z.string().optional(),
  timestamp: z.string().optional(),
});

/** Who holds a stack, as the engine wrote it down. */
export interface Lock {
  pid: number;
  host: string;
  user?: string;
  since?: string;
  /** `unknown`: it runs, or ran, on another machine. */
  holder: 'alive' | 'dead' | 'unknown';
}

/** Locks of the engine's file backend, one file for each engine at work (pkg/backend/diy/lock.go). */
export async function readLocks(backend: string, project: string, stack: string): Promise<Lock[]> {
  const folder = join(backend, '.pulumi', 'locks', 'organization', project, stack);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const found: Lock[] = [];
  for (const name of names) {
    // A lock that goes away while we look is no lock.
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { pid, hostname: host, username, timestamp } = lockFile.parse(JSON.parse(text));
    found.push(
      await judged({ pid, host, ...(username && { user: username }), ...(timestamp && { since: timestamp }) }),
    );
  }
  return found;
}

/** Directory of a file backend; undefined for every other one. */
export function backendDirectory(url: string): string | undefined {
  if (!url.startsWith('file://')) return undefined;
  // `pulumi login --local` writes file://~.
  return fileURLToPath(new URL(url.replace(/^file:\/\/~/, pathToFileURL(homedir()).href)));
}

/**
 * Locks as the engine lists them when it refuses to write: `…/UUID.json: created by root@vm (pid 123) at 2026-11-25T…`.
 * The way for backends whose files only the engine can read.
 */
export async function locksInMessage(text: string): Promise<Lock[]> {
  const lines = [...text.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g)];
  return Promise.all(
    lines.map(([, user = '', host = '', pid = '', since = '']) => judged({ pid: Number(pid), host, user, since })),
  );
}

async function judged(lock: Omit<Lock, 'holder'>): Promise<Lock> {
  if (lock.host !== hostname()) return { ...lock, holder: 'unknown' };
  return { ...lock, holder: (await isEngine(lock.pid)) ? 'alive' : 'dead' };
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
