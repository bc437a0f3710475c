import { vi } from 'vitest';

/**
 * Stands in for `io/wait.ts`: pauses take no time, but the clock says they did.
 * Use: `vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'))` and `vi.useFakeTimers({ toFake: ['Date'] })`.
 */
export function pause(seconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(new Error('cancelled'));
  vi.setSystemTime(Date.now() + seconds * 1000);
  return Promise.resolve();
}
