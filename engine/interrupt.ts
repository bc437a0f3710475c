import { EngineError } from './error.ts';

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` with a signal that is aborted by Ctrl-C, SIGTERM, SIGHUP or by the caller's own one; its reason is an
 * EngineError `interrupted`.
 * @param title of the work, as the start of a sentence: `Obtaining Pulumi`
 */
export async function interruptible<T>(
  title: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new AbortController();
  const stop = (reason: string): void =>
    interrupt.abort(new EngineError('interrupted', `${title} was interrupted (${reason}).`));
  const onAbort = (): void => stop('stopped by the caller');
  for (const name of INTERRUPTS) process.on(name, stop);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await work(interrupt.signal);
  } finally {
    for (const name of INTERRUPTS) process.off(name, stop);
    signal?.removeEventListener('abort', onAbort);
  }
}
