import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';

const PATIENCE_MS = 5000;

/** How a process ended, in words for an error and as a number for a plugin's exit code. */
interface Ending {
  code: number;
  /** `undefined` for exit code 0. */
  fault?: string;
}

/** The processes that the language host started; they end with it. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  /** Start a process; `abort` interrupts it, and kills it when it does not listen within five seconds. */
  start(command: string, args: readonly string[], options: SpawnOptions, abort: AbortSignal): ChildProcess {
    const child = spawn(command, args, options);
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    const stop = (): void => interrupt(child);
    abort.addEventListener('abort', stop, { once: true });
    child.once('close', () => abort.removeEventListener('abort', stop));
    if (abort.aborted) stop();
    return child;
  }

  /** Interrupt all, then kill what is left; resolves when none runs any more. */
  async stop(): Promise<void> {
    const children = [...this.#running];
    const ended = children.map((child) => ending(child));
    for (const child of children) interrupt(child);
    await Promise.allSettled(ended);
  }

  /** Kill all now, for the moment in which the host itself is told to go. */
  kill(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

function interrupt(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  child.once('close', () => clearTimeout(timer));
}

/** Resolves when the process is over and its output is read to the end; rejects when it could not be started. */
export function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ code: 0 });
      else if (code !== null) resolve({ code, fault: `Program exited with non-zero exit code: ${code}` });
      else resolve({ code: 255, fault: `Program was ended by signal ${String(signal)}` });
    });
  });
}
