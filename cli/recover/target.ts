import { CliError, EXIT } from '../exit.ts';
import { runPulumi, type PulumiRun } from '../pulumi.ts';
import { type StackFile } from '../stack-file.ts';
import { accessOf } from './accounts.ts';
import { Clouds } from './clouds.ts';
import { backendDirectory, locksInMessage, readLocks, type Lock } from './locks.ts';
import { createsOf } from './preview.ts';
import { parseState, type Resource, type State } from './state.ts';
import { tornFiles } from './torn.ts';
import { NAMESPACE } from '../../mesh/config/stack-text.ts';

/** The stack that is looked at, through its engine. */
export class Target {
  readonly file: StackFile;
  readonly #cli: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(file: StackFile, cli: string, env: NodeJS.ProcessEnv) {
    this.file = file;
    this.#cli = cli;
    // Guardrails judge what is wanted; here the question is what there is.
    this.#env = { ...env, PULUMI_OPTION_STACK: file.stack, PULUMI_OPTION_POLICY_PACK: undefined };
  }

  /** Directory of a backend on this machine. */
  async #directory(): Promise<string | undefined> {
    return backendDirectory(this.#env.PULUMI_BACKEND_URL ?? (await this.#backend()));
  }

  /** Files of the backend that a kill has torn; until they are gone the engine reads nothing. */
  async torn(): Promise<string[]> {
    const directory = await this.#directory();
    return directory === undefined ? [] : tornFiles(directory, NAMESPACE, this.file.stack);
  }

  /** Locks that can be seen without writing; undefined where only the engine can read its backend. */
  async locks(): Promise<Lock[] | undefined> {
    const directory = await this.#directory();
    return directory === undefined ? undefined : readLocks(directory, NAMESPACE, this.file.stack);
  }

  async #backend(): Promise<string> {
    const { stdout } = await this.must(['whoami', '--json', '--verbose'], 'the backend of the stack');
    const { url } = JSON.parse(stdout) as { url?: unknown };
    return typeof url === 'string' ? url : '';
  }

  /** The state as text, to be compared, and parsed. */
  async state(): Promise<{ text: string; state: State }> {
    const { stdout } = await this.must(['stack', 'export'], 'the state of the stack');
    return { text: stdout, state: parseState(stdout) };
  }

  /** What the next up would make; the engine's words when it cannot tell. */
  async creates(): Promise<Resource[] | string> {
    const run = await this.run(['preview', '--json', '--non-interactive']);
    return run.code === 0 ? createsOf(run.stdout) : reason(run);
  }

  /** The clouds as they are now. */
  clouds(): Clouds {
    const readConfig = async (key: string): Promise<string | undefined> => {
      const path = key.includes('[') ? ['--path'] : [];
      const run = await this.run(['config', 'get', ...path, key]);
      return run.code === 0 ? run.stdout.replace(/\n$/, '') : undefined;
    };
    return new Clouds((provider) => accessOf(provider, this.file.config, readConfig, this.#env));
  }

  cancel(): Promise<PulumiRun> {
    return this.run(['cancel', '--yes']);
  }

  /** Puts a state in the place of the recorded one. */
  import(state: State): Promise<PulumiRun> {
    return this.run(['stack', 'import'], JSON.stringify(state));
  }

  /** Reads what these resources are now into the state. */
  async refresh(urns: readonly string[]): Promise<PulumiRun> {
    const targets = urns.flatMap((urn) => ['--target', urn]);
    const args = ['refresh', '--yes', '--skip-preview', '--non-interactive', '--suppress-outputs', ...targets];
    const run = await this.run(args);
    // A recorded credential may have been replaced since; the program knows the new one.
    return run.code === 0 ? run : this.run([...args, '--run-program']);
  }

  run(args: readonly string[], stdin?: string): Promise<PulumiRun> {
    return runPulumi(args, { cli: this.#cli, env: this.#env, ...(stdin !== undefined && { stdin }) });
  }

  async must(args: readonly string[], what: string): Promise<PulumiRun> {
    const run = await this.run(args);
    if (run.code === 0) return run;
    throw new CliError(EXIT.failed, `${what} cannot be read (pulumi ${args.join(' ')}): ${reason(run)}`);
  }
}

/** Who holds the stack, when a write was refused for that. */
export function refusedFor(run: PulumiRun): Promise<Lock[]> {
  return run.code === 0 ? Promise.resolve([]) : locksInMessage(run.stderr + run.stdout);
}

/** What the engine said last, without its colours. */
export function reason({ stdout, stderr }: PulumiRun): string {
  // With --json the fault may stand on stdout alone, as a diagnostic.
  const text = stderr.trim() === '' ? stdout : stderr;
  const plain = text.replaceAll(/\u001b\[[0-9;]*m/g, '').trim();
  return plain.length > 1500 ? `…${plain.slice(-1500)}` : plain;
}
