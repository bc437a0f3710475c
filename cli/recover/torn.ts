import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Side files of a file backend that a kill has torn. The engine replaces a state in one step, but writes the file beside it
 * (content type and checksum, `STACK.json.attrs`) in place: killed in that moment it leaves an empty one, and from then on
 * every command ends with "failed to load checkpoint: EOF". The state itself is whole.
 */
export async function tornFiles(backend: string, project: string, stack: string): Promise<string[]> {
  const stacks = join(backend, '.pulumi', 'stacks', project);
  const locks = join(backend, '.pulumi', 'locks', 'organization', project, stack);
  const candidates = [
    ...(await files(stacks)).filter((name) => name.startsWith(`${stack}.json`)).map((name) => join(stacks, name)),
    ...(await files(locks)).map((name) => join(locks, name)),
  ].filter((path) => path.endsWith('.attrs'));
  const torn: string[] = [];
  for (const path of candidates) if (!isJson(await readFile(path, 'utf8').catch(() => '{}'))) torn.push(path);
  return torn;
}

/** A file without its side file is read as it is. */
export async function removeTorn(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
}

const files = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
