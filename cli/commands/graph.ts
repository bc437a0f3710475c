import { writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { planNow } from '../plan-now.ts';
import { CliError, EXIT } from '../exit.ts';
import { dot } from '../graph/dot.ts';
import { graph } from '../graph/model.ts';
import { svg } from '../graph/svg/index.ts';
import { meshConfig } from '../mesh-config.ts';
import { readStackFile } from '../stack-file.ts';

export function addGraph(program: Command): void {
  program
    .command('graph')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description('a picture of the mesh: sites and hosts, the tailnet between them, who may open connections to what')
    .option('--out <file>', 'write it there; default: stdout')
    .addOption(new Option('--format <format>', 'dot is for Graphviz').choices(['svg', 'dot']).default('svg'))
    .addHelpText(
      'after',
      `
Up to eight sites and sixty hosts every host has a row; beyond, sites are cards with counts. Equal configs give equal bytes.

Examples:
  mesh graph prod --out mesh.svg
  mesh graph prod --format dot | dot -Tpdf > mesh.pdf`,
    )
    .action((stack: string, { out, format }: { out?: string; format: 'svg' | 'dot' }) => {
      const config = meshConfig(readStackFile(stack));
      const picture = graph(planNow(config, stack), config, stack);
      const text = format === 'dot' ? dot(picture) : svg(picture);
      if (out === undefined) process.stdout.write(text);
      else write(out, text);
    });
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new CliError(EXIT.usage, `--out ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
