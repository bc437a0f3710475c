import { access, chmod, constants, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clearLeftovers, commit, look, newStaging } from './cache.ts';
import { versionOf } from './cli-version.ts';
import { type Attempt, EngineError, messageOf, Unavailable } from './error.ts';
import { withLock } from './lock.ts';
import { PULUMI_VERSION } from './versions.ts';
import type { Finder, Maker, WayContext } from './ways.ts';

/** The engine, ready to be started. */
export interface Engine {
  version: string;
  /** Path of the `pulumi` executable. */
  cli: string;
  how: 'installed' | 'downloaded' | 'built' | 'cached';
  /** True when the vendor's Node.js language host lies beside it. */
  languageHost: boolean;
}

/** What is being done, for people, and the seconds since the start. Comes about once a second when something lasts. */
export interface EngineProgress {
  message: string;
  seconds: number;
}

export interface ObtainSettings {
  finder: Finder;
  makers: readonly Maker[];
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  onProgress: (progress: EngineProgress) => void;
  signal: AbortSignal;
  /** See LockOptions. */
  stale: number;
}

/**
 * Our cache, then `finder`, then `makers` in their order. What a maker makes is checked, recorded and moved into the cache
 * in one step; two processes take turns.
 * @throws EngineError
 */
export async function obtain(settings: ObtainSettings): Promise<Engine> {
  const { cacheDir, signal } = settings;
  const start = performance.now();
  const report = (message: string): void =>
    settings.onProgress({ message, seconds: Math.round((performance.now() - start) / 1000) });

  const first = await usable(cacheDir, () => look(cacheDir));
  if (first.state === 'ready') return engine(first.cli, 'cached');

  const attempts: Attempt[] = [];
  const found = await tryWay(settings.finder, attempts, signal, () =>
    settings.finder.find({ env: settings.env, report, signal }),
  );
  if (found !== undefined) return engine(found, 'installed');

  await usable(cacheDir, () => mkdir(cacheDir, { recursive: true }));
  const onWait = (): void => report('another process is obtaining Pulumi; waiting for it');
  return usable(cacheDir, () =>
    withLock(cacheDir, { onWait, signal, stale: settings.stale }, async (held) => {
      await clearLeftovers(cacheDir);
      const again = await look(cacheDir);
      if (again.state === 'ready') return engine(again.cli, 'cached');
      if (again.state === 'damaged') report(`the cached Pulumi is damaged (${again.damage}); obtaining it again`);
      for (const maker of settings.makers) {
        const cli = await tryWay(maker, attempts, held, () =>
          makeInto(cacheDir, maker, { env: settings.env, report, signal: held }),
        );
        if (cli !== undefined) return engine(cli, maker.how);
      }
      throw new EngineError('unavailable', unavailableMessage(attempts, cacheDir), attempts);
    }),
  );
}

async function makeInto(cacheDir: string, maker: Maker, context: WayContext): Promise<string> {
  const staging = await newStaging(cacheDir);
  try {
    await maker.make(staging, context);
    const cli = join(staging, 'bin', 'pulumi');
    await chmod(cli, 0o755);
    const version = await versionOf(cli, context.env, context.signal);
    if (version !== PULUMI_VERSION) {
      throw new Unavailable(`what it made says it is ${version ?? 'nothing'}, not ${PULUMI_VERSION}`);
    }
    return await commit(cacheDir, staging, maker.how);
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

async function engine(cli: string, how: Engine['how']): Promise<Engine> {
  const host = join(dirname(cli), 'pulumi-language-nodejs');
  const languageHost = await access(host, constants.X_OK).then(
    () => true,
    () => false,
  );
  return { version: PULUMI_VERSION, cli, how, languageHost };
}

function unavailableMessage(attempts: readonly Attempt[], cacheDir: string): string {
  return [
    `Pulumi ${PULUMI_VERSION} is not here and could not be obtained. Any one of these ways is enough:`,
    ...attempts.map(
      ({ way, why, needs }, index) => `  ${index + 1}. ${way}\n     failed: ${why}\n     needs:  ${needs}`,
    ),
    `Nothing was left behind in ${cacheDir}.`,
  ].join('\n');
}
