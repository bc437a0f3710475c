import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { parseStackFile, type StackFile } from '../../cli/stack-file.ts';
import { sitesOf } from './sites.ts';

/** Stack files of small stacks, one site at Hetzner with the same names in each, in a folder where they find each other. */
export class SmallStacks {
  readonly #folder = mkdtempSync(join(tmpdir(), 'site-mesh-stacks-'));

  constructor() {
    process.env.MESH_STACK_FILES = this.#folder;
  }

  /** @param second of its prefixes, such as 77 of 10.77.0.0/16 */
  write(stack: string, second: number, tailnet: { name: string; [key: string]: unknown }): StackFile {
    const tracked = readFileSync('Pulumi.staging.yaml', 'utf8').replaceAll('10.78.', `10.${second}.`);
    const { config } = parse(tracked) as { config: Record<string, unknown> };
    const { 'eu-fra': site } = sitesOf(config);
    const text = stringify({
      config: {
        ...config,
        'site-mesh:tailnet': tailnet,
        'site-mesh:sites': { 'eu-fra': site },
        'site-mesh:services': {
          postgres: { on: ['fra-db-01'], ports: ['tcp/5432'] },
          ssh: { on: ['role:router'], ports: ['tcp/22'] },
        },
        'site-mesh:access': [
          { from: ['group:platform'], to: 'postgres', why: 'works on the primary' },
          { from: ['group:sre'], to: 'ssh', why: 'on call' },
        ],
      },
    });
    const path = join(this.#folder, `Pulumi.${stack}.yaml`);
    writeFileSync(path, text);
    return parseStackFile(stack, path, text, path);
  }

  remove(): void {
    delete process.env.MESH_STACK_FILES;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
