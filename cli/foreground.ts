import { spawn, type ChildProcess } from 'node:child_process';
import { TREE } from './paths.ts';

/** Thrown by `check` after a Ctrl-C, so that the caller unwinds in its own order. */
class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** One Ctrl-C arrives more than once: from the terminal, and passed on by npm. */
const SAME_INTERRUPT_MS = 1000;

/**
 * Runs children with the terminal's own streams, and turns Ctrl-C (or a SIGTERM) into an orderly end: the engine gets
 * one interrupt, finishes the operations under way, records them, drops its lock; then we go. A second Ctrl-C makes it
 * stop at once.
 *
 * Children are in a process group of their own and hear of a Ctrl-C from us alone: two interrupts in a row, one from the
 * terminal and one from us, make the engine drop what is under way.
 */
export class Foreground {
  interrupted = false;
  #child: ChildProcess | undefined;
  #last = -Infinity;
  readonly #onSignal = (): void => {
    const now = performance.now();
    if (now - this.#last < SAME_INTERRUPT_MS) return;
    this.#last = now;
    process.stderr.write(this.interrupted ? '\nStopping at once …\n' : '\nStopping: what is under way ends first …\n');
    this.interrupted = true;
    this.#child?.kill('SIGINT');
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
      const child = spawn(command, [...args], {
        cwd: TREE,
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
        detached: true,
      });
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
