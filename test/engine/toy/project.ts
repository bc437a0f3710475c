import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, linkSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { installPlugins } from '../../../lab/plugins/install.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const NODE = join(ROOT, 'node_modules/.bin/node');

interface Run {
  code: number | null;
  /** stdout and stderr as they came. */
  output: string;
}

/** A project with the toy provider in a directory of its own, driven by the real CLI. */
export class ToyProject {
  readonly directory = mkdtempSync(join(tmpdir(), 'site-mesh-rpc-'));
  readonly journal = join(this.directory, 'journal');
  readonly policy = join(this.directory, 'policy');
  readonly #cli = join(this.directory, 'bin/pulumi');

  /**
   * @param cli a Pulumi CLI; it is hard-linked (or copied), for it looks for language hosts beside its real file
   * @param program beside this file
   */
  constructor(cli: string, program = 'program.ts') {
    for (const folder of ['bin', 'home', 'state', 'provider']) mkdirSync(join(this.directory, folder));
    try {
      linkSync(cli, this.#cli);
    } catch {
      cpSync(cli, this.#cli);
    }
    installPlugins(join(this.directory, 'home'), ROOT, new Set());
    this.#script('bin/pulumi-language-nodejs', join(ROOT, 'lab/plugins/language-nodejs.ts'));
    this.#script('provider/pulumi-resource-toy', join(import.meta.dirname, 'provider.ts'));
    symlinkSync(join(ROOT, 'node_modules'), join(this.directory, 'node_modules'));
    cpSync(join(import.meta.dirname, program), join(this.directory, 'index.ts'));
    cpSync(join(import.meta.dirname, 'policy'), this.policy, { recursive: true });
    const options = { typescript: false };
    this.#json('package.json', { type: 'module', main: 'index.ts' });
    // The SDK wants the pack's version from here.
    this.#json('policy/package.json', { type: 'module', main: 'index.ts', version: '0.0.1' });
    this.#json('policy/PulumiPolicy.yaml', { runtime: { name: 'nodejs', options } });
    this.#json('Pulumi.yaml', {
      name: 'toys',
      runtime: { name: 'nodejs', options },
      plugins: { providers: [{ name: 'toy', path: './provider', version: '0.1.0' }] },
    });
    writeFileSync(this.journal, '');
  }

  // JSON is YAML, and needs no library.
  #json(path: string, value: unknown): void {
    writeFileSync(join(this.directory, path), JSON.stringify(value));
  }

  #script(path: string, program: string): void {
    writeFileSync(
      join(this.directory, path),
      `#!/bin/sh\n[ $# -gt 0 ] && echo "$$ ${path}" >> '${this.journal}'\nexec '${NODE}' '${program}' "$@"\n`,
    );
    chmodSync(join(this.directory, path), 0o755);
  }

  start(...args: string[]): ChildProcess {
    return spawn(this.#cli, [...args, '--non-interactive'], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        HOME: this.directory,
        PATH: `${dirname(NODE)}:/usr/bin:/bin`,
        PULUMI_HOME: join(this.directory, 'home'),
        PULUMI_BACKEND_URL: `file://${join(this.directory, 'state')}`,
        PULUMI_CONFIG_PASSPHRASE: 'toy',
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
        TOY_JOURNAL: this.journal,
      },
    });
  }

  run(...args: string[]): Promise<Run> {
    const child = this.start(...args);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    return new Promise((done, failed) => {
      child.once('error', failed);
      child.once('close', (code) => done({ code, output: Buffer.concat(chunks).toString() }));
    });
  }

  /** Lines of the provider processes: pid and what they did. */
  notes(): { pid: number; did: string }[] {
    const lines = readFileSync(this.journal, 'utf8').split('\n');
    return lines
      .filter(Boolean)
      .map((line) => ({ pid: Number.parseInt(line, 10), did: line.slice(line.indexOf(' ') + 1) }));
  }

  /** The provider processes of this project that are still alive. */
  alive(): number[] {
    const isAlive = (pid: number): boolean => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    return [...new Set(this.notes().map((note) => note.pid))].filter(isAlive);
  }
}
