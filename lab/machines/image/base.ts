import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../../engine/cache.ts';
import { run } from '../../../engine/child.ts';
import { hasCode } from '../../../engine/error.ts';
import { withLock } from '../../../engine/lock.ts';
import { debianMirror } from './mirror.ts';
import { DISTRIBUTIONS, FILES, LANDMARKS, PACKAGES, recipeHash, SCRIPT } from './recipe.ts';

export interface ObtainOptions {
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
  /** Of the user's cache; for tests. */
  cacheDir?: string;
  /** Where programs are looked up; default: PATH, and where Debian keeps those of root. */
  path?: string;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const STALE_MS = 10_000;
const HEARTBEAT_MS = 1000;

/** Where everything for machines that can be made again is kept. */
export const machinesCache = (env: NodeJS.ProcessEnv = process.env): string => cacheFolder(env, 'machines');

/** Images that machines can have. */
export const imageNames = Object.keys(DISTRIBUTIONS);

/**
 * Path of the root filesystem that machines of an image share, read-only. Made at the first call (under a minute, 300 MB), in a
 * folder that gets its name when it is whole; two calls at once make one.
 * @throws Error for people: what is missing, and how to get it
 */
export async function obtainBase(image: string, options: ObtainOptions = {}): Promise<string> {
  const distribution = DISTRIBUTIONS[image];
  if (distribution === undefined)
    throw new Error(
      `the lab's machines have no image ${image}; there are ${imageNames.join(', ')}. Others need a mirror that the lab does not know`,
    );
  const cache = options.cacheDir ?? machinesCache();
  const slot = join(cache, `${image}-${recipeHash(image)}`);
  const root = join(slot, 'root');
  if (isWhole(root)) return root;
  const report = options.onProgress ?? (() => undefined);
  const signal = options.signal ?? new AbortController().signal;
  await mkdir(cache, { recursive: true });
  const onWait = (): void => report(`another process makes the image ${image}; waiting for it`);
  return withLock(cache, { onWait, signal, stale: STALE_MS }, async (held) => {
    if (isWhole(root)) return root;
    if (existsSync(slot)) report(`the image ${image} in ${slot} is damaged, so it is made again`);
    await rm(slot, { recursive: true, force: true });
    for (const name of readdirSync(cache).filter((entry) => entry.startsWith('tmp-')))
      await rm(join(cache, name), { recursive: true, force: true });
    const staging = await mkdtemp(join(cache, 'tmp-'));
    try {
      // mkdtemp makes it for root alone; sshd and others read through it as their own accounts.
      chmodSync(staging, 0o755);
      const env = { ...process.env, PATH: options.path ?? `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
      await make({ image, suite: distribution.suite, root: join(staging, 'root'), env }, report, held);
      await rename(staging, slot);
      return root;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
}

const isWhole = (root: string): boolean => LANDMARKS.every((path) => existsSync(join(root, path)));

function wayOut(): string {
  if (process.getuid?.() !== 0) return 'it needs root';
  if (!existsSync(KEYRING)) return `it needs ${KEYRING} (Debian package debian-archive-keyring)`;
  return 'does this machine reach that mirror? It is the one of its own apt, if that has one';
}

interface Making {
  image: string;
  suite: string;
  root: string;
  env: NodeJS.ProcessEnv;
}

async function make(
  { image, suite, root, env }: Making,
  report: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const began = Date.now();
  let step = 'asking the mirror';
  const say = (): void => report(`making the image ${image}: ${step} (${Math.round((Date.now() - began) / 1000)} s)`);
  const heartbeat = setInterval(say, HEARTBEAT_MS);
  try {
    const mirror = debianMirror();
    const made = await run(
      'debootstrap',
      // Without this a machine that lacks Debian's keys takes what it gets, unchecked.
      ['--force-check-gpg', '--variant=minbase', `--include=${PACKAGES.join(',')}`, suite, root, mirror],
      { env, signal, onLine: (line) => (step = /^I: (.{1,60})/.exec(line)?.[1] ?? step) },
    ).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) throw new Error('machines need debootstrap (Debian package debootstrap)');
      throw error;
    });
    if (made.code !== 0)
      throw new Error(
        `the image ${image} could not be made (debootstrap of ${suite} from ${mirror}): ${wayOut()}. It said: ${made.tail.slice(-4).join(' | ')}`,
      );
    step = 'trimming it';
    for (const [path, content] of Object.entries(FILES)) {
      mkdirSync(dirname(root + path), { recursive: true });
      await rm(root + path, { force: true });
      writeFileSync(root + path, content);
    }
    const trimmed = await run('sh', ['-c', SCRIPT], { env, cwd: root, signal });
    if (trimmed.code !== 0) throw new Error(`the image ${image} could not be trimmed: ${trimmed.tail.join(' | ')}`);
  } finally {
    clearInterval(heartbeat);
  }
}
