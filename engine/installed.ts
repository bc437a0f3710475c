import { access, constants, open, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pulumiVersionOf } from './cli-version.ts';
import { Unavailable } from './error.ts';
import { PULUMI_VERSION } from './versions.ts';
import type { Finder } from './ways.ts';

/**
 * The places an installed Pulumi may be in, in the order they are looked at: PATH, what the npm launcher or the
 * Automation API downloaded, the vendor's installer.
 */
export function candidates(env: NodeJS.ProcessEnv): string[] {
  const home = env.HOME ?? homedir();
  const pulumiHome = env.PULUMI_HOME ?? join(home, '.pulumi');
  return [
    ...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    join(pulumiHome, 'versions', PULUMI_VERSION, 'bin'),
    join(pulumiHome, 'bin'),
    join(home, '.pulumi', 'bin'),
  ].map((folder) => join(folder, 'pulumi'));
}

/** True when the file starts with `#!`. The npm launcher does, and asking it for its version would download one. */
async function isScript(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === '#!';
  } finally {
    await handle.close();
  }
}

/** The real file behind a name, since what belongs beside the CLI lies beside the real file; undefined when there is none. */
async function executable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return await realpath(path);
  } catch {
    return undefined;
  }
}

export const installed: Finder = {
  name: 'an installed Pulumi',
  needs: `Pulumi ${PULUMI_VERSION} itself (not a script that starts another one) on PATH or in ~/.pulumi/bin`,
  async find({ env, signal }) {
    const seen = new Map<string, string>();
    for (const candidate of candidates(env)) {
      const file = await executable(candidate);
      if (file === undefined || seen.has(file)) continue;
      if (await isScript(file)) {
        seen.set(file, `${candidate} is a script that starts or downloads another one`);
        continue;
      }
      const version = await pulumiVersionOf(file, env, signal);
      if (version === PULUMI_VERSION) return file;
      seen.set(file, `${candidate} ${version === undefined ? 'does not say its version' : `is ${version}`}`);
    }
    throw new Unavailable(seen.size === 0 ? 'none found' : [...seen.values()].join('; '));
  },
};
