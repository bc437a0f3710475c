import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Debian's own: a version manager's shim on PATH takes longer to start than the program to run. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

export interface HelperOptions {
  script: string;
  args: readonly string[];
  /** Namespace to run in; undefined: this process's own. */
  netns?: string;
  pidFile: string;
  log: (entry: object) => void;
  /** It ended and was not told to. */
  onEnd: () => void;
}

/**
 * A small Python process that takes one JSON value a line and answers each with one line: `ok` or what is wrong. It ends when its
 * standard input does, so also with this process.
 */
export class Helper {
  readonly #options: HelperOptions;
  #child: ChildProcess | undefined;
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(options: HelperOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it unless it runs. @returns whether it was started */
  start(): boolean {
    if (this.#child !== undefined) return false;
    const { script, args, netns, pidFile, log, onEnd } = this.#options;
    // Without site packages and the environment: starts in half the time, and nothing of the user's Python gets in.
    const python = [PYTHON, '-BEsS', script, ...args] as const;
    const [program, ...rest] = netns === undefined ? python : (['nsenter', `--net=${netns}`, ...python] as const);
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    if (child.pid !== undefined) writeFileSync(pidFile, JSON.stringify({ pid: child.pid, since: startOf(child.pid) }));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const waiting = this.#waiting.shift();
      if (line === 'ok') waiting?.resolve();
      else waiting?.reject(new Error(`${script}: ${line}`));
    });
    const gone = (why: string): void => {
      const wanted = this.#child === child;
      if (wanted) this.#child = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${script} ended: ${why}`));
      if (!wanted) return;
      log({ time: new Date().toISOString(), event: 'helper-ended', script, why });
      onEnd();
    };
    child.once('error', (error) => gone(error.message));
    child.once('close', (code, signal) => gone(said.trim() || `${code ?? signal ?? 'unknown'}`));
    return true;
  }

  request(value: unknown): Promise<void> {
    const stdin = this.#child?.stdin ?? undefined;
    if (stdin === undefined) return Promise.reject(new Error(`${this.#options.script} does not run`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      stdin.write(`${JSON.stringify(value)}\n`);
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
    }
    rmSync(this.#options.pidFile, { force: true });
  }
}

/** When a process began, in the kernel's ticks: with its number it tells a process from a later one. Undefined: it does not run. */
export function startOf(pid: number): string | undefined {
  try {
    // The second field, the program's name, may hold anything; the 22nd is counted from behind it.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Ends a helper that a run which crashed left, if the process of that number still is the one. */
export function endLeftover(pidFile: string): void {
  let left: { pid?: unknown; since?: unknown };
  try {
    left = JSON.parse(readFileSync(pidFile, 'utf8')) as typeof left;
  } catch {
    return;
  }
  if (typeof left.pid === 'number' && typeof left.since === 'string' && startOf(left.pid) === left.since)
    process.kill(left.pid, 'SIGKILL');
  rmSync(pidFile, { force: true });
}
