import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { hasCode } from './error.ts';

export interface RunOptions {
  env: NodeJS.ProcessEnv;
  cwd?: string;
  signal?: AbortSignal;
  /** Milliseconds after which the child and everything it started is ended. */
  timeout?: number;
  /** Called with each line of stdout and stderr. */
  onLine?: (line: string) => void;
}

export interface RunResult {
  /** Exit code; null when a signal ended it or it could not be started. */
  code: number | null;
  stdout: string;
  /** The last lines of stdout and stderr together. */
  tail: string[];
  timedOut: boolean;
}

const TAIL_LINES = 12;
const GRACE_MS = 3_000;

/**
 * Runs a program without a shell and without standard input, in a process group of its own, so that ending it also ends
 * the compilers and downloads it started, and only those.
 * @throws the reason of `signal` when aborted, an Error when the program cannot be started
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const endGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  };
  let timedOut = false;
  let hardStop: NodeJS.Timeout | undefined;
  const stop = (): void => {
    endGroup('SIGTERM');
    hardStop = setTimeout(() => endGroup('SIGKILL'), GRACE_MS);
  };
  // The caller may end the process from a signal handler of its own; its children must not outlive it then either.
  const onExit = (): void => endGroup('SIGKILL');
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          stop();
        }, options.timeout);
  process.once('exit', onExit);
  options.signal?.addEventListener('abort', stop, { once: true });

  const tail: string[] = [];
  const stdout: string[] = [];
  const read = (stream: Readable, keep?: string[]): void => {
    createInterface({ input: stream }).on('line', (line) => {
      keep?.push(line);
      if (line.trim() !== '') tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.(line);
    });
  };
  read(child.stdout, stdout);
  read(child.stderr);

  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    options.signal?.throwIfAborted();
    return { code, stdout: stdout.join('\n'), tail, timedOut };
  } finally {
    clearTimeout(timer);
    clearTimeout(hardStop);
    process.off('exit', onExit);
    options.signal?.removeEventListener('abort', stop);
  }
}
