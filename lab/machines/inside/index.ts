import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { labMachines } from '../client.ts';
import { enterArguments } from '../machine/enter.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** The host tool of the release that was activated last. */
const TOOL = '/usr/local/lib/site-mesh/mesh-host';
const TRAFFIC = readFileSync(join(import.meta.dirname, 'traffic.py'), 'utf8');
/** A transfer that hangs gives up after 4 s by itself; nothing here takes a minute. */
const PATIENCE_MS = 90_000;
/** What goes on until somebody else is done. */
const UNTIL_MS = 300_000;

interface RunOptions {
  stdin?: string;
  onOutput?: (chunk: string) => void;
  /** Standard input stays open until then. */
  until?: Promise<unknown>;
}

/** Seconds, or until something has ended. */
type Lasting = number | Promise<unknown>;

const fetched = z.object({
  ok: z.boolean(),
  bytes: z.number(),
  connected: z.boolean().optional(),
  /** The client, as the server saw it. */
  peer: z.string().optional(),
  /** Segments that either side sends, bytes. */
  server_mss: z.number().optional(),
  client_mss: z.number().optional(),
  error: z.string().optional(),
  seconds: z.number(),
});
const probed = z.object({
  worked: z.number(),
  failed: z.number(),
  outages: z.array(z.tuple([z.number(), z.number()])),
  lost: z.boolean(),
  last: z.number(),
});
const streamed = z.object({ ok: z.boolean(), echoed: z.number(), longest: z.number(), error: z.string().optional() });
const ROLE = z.object({ role: z.string().nullable() });
const CHANGED = z.object({ works: z.boolean() });
export type Fetched = z.infer<typeof fetched>;
export type Probed = z.infer<typeof probed>;
export type Streamed = z.infer<typeof streamed>;

/** The machines of a lab, as somebody sees them who stands in front of each. */
export class Inside {
  readonly #dir: string;
  readonly #servers: (() => void)[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Pid of the machine's init. */
  async pid(host: string): Promise<number> {
    const { machines } = await labMachines(this.#dir);
    const machine = machines.find(({ name }) => name === host);
    if (machine === undefined || machine.pid === null)
      throw new Error(`${host} does not run: ${machine?.error ?? machine?.state ?? 'unknown'}`);
    return machine.pid;
  }

  /** A command on the machine, as root. */
  async run(host: string, command: readonly string[], { stdin = '', onOutput, until }: RunOptions = {}): Promise<Ran> {
    const [program = '', ...args] = enterArguments(await this.pid(host), command);
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: until === undefined ? PATIENCE_MS : UNTIL_MS,
      killSignal: 'SIGKILL',
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (chunk: string) => (output[name] += chunk));
    if (onOutput !== undefined) child.stdout.on('data', onOutput);
    // A command that does not read its input is no fault.
    child.stdin.on('error', () => undefined);
    const end = (): void => void child.stdin.end(stdin);
    if (until === undefined) end();
    else void until.then(end, end);
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 124));
    });
    return { code, ...output };
  }

  /** The same, of a command that must end well; answers its output. */
  async must(host: string, ...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(host, command);
    if (code !== 0) throw new Error(`${host}: ${command.join(' ')} (exit ${code}): ${stderr || stdout}`);
    return stdout;
  }

  /** A line of the host tool that must end well; answers its document. */
  async tool(host: string, ...words: string[]): Promise<unknown> {
    return JSON.parse(await this.must(host, TOOL, ...words));
  }

  async shell(host: string, script: string): Promise<string> {
    return this.must(host, 'sh', '-euc', script);
  }

  /** Does one of `count` pings come back? `size`: whole packet, not to be fragmented; `from`: address that it is sent from. */
  async pings(
    host: string,
    address: string,
    { count = 3, size, from }: { count?: number; size?: number; from?: string } = {},
  ): Promise<boolean> {
    const header = address.includes(':') ? 48 : 28;
    const sized = size === undefined ? [] : ['-M', 'do', '-s', String(size - header)];
    const bound = from === undefined ? [] : ['-I', from];
    return (
      (
        await this.run(host, [
          'ping',
          '-n',
          '-q',
          '-i',
          '0.2',
          '-W',
          '1',
          '-c',
          String(count),
          ...sized,
          ...bound,
          address,
        ])
      ).code === 0
    );
  }

  /** Does a small transfer from there end well? */
  async reaches(host: string, address: string, port: number): Promise<boolean> {
    return (await this.fetch(host, address, port)).ok;
  }

  /** What the agent of a router says that it is: `primary`, `standby`, …; undefined when it says nothing. */
  async role(router: string): Promise<string | undefined> {
    const { stdout } = await this.run(router, [TOOL, 'agent', 'status']);
    return stdout === '' ? undefined : (ROLE.parse(JSON.parse(stdout)).role ?? undefined);
  }

  /** Which of two routers holds their LAN's way back, by their agents. Throws when neither or both do. */
  async pair(...routers: [string, string]): Promise<{ active: string; standby: string }> {
    const roles = await Promise.all(routers.map((name) => this.role(name)));
    if (roles.filter((role) => role === 'primary').length !== 1)
      throw new Error(routers.map((name, at) => `${name} is ${roles[at] ?? 'silent'}`).join(', '));
    const [first, second] = routers;
    return roles[0] === 'primary' ? { active: first, standby: second } : { active: second, standby: first };
  }

  /** Answers clients on these ports of the machine until `close`. */
  async serve(host: string, ...ports: number[]): Promise<void> {
    const [program = '', ...args] = enterArguments(await this.pid(host), [
      'python3',
      '-c',
      TRAFFIC,
      'serve',
      ...ports.map(String),
    ]);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#servers.push(() => child.stdin.end());
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`the server on ${host} ended (exit ${code ?? 1})`)));
      child.stdout.once('data', () => resolve());
    });
  }

  async fetch(
    host: string,
    address: string,
    port: number,
    options: { bytes?: number; side?: 'up' | 'down' } = {},
  ): Promise<Fetched> {
    const { bytes = 200, side = 'down' } = options;
    return fetched.parse(await this.#traffic(host, ['fetch', address, String(port), String(bytes), side]));
  }

  /**
   * Asks 20 times a second.
   * @param options `patience`: ends a second after the first outage, or when none has begun after so many seconds; `changed` hears
   *   at once when it begins or ceases to work
   */
  async probe(
    host: string,
    address: string,
    port: number,
    lasting: Lasting,
    { patience, changed }: { patience?: number; changed?: (works: boolean) => void } = {},
  ): Promise<Probed> {
    const { seconds, until } = lasts(lasting);
    const args = ['probe', address, String(port), seconds, ...(patience === undefined ? [] : [String(patience)])];
    const onLine = (line: unknown): void => changed?.(CHANGED.parse(line).works);
    return probed.parse(await this.#traffic(host, args, { onLine, ...until }));
  }

  /** One connection that is used 50 times a second. */
  async stream(host: string, address: string, port: number, lasting: Lasting): Promise<Streamed> {
    const { seconds, until } = lasts(lasting);
    return streamed.parse(await this.#traffic(host, ['stream', address, String(port), seconds], until));
  }

  close(): void {
    for (const end of this.#servers.splice(0)) end();
  }

  /** The last line that it says is the answer; the ones before are handed to `onLine` as they come. */
  async #traffic(
    host: string,
    args: string[],
    { onLine, ...more }: Pick<RunOptions, 'until'> & { onLine?: (line: unknown) => void } = {},
  ): Promise<unknown> {
    let rest = '';
    const { code, stdout, stderr } = await this.run(host, ['python3', '-c', TRAFFIC, ...args], {
      ...more,
      onOutput: (chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.includes('"works"')) onLine?.(JSON.parse(line));
      },
    });
    if (code !== 0) throw new Error(`${host}: ${args.join(' ')} (exit ${code}): ${stderr}`);
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  }
}

const lasts = (lasting: Lasting): { seconds: string; until: Pick<RunOptions, 'until'> } =>
  typeof lasting === 'number' ? { seconds: String(lasting), until: {} } : { seconds: '0', until: { until: lasting } };
