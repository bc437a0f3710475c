import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { TREE } from '../../cli/paths.ts';
import { labDown, labUp } from '../../lab/control.ts';

export interface Ended {
  /** null when a signal ended it. */
  code: number | null;
  text: string;
  stdout: string;
}

/** A process under way, and how it ended. */
export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

/** What is kept of a lab to go back to: everything else of its directory stays the same. */
const KEPT = ['journal.jsonl', 'state'];

/** One lab with one stack, worked as its users work it: by `mesh` and `pulumi` as processes of their own. */
export class Rig {
  readonly tree: string;
  readonly stack: string;
  readonly root: string = mkdtempSync(join(tmpdir(), 'site-mesh-kills-'));
  readonly lab: string = join(this.root, 'lab');
  readonly #machines: boolean;
  #env: NodeJS.ProcessEnv = {};

  /** `machines`: a lab of real machines, whose cloud takes a hundredth of its time. */
  constructor(stack: string, { tree = TREE, machines = false } = {}) {
    this.stack = stack;
    this.tree = tree;
    this.#machines = machines;
  }

  async start(): Promise<void> {
    if (this.#machines) {
      const up = await this.mesh('lab', 'up', '--machines').ended;
      if (up.code !== 0) throw new Error(`the lab did not start:\n${up.text}`);
    }
    const run = await this.mesh('env', this.stack, '--json').ended;
    if (run.code !== 0) throw new Error(`the lab did not start:\n${run.text}`);
    const { PATH, ...variables } = z.record(z.string(), z.string()).parse(JSON.parse(run.stdout));
    this.#env = {
      ...outside(),
      ...variables,
      PATH: [PATH, process.env.PATH].join(delimiter),
      // Guardrails are another test's; without them a run is a second shorter.
      PULUMI_OPTION_POLICY_PACK: undefined,
      ...this.#pace,
    };
  }

  pulumi(...args: string[]): Started {
    return start(join(this.lab, 'bin', 'pulumi'), args, this.tree, this.#env);
  }

  mesh(...args: string[]): Started {
    return start(join(this.tree, 'bin', 'mesh'), args, this.tree, {
      ...outside(),
      MESH_LAB_DIR: this.lab,
      NO_COLOR: '1',
      ...this.#pace,
    });
  }

  get #pace(): NodeJS.ProcessEnv {
    return this.#machines ? { MESH_LAB_PACE: '0.01' } : {};
  }

  /** Keeps the lab as it is under a name. */
  async save(name: string): Promise<void> {
    await labDown(this.lab);
    const to = join(this.root, name);
    mkdirSync(to, { recursive: true });
    for (const part of KEPT) cpSync(join(this.lab, part), join(to, part), { recursive: true });
    await labUp(this.lab);
  }

  /** Makes the lab what it was, whatever runs in it now. */
  async restore(name: string): Promise<void> {
    await labDown(this.lab);
    for (const part of KEPT) {
      rmSync(join(this.lab, part), { recursive: true, force: true });
      cpSync(join(this.root, name, part), join(this.lab, part), { recursive: true });
    }
    await labUp(this.lab);
  }

  get logSize(): number {
    return statSync(join(this.lab, 'lab.log')).size;
  }

  /** What the lab noted since, of one kind: `change` or `held`. */
  events(kind: string, since: number): string[] {
    const entry = z.looseObject({ event: z.string().optional(), what: z.string().optional() });
    return readFileSync(join(this.lab, 'lab.log'))
      .subarray(since)
      .toString('utf8')
      .split('\n')
      .filter((line) => line.includes(`"event":"${kind}"`) && line.endsWith('}'))
      .map((line) => entry.parse(JSON.parse(line)).what ?? '');
  }

  async remove(): Promise<void> {
    if (existsSync(join(this.lab, 'lab.json'))) await labDown(this.lab);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What the caller's own process was given is not what a user's shell has. */
function outside(): NodeJS.ProcessEnv {
  const foreign = /^(VITEST|TEST|NODE_ENV|NODE_OPTIONS|PULUMI_|MESH_|npm_|FORCE_COLOR)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function start(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Started {
  const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Ended = { code: null, text: '', stdout: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said.text += chunk;
    said.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said.text += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: plugins that outlive a killed engine hold its streams open.
    child.once('exit', (code) => resolve({ ...said, code }));
  });
  return { child, ended: ended.then((end) => settle(end, said)) };
}

/** What was said last arrives a moment after the end. */
async function settle(end: Ended, said: Ended): Promise<Ended> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { ...said, code: end.code };
}
