import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hasCode } from './error.ts';
import type { Wanted } from './ways.ts';

const RECORD = 'record.json';
const STAGING = 'tmp-';

/** What was put into the cache: per file of its content, by path, its size in bytes and its sha256 in hex. */
interface CacheRecord {
  version: string;
  how: string;
  files: Record<string, { size: number; sha256: string }>;
}

/** What a look into the cache finds; `damage` says in words for people what is wrong. */
export type Cached = { state: 'ready'; dir: string } | { state: 'absent' } | { state: 'damaged'; damage: string };

/** A folder of ours in the user's cache directory, XDG_CACHE_HOME or else ~/.cache: one for each kind of thing. */
export function cacheFolder(env: NodeJS.ProcessEnv, kind: string): string {
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(env.HOME ?? homedir(), '.cache');
  return join(base, 'site-mesh', kind);
}

/** Where it lies for this platform, complete or not at all. */
export const slot = (cacheDir: string, { folder }: Pick<Wanted, 'folder'>): string =>
  join(cacheDir, `${folder}-${process.platform}-${process.arch}`);

/**
 * Looks whether the cache holds all of it: every recorded file with its size and hash. (A full disk or a power cut
 * right after a build leaves a file of the right name and the wrong content.) Takes 0.2 to 0.4 s for 100 MB.
 */
export async function look(cacheDir: string, wanted: Wanted): Promise<Cached> {
  const folder = slot(cacheDir, wanted);
  let text: string;
  try {
    text = await readFile(join(folder, RECORD), 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return (await exists(folder)) ? { state: 'damaged', damage: `${RECORD} is missing` } : { state: 'absent' };
  }
  const record = parseRecord(text, wanted);
  if (record === undefined) return { state: 'damaged', damage: `${RECORD} cannot be read` };
  const dir = join(folder, wanted.content);
  for (const [name, expected] of Object.entries(record.files)) {
    const actual = await fingerprint(join(dir, name)).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (actual === undefined) return { state: 'damaged', damage: `${name} is missing` };
    if (actual.size !== expected.size) {
      return { state: 'damaged', damage: `${name} has ${actual.size} bytes, not ${expected.size}` };
    }
    if (actual.sha256 !== expected.sha256) return { state: 'damaged', damage: `${name} has another content` };
  }
  return { state: 'ready', dir };
}

function parseRecord(text: string, { version, holds }: Wanted): CacheRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<CacheRecord> | null;
    const files = record?.files;
    return record?.version === version && files !== undefined && holds.every((name) => name in files)
      ? { version, how: String(record.how), files }
      : undefined;
  } catch {
    return undefined;
  }
}

async function fingerprint(file: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return { size: (await stat(file)).size, sha256: hash.digest('hex') };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A new, empty folder for one attempt, inside the cache so that moving it into place is one rename. Holder of the lock only. */
export const newStaging = (cacheDir: string): Promise<string> => mkdtemp(join(cacheDir, STAGING));

/** Removes what killed runs left behind. Holder of the lock only: nobody else has a staging folder then. */
export async function clearLeftovers(cacheDir: string): Promise<void> {
  const names = await readdir(cacheDir);
  for (const name of names.filter((entry) => entry.startsWith(STAGING))) {
    await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

/**
 * Records the content that lies in `staging` and moves it into the slot; a damaged predecessor is taken away first. Holder
 * of the lock only.
 * @returns the folder of the content
 */
export async function commit(cacheDir: string, wanted: Wanted, staging: string, how: string): Promise<string> {
  const content = join(staging, wanted.content);
  const files: CacheRecord['files'] = {};
  for (const name of await filesUnder(content)) files[name] = await fingerprint(join(content, name));
  for (const name of await readdir(staging)) {
    if (name !== wanted.content) await rm(join(staging, name), { recursive: true, force: true });
  }
  const record: CacheRecord = { version: wanted.version, how, files };
  await writeFile(join(staging, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  const folder = slot(cacheDir, wanted);
  await rename(folder, `${staging}-damaged`).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  await rename(staging, folder);
  await rm(`${staging}-damaged`, { recursive: true, force: true });
  return join(folder, wanted.content);
}

/** Paths of all files below `dir`, relative to it, sorted. */
async function filesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}
