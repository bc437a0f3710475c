import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PYTHON } from '../../../lab/machines/net/helper.ts';
import { createNet } from '../../../lab/machines/net/index.ts';
import type { Net } from '../../../lab/machines/types.ts';
import type { Wanted } from './worlds.ts';

const OTHER = join(import.meta.dirname, 'other.ts');
const PEER = join(import.meta.dirname, 'peer.py');

export interface Outcome {
  ok: boolean;
  output: string;
}

export interface Listener {
  /** Whom it heard from, so far. */
  heard: string[];
  stop(): void;
}

let labs = 0;

/** Networks of a lab without machines: what runs in a machine's namespace is started by the test. */
export class Bench {
  readonly lab = `t${process.pid.toString(36)}x${labs++}`;
  readonly dir = join(tmpdir(), `mesh-net-${this.lab}`);
  readonly log: object[] = [];
  readonly net: Net;
  readonly #listeners = new Set<Listener>();

  constructor() {
    this.net = createNet({ lab: this.lab, dir: this.dir, log: (entry) => this.log.push(entry), connectTimeout: 500 });
  }

  converge(world: Wanted): Promise<void> {
    return this.net.converge({ ...world, lab: this.lab });
  }

  /**
   * Has another process make the networks, and kills it.
   * @param before called before it is killed
   * @returns what it said
   */
  async byOther(world: Wanted, before: () => void | Promise<void> = () => undefined): Promise<string> {
    const args = [OTHER, this.lab, this.dir, JSON.stringify({ ...world, lab: this.lab })];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    await before();
    const closed = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await closed;
    return said;
  }

  /** What the networks know to be there. */
  state(): Promise<string> {
    return readFile(join(this.dir, 'state.json'), 'utf8');
  }

  /** Process of a helper. */
  async helper(name: 'box' | 'gate'): Promise<number> {
    return (JSON.parse(await readFile(join(this.dir, `${name}.pid`), 'utf8')) as { pid: number }).pid;
  }

  /** Runs a program in a machine's namespace. */
  run(machine: string, ...command: string[]): Promise<Outcome> {
    return runIn(this.net.namespace(machine), command);
  }

  /** Like `run`; a failure is thrown. */
  async must(machine: string, ...command: string[]): Promise<string> {
    const { ok, output } = await this.run(machine, ...command);
    if (!ok) throw new Error(`${command.join(' ')} in ${machine}: ${output}`);
    return output;
  }

  /** Does one of two pings come back? */
  async pings(machine: string, to: string, ...options: string[]): Promise<boolean> {
    const { ok } = await this.run(machine, 'ping', '-c2', '-i0.1', '-W0.5', '-q', ...options, to);
    return ok;
  }

  /** Round trips of pings, ms, sorted; those lost are missing. */
  async rtts(machine: string, to: string, count: number, interval = 0.02, wait = 2): Promise<number[]> {
    const { output } = await this.run(machine, 'ping', `-c${count}`, `-i${interval}`, `-W${wait}`, to);
    return [...output.matchAll(/time=([\d.]+)/g)].map(([, ms]) => Number(ms)).sort((a, b) => a - b);
  }

  /** Echoes what comes to a port. */
  async listen(machine: string, kind: 'tcp' | 'udp', port: number): Promise<Listener> {
    return this.#background(machine, ['serve', kind, String(port)]);
  }

  async #background(machine: string, args: string[]): Promise<Listener> {
    const child = spawn('nsenter', [`--net=${this.net.namespace(machine)}`, PYTHON, '-IS', PEER, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const listener: Listener = { heard: [], stop: () => child.kill() };
    this.#listeners.add(listener);
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve();
        else listener.heard.push(line);
      });
      child.once('close', () => reject(new Error(`${args.join(' ')} in ${machine} ended`)));
    });
    return listener;
  }

  /** Which of these answer pings? */
  async reaches(machine: string, addresses: readonly string[]): Promise<string[]> {
    const answers = await Promise.all(addresses.map((address) => this.pings(machine, address)));
    return addresses.filter((_, index) => answers[index]);
  }

  /** Does the echo come? `from`: a source address of the machine; empty: any. */
  async asks(
    machine: string,
    kind: 'tcp' | 'udp',
    to: string,
    port: number,
    { from = '', fromPort = 0, bytes = 10, wait = 0.7 } = {},
  ): Promise<boolean> {
    const args = ['ask', kind, to, String(port), String(wait), from, String(fromPort), String(bytes)];
    const { ok } = await this.run(machine, PYTHON, '-IS', PEER, ...args);
    return ok;
  }

  /** One TCP stream, Mbit/s. */
  async throughput(from: string, to: string, address: string): Promise<number> {
    const drain = await this.#background(to, ['drain', '5001']);
    const text = await this.must(from, PYTHON, '-IS', PEER, 'send', address, '5001', '1');
    drain.stop();
    return Number(text);
  }

  /** Tells the neighbours that a machine has an address now. */
  async announces(machine: string, nic: string, address: string): Promise<void> {
    await this.must(machine, PYTHON, '-IS', PEER, 'announce', nic, address);
  }

  async end(): Promise<void> {
    for (const listener of this.#listeners) listener.stop();
    await this.net.remove();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Runs a program in a namespace, by its path. */
export function runIn(namespace: string, command: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile('nsenter', [`--net=${namespace}`, ...command], (error, stdout, stderr) =>
      resolve({ ok: error === null, output: `${stdout}${stderr}` }),
    );
  });
}
