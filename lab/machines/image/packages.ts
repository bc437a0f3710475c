import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../engine/child.ts';
import { obtainDaemons } from '../../../engine/daemons/index.ts';
import { TAILSCALE_VERSION } from '../../../engine/daemons/versions.ts';
import { Unavailable } from '../../../engine/error.ts';
import { obtainInCache } from '../../../engine/obtain.ts';
import type { Maker, Wanted } from '../../../engine/ways.ts';
import { fingerprintAt, indexPackages, KEY_FILE } from './apt-index.ts';
import { CODENAMES } from './codenames.ts';
import { architecture, buildPackage, controlFields, packageRecipe } from './tailscale-package.ts';

export { servePackages } from './package-server.ts';

/** A signed apt repository in the user's cache, read-only. */
export interface Repository {
  /** Holds `pool/`, `dists/CODENAME/` and the public key. */
  dir: string;
  /** Of the key that signed it: 40 upper-case hex digits. Made with the repository: each machine that runs labs has its own. */
  fingerprint: string;
}

export interface RepositoryOptions {
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
  /** Of the repository; default: in the user's cache. For tests. */
  cacheDir?: string;
  /** Path of a tailscaled that is the CLI too; default: obtained, which takes minutes the first time. */
  tailscaled?: string;
}

/** The one that releases pin, and an older one to upgrade from and downgrade to: the same program under another label. */
const VERSIONS = [TAILSCALE_VERSION, '1.102.2'];

/** Raised whenever indexes or signatures are written in another way. */
const INDEX_FORMAT = 1;

/**
 * Where hosts of the lab install tailscale from, made at the first call and after every change of what goes into it.
 * @throws EngineError with a complete message for people
 */
export async function obtainRepository(options: RepositoryOptions = {}): Promise<Repository> {
  const { signal, env = process.env, cacheDir } = options;
  const onProgress = ({ message, seconds }: { message: string; seconds: number }): void =>
    options.onProgress?.(`${message} (${seconds} s)`);
  const tailscaled = options.tailscaled ?? (await obtainDaemons({ onProgress, signal, env })).tailscaled;
  const wanted = await repositoryOf(tailscaled);
  const obtained = await obtainInCache(
    wanted,
    'packages',
    { makers: [maker(tailscaled)] },
    {
      onProgress,
      signal,
      env,
      cacheDir,
    },
  );
  if (obtained.how === 'installed') throw new Error('a repository that nobody looked for');
  return { dir: obtained.dir, fingerprint: await fingerprintAt(obtained.dir) };
}

const poolPath = (version: string): string => `pool/tailscale_${version}_${architecture}.deb`;

async function repositoryOf(tailscaled: string): Promise<Wanted> {
  const hash = createHash('sha256').update(await readFile(tailscaled));
  hash.update(JSON.stringify([INDEX_FORMAT, CODENAMES, VERSIONS.map(packageRecipe)]));
  const version = hash.digest('hex').slice(0, 12);
  return {
    title: `the lab's package repository`,
    version,
    folder: `repository-${version}`,
    content: 'repository',
    holds: [KEY_FILE, ...VERSIONS.map(poolPath)],
    async verify(dir, { env, signal }) {
      for (const label of VERSIONS) {
        const said = await run('dpkg-deb', ['--field', join(dir, poolPath(label)), 'Version'], { env, signal });
        if (said.stdout.trim() !== label)
          throw new Unavailable(`the package of ${label} says: ${said.tail.join(' | ') || 'nothing'}`);
      }
    },
  };
}

const maker = (tailscaled: string): Maker => ({
  name: 'packages made of the built tailscaled',
  needs: 'dpkg-deb (Debian package dpkg) on PATH, 100 MB of disk',
  how: 'built',
  async make(staging, { env, report, signal }) {
    const root = join(staging, 'repository');
    await mkdir(join(root, 'pool'), { recursive: true });
    for (const version of VERSIONS) {
      report(`packing tailscale ${version}`);
      const work = join(staging, version);
      await mkdir(work);
      await buildPackage(tailscaled, version, join(root, poolPath(version)), { work, env, signal });
    }
    const packages = VERSIONS.map((version) => ({ fields: controlFields(version), path: poolPath(version) }));
    await indexPackages(root, packages, { codenames: Object.values(CODENAMES).flat(), architecture });
  },
});
