import { spawn, type ChildProcess } from 'node:child_process';
import { TREE } from './paths.ts';

/** Thrown by `check` after a Ctrl-C, so that the caller unwinds in its own order. */
class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/**
 * Runs children in the foreground with the terminal's own streams, and turns Ctrl-C (or a SIGTERM) into an orderly
 * end: the engine gets one interrupt, finishes the operations under way, records them, drops its lock; then we go.
 */
export class Foreground {
  interrupted = false;
  #child: ChildProcess | undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (!this.interrupted) process.stderr.write('\nStopping: the engine ends what is under way …\n');
    this.interrupted = true;
    // At a terminal the whole process group gets the SIGINT already; a second one would make the engine stop hard.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) this.#child?.kill('SIGINT');
  };

  constructor() {
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal).on('SIGHUP', this.#onSignal);
  }

  check(): void {
    if (this.interrupted) throw new Interrupted();
  }

  /** The exit code; 130 when a signal ended it. */
  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
    this.check();
    return new Promise((resolve, reject) => {
      const child = spawn(command, [...args], { cwd: TREE, env, stdio: ['ignore', 'inherit', 'inherit'] });
      this.#child = child;
      child.on('error', reject);
      child.on('close', (code) => {
        this.#child = undefined;
        resolve(code ?? 130);
      });
    });
  }

  close(): void {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal).off('SIGHUP', this.#onSignal);
  }
}
