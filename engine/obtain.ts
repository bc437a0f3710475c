import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, clearLeftovers, commit, look, newStaging } from './cache.ts';
import { type Attempt, EngineError, messageOf } from './error.ts';
import { interruptible } from './interrupt.ts';
import { withLock } from './lock.ts';
import type { Finder, Maker, Wanted, WayContext } from './ways.ts';

/** How it was had: found elsewhere, or in our cache since then or before. */
export type Obtained = { how: 'installed'; file: string } | { how: 'downloaded' | 'built' | 'cached'; dir: string };

/** What is being done, for people, and the seconds since the start. Comes about once a second when something lasts. */
export interface Progress {
  message: string;
  seconds: number;
}

export interface ObtainOptions {
  /** Told what is being done, about once a second. */
  onProgress: (progress: Progress) => void;
  /** Environment of the search and of every child process; default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/site-mesh/KIND`. */
  cacheDir?: string;
  /** Ends it from outside, with `EngineError` `interrupted`. Ctrl-C, SIGTERM and SIGHUP do so anyway. */
  signal?: AbortSignal;
}

/** The ways to something, in the order in which they are tried. */
export interface Ways {
  finder?: Finder;
  makers: readonly Maker[];
}

interface ObtainSettings extends Ways {
  wanted: Wanted;
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
  /** See LockOptions. */
  stale: number;
}

const STALE_MS = 10_000;

/**
 * `obtain` in the cache folder of that kind, until Ctrl-C: then the children that it started are ended and it rejects;
 * leaving the process is the caller's business.
 * @throws EngineError with a complete message for people
 */
export function obtainInCache(wanted: Wanted, kind: string, ways: Ways, options: ObtainOptions): Promise<Obtained> {
  const env = options.env ?? process.env;
  const cacheDir = options.cacheDir ?? cacheFolder(env, kind);
  return interruptible(`Obtaining ${wanted.title}`, options.signal, (signal) =>
    obtain({ wanted, ...ways, cacheDir, env, onProgress: options.onProgress, signal, stale: STALE_MS }),
  );
}

/**
 * Our cache, then `finder`, then `makers` in their order. What a maker makes is checked, recorded and moved into the cache
 * in one step; two processes take turns.
 * @throws EngineError
 */
async function obtain(settings: ObtainSettings): Promise<Obtained> {
  const { wanted, cacheDir, env, signal } = settings;
  const start = performance.now();
  const report = (message: string): void =>
    settings.onProgress({ message, seconds: Math.round((performance.now() - start) / 1000) });

  const first = await usable(cacheDir, () => look(cacheDir, wanted));
  if (first.state === 'ready') return { how: 'cached', dir: first.dir };

  const attempts: Attempt[] = [];
  const { finder } = settings;
  const file = finder && (await tryWay(finder, attempts, signal, () => finder.find({ env, report, signal })));
  if (file !== undefined) return { how: 'installed', file };

  await usable(cacheDir, () => mkdir(cacheDir, { recursive: true }));
  const onWait = (): void => report(`another process is obtaining ${wanted.title}; waiting for it`);
  return usable(cacheDir, () =>
    withLock(cacheDir, { onWait, signal, stale: settings.stale }, async (held) => {
      await clearLeftovers(cacheDir);
      const again = await look(cacheDir, wanted);
      if (again.state === 'ready') return { how: 'cached', dir: again.dir };
      if (again.state === 'damaged')
        report(`the cached ${wanted.title} is damaged (${again.damage}); obtaining it again`);
      for (const maker of settings.makers) {
        const dir = await tryWay(maker, attempts, held, () =>
          makeInto(cacheDir, wanted, maker, { env, report, signal: held }),
        );
        if (dir !== undefined) return { how: maker.how, dir };
      }
      throw new EngineError('unavailable', unavailableMessage(wanted, attempts, cacheDir), attempts);
    }),
  );
}

async function makeInto(cacheDir: string, wanted: Wanted, maker: Maker, context: WayContext): Promise<string> {
  const staging = await newStaging(cacheDir);
  try {
    await maker.make(staging, context);
    await wanted.verify(join(staging, wanted.content), context);
    return await commit(cacheDir, wanted, staging, maker.how);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** undefined when the way is not open; its reason joins `attempts`. An interruption is nobody's fault and ends it all. */
async function tryWay(
  way: { name: string; needs: string },
  attempts: Attempt[],
  signal: AbortSignal,
  attempt: () => Promise<string>,
): Promise<string | undefined> {
  try {
    return await attempt();
  } catch (error) {
    signal.throwIfAborted();
    attempts.push({ way: way.name, why: messageOf(error), needs: way.needs });
    return undefined;
  }
}

/** Turns the system's refusal of the cache directory into words; everything of ours passes. */
async function usable<T>(cacheDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new EngineError(
      'cache',
      `The cache ${cacheDir} cannot be used: ${error.message}.\n` +
        'Make it writable, or point XDG_CACHE_HOME to a directory that is.',
    );
  }
}

function unavailableMessage({ title }: Wanted, attempts: readonly Attempt[], cacheDir: string): string {
  return [
    `${title} is not here and could not be obtained. ${attempts.length > 1 ? 'Any one of these ways is enough' : 'The way to it'}:`,
    ...attempts.map(
      ({ way, why, needs }, index) => `  ${index + 1}. ${way}\n     failed: ${why}\n     needs:  ${needs}`,
    ),
    `Nothing was left behind in ${cacheDir}.`,
  ].join('\n');
}
