import { defaultCacheDir } from './cache.ts';
import { EngineError } from './error.ts';
import { goBuild } from './go-build.ts';
import { installed } from './installed.ts';
import { launcher } from './launcher.ts';
import { type Engine, type EngineProgress, obtain } from './obtain.ts';

export { EngineError } from './error.ts';
export type { Engine } from './obtain.ts';

export interface ObtainOptions {
  /** Told what is being done, about once a second. */
  onProgress: (progress: EngineProgress) => void;
  /** Environment of the search and of every child process; default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/site-mesh/engine`. */
  cacheDir?: string;
  /** Ends it from outside, with `EngineError` `interrupted`. Ctrl-C, SIGTERM and SIGHUP do so anyway. */
  signal?: AbortSignal;
}

const STALE_MS = 10_000;
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Makes Pulumi (PULUMI_VERSION, exactly) available: our cache, an installed one, the official download, a build from Go
 * modules. The result of the last two is cached. Safe when two run at once and when one is killed half way.
 *
 * While it runs, Ctrl-C ends the children it started and rejects; leaving the process is the caller's business.
 * @throws EngineError with a complete message for people
 */
export async function obtainPulumi(options: ObtainOptions): Promise<Engine> {
  const env = options.env ?? process.env;
  const interrupt = new AbortController();
  const stop = (reason: string): void =>
    interrupt.abort(new EngineError('interrupted', `Obtaining Pulumi was interrupted (${reason}).`));
  const onAbort = (): void => stop('stopped by the caller');
  for (const name of INTERRUPTS) process.on(name, stop);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  try {
    return await obtain({
      finder: installed,
      makers: [launcher(), goBuild],
      cacheDir: options.cacheDir ?? defaultCacheDir(env),
      env,
      onProgress: options.onProgress,
      signal: interrupt.signal,
      stale: STALE_MS,
    });
  } finally {
    for (const name of INTERRUPTS) process.off(name, stop);
    options.signal?.removeEventListener('abort', onAbort);
  }
}
