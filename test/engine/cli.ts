import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TREE } from '../../cli/paths.ts';

export interface Ended {
  /** As a shell reports it: 128 and the signal's number when a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** Both, in the order in which they came. */
  text: string;
}

export interface StartOptions {
  /** Replaces or (undefined) removes variables of the test's own environment. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** A command as a terminal starts it: in a process group of its own, which a Ctrl-C reaches as a whole. */
export class Running {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #output: Ended = { code: -1, stdout: '', stderr: '', text: '' };
  #over = false;

  constructor(command: string, args: readonly string[], { env = {}, cwd = TREE }: StartOptions = {}) {
    // What the test's own process was given is not what a user's shell has, but for the choice of plugins.
    const foreign = /^(VITEST|TEST|NODE_ENV|NODE_OPTIONS|PULUMI_|MESH_(?!PLUGIN)|npm_|FORCE_COLOR)/;
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    const child = spawn(command, [...args], {
      cwd,
      env: { ...own, NO_COLOR: '1', ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        this.#output[name] += chunk;
        this.#output.text += chunk;
      });
    }
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#over = true;
        resolve({ ...this.#output, code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'] });
      });
    });
  }

  /** Resolves when the output matches; fails when the command ends before or after a minute. */
  async says(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!pattern.test(this.#output.text)) {
      await sleep(10);
      if (this.#over || Date.now() > deadline)
        throw new Error(`${String(pattern)} was not said:\n${this.#output.text}`);
    }
  }

  /** What the terminal does on Ctrl-C, or `kill -TERM -GROUP`. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) throw new Error('it was never started');
    process.kill(-this.#child.pid, signal);
  }
}

/** `bin/mesh …` as a user types it. */
export function mesh(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return new Running(join(options.cwd ?? TREE, 'bin', 'mesh'), args, options).ended;
}

/** A lab directory in a temporary folder, and how to see what runs there. */
export class Folder {
  readonly root: string = mkdtempSync(join(tmpdir(), 'site-mesh-cli-'));
  /** Not made yet. */
  readonly lab: string;
  /** The checkout whose mesh is run. */
  tree: string = TREE;

  constructor(lab = 'lab') {
    this.lab = join(this.root, lab);
  }

  get env(): NodeJS.ProcessEnv {
    return { MESH_LAB_DIR: this.lab };
  }

  mesh(...args: string[]): Promise<Ended> {
    return mesh(args, { env: this.env, cwd: this.tree });
  }

  /** Starts `mesh try` and does not wait. */
  try(...args: string[]): Running {
    return new Running(join(this.tree, 'bin', 'mesh'), ['try', ...args], { env: this.env, cwd: this.tree });
  }

  /** Process number and command of all that was started for this folder, by its environment or its arguments. */
  async processes(): Promise<{ pid: number; command: string }[]> {
    // `e` appends the environment: whatever was started for this lab carries its directory there.
    const { stdout } = await promisify(execFile)('ps', ['axeww', '-o', 'pid=,command='], { maxBuffer: 1 << 26 });
    return stdout
      .split('\n')
      .filter((line) => line.includes(this.root))
      .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim().replace(/^\d+ /, '') }));
  }

  /** Resolves with [] as soon as nothing is left, else after five seconds with the first 300 characters of each. */
  async leftovers(): Promise<string[]> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const left = await this.processes();
      if (left.length === 0 || Date.now() > deadline) return left.map(({ command }) => command.slice(0, 300));
      await sleep(50);
    }
  }

  async remove(): Promise<void> {
    if (existsSync(join(this.lab, 'lab.json'))) await this.mesh('lab', 'down');
    const left = await this.leftovers();
    rmSync(this.root, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left running:\n${left.join('\n')}`);
  }
}
