import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { labPaths } from '../../cli/lab/environment.ts';
import { prepareLab, type PreparedLab } from '../../cli/lab/prepare.ts';
import { runPulumi, type PulumiRun } from '../../cli/pulumi.ts';
import { type StackFile } from '../../cli/stack-file.ts';
import { resetLab } from '../../cli/lab/reset.ts';
import { labDown } from '../../lab/control.ts';
import { readConfig, type LabConfig, type LabTenant } from '../../lab/api/config.ts';
import { readEvents, type EngineEvent } from './events.ts';

const DEFAULT_STACK = 'staging';

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
type Resource = z.output<typeof resource>;
const checkpoint = z.object({ checkpoint: z.object({ latest: z.object({ resources: z.array(resource) }) }) });

export interface Run extends PulumiRun {
  /** What a person reads: stdout and stderr. */
  text: string;
  events: EngineEvent[];
}

/** A lab of its own with the real engine over it, for one test file. */
export class Bench {
  readonly dir: string;
  readonly lab: PreparedLab;
  readonly config: LabConfig;
  readonly stack: string;
  #runs = 0;

  private constructor(dir: string, stack: string, lab: PreparedLab, config: LabConfig) {
    this.dir = dir;
    this.stack = stack;
    this.lab = lab;
    this.config = config;
  }

  /** @param options.file another one than the checkout's; `beside`: a lab that runs already, for one stack more in it */
  static async start(
    stack = DEFAULT_STACK,
    { machines = false, file, beside }: { machines?: boolean; file?: StackFile; beside?: Bench } = {},
  ): Promise<Bench> {
    const dir = beside?.dir ?? (await mkdtemp(join(tmpdir(), 'site-mesh-engine-')));
    process.env.MESH_LAB_DIR = dir;
    const lab = await prepareLab(stack, () => undefined, { machines, ...(file && { file }) });
    const config = readConfig(dir);
    if (config === undefined) throw new Error('the lab wrote no lab.json');
    return new Bench(dir, stack, lab, config);
  }

  async stop(): Promise<void> {
    await labDown(this.dir);
    await rm(this.dir, { recursive: true, force: true });
  }

  /** An empty cloud and an empty stack, same lab. */
  async fresh(): Promise<void> {
    await resetLab(this.dir, { keepFaults: false });
    await prepareLab(this.stack, () => undefined);
  }

  get tenant(): LabTenant {
    // Read anew: it is another one where the stack's file was replaced.
    const tenant = readConfig(this.dir)?.tenants.find((entry) => entry.name === this.stack);
    if (tenant === undefined) throw new Error(`the lab has no tenant ${this.stack}`);
    return tenant;
  }

  /** The stack from another file than before, as `mesh env` takes up an edited one. */
  async take(file: StackFile): Promise<void> {
    await prepareLab(this.stack, () => undefined, { file });
  }

  async pulumi(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
    const log = join(this.dir, `events-${this.stack}-${++this.#runs}.json`);
    const eventful = ['preview', 'up', 'destroy', 'refresh'].includes(args[0] ?? '');
    const run = await runPulumi([...args, ...(eventful ? ['--event-log', log] : [])], {
      cli: this.lab.cli,
      // Guardrails are held by the tests of `mesh env` and `try`; without them a run takes a fifth less.
      env: { ...this.lab.env, PULUMI_OPTION_POLICY_PACK: undefined, PULUMI_DEBUG_COMMANDS: 'true', ...env },
    });
    return { ...run, text: `${run.stdout}${run.stderr}`, events: eventful ? await readEvents(log) : [] };
  }

  /** Sets a secret as a user does, on stdin. */
  async secret(key: string, value: string): Promise<void> {
    const run = await runPulumi(['config', 'set', '--secret', key], {
      cli: this.lab.cli,
      env: this.lab.env,
      stdin: value,
    });
    if (run.code !== 0) throw new Error(run.stderr);
  }

  up(...args: string[]): Promise<Run> {
    return this.pulumi(['up', '--yes', '--skip-preview', ...args]);
  }

  /** Edits the plain config of the lab's own stack file, as a user edits the tracked one. */
  async edit(change: (config: Record<string, unknown>) => void): Promise<void> {
    const { stackConfig } = labPaths(this.dir, this.stack);
    const text = await readFile(stackConfig, 'utf8');
    const file = z
      .object({ config: z.record(z.string(), z.unknown()) })
      .loose()
      .parse(parse(text));
    change(file.config);
    await writeFile(stackConfig, `${/^# secrets .*$/m.exec(text)?.[0] ?? ''}\n${stringify(file)}`, { mode: 0o600 });
  }

  /** What the engine keeps of the stack, from its own file: the CLI takes a third of a second to print it. */
  async #resources(): Promise<Resource[]> {
    const { record } = labPaths(this.dir, this.stack);
    return checkpoint.parse(JSON.parse(await readFile(record, 'utf8'))).checkpoint.latest.resources;
  }

  /** URN of a custom resource by the last part of its type, such as `Server`, and its name. */
  async urn(type: string, name: string): Promise<string> {
    const found = (await this.#resources()).find(
      (one) => one.custom && one.type.endsWith(`:${type}`) && one.urn.endsWith(`::${name}`),
    );
    if (found === undefined) throw new Error(`no ${type} ${name} in the state`);
    return found.urn;
  }

  async outputs(): Promise<Record<string, unknown>> {
    return (await this.#resources()).find(({ type }) => type === 'pulumi:pulumi:Stack')?.outputs ?? {};
  }

  /** A request to the lab's clouds as an operator with that tenant's credentials would make it. */
  async hetzner(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#request(method, `/v1${path}`, `Bearer ${this.tenant.hcloudToken}`, body);
  }

  async digitalocean(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#request(method, `/v2${path}`, `Bearer ${this.tenant.digitaloceanToken}`, body);
  }

  /** @param of another tailnet than the one that the stack is in */
  async tailscale(method: string, path: string, body?: unknown, of = this.tenant.tailscale): Promise<unknown> {
    const basic = Buffer.from(`${of.apiKey}:`).toString('base64');
    return this.#request(method, `/api/v2${path}`, `Basic ${basic}`, body);
  }

  async #request(method: string, path: string, authorization: string, body: unknown): Promise<unknown> {
    const response = await fetch(`http://${this.config.host}:${this.config.apiPort}${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    // A policy is HuJSON, with comments: as it is.
    if (response.headers.get('content-type')?.includes('hujson') === true) return text;
    return text === '' ? undefined : JSON.parse(text);
  }
}
