import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import { labPaths, labVariables } from '../lab/environment.ts';
import { prepareLab } from '../lab/prepare.ts';
import { TREE } from '../paths.ts';
import { stderrProgress } from '../progress.ts';

export function addEnv(program: Command): void {
  program
    .command('env')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description('what a shell needs to run pulumi by hand against the lab; starts the lab when it is not up')
    .option('--json', 'the variables as JSON')
    .addHelpText(
      'after',
      `
The stack's config is copied into a file of the lab's own (never written back), so run it again after an edit of
Pulumi.<stack>.yaml. The guardrails in policies/ are part of it.

Example:
  eval "$(mesh env staging)"
  pulumi preview --diff`,
    )
    .action(async (stack: string, options: { json?: true }) => {
      const { labDir } = await prepareLab(stack, stderrProgress()).catch((error: unknown) => {
        // Or a shell that evaluates the answer would go on with the stack from before, and think that all is well.
        if (options.json !== true) process.stdout.write('unset PULUMI_OPTION_STACK PULUMI_OPTION_CONFIG_FILE; false\n');
        throw error;
      });
      const variables = {
        ...labVariables(labDir, stack),
        // So that mesh in that shell means the same lab as pulumi does.
        ...(process.env.MESH_LAB_DIR ? { MESH_LAB_DIR: labDir } : {}),
      };
      const path = [labPaths(labDir, stack).bin, join(TREE, 'bin'), join(TREE, 'node_modules', '.bin')];
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ ...variables, PATH: path.join(delimiter) }, null, 2)}\n`);
        return;
      }
      const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);
      process.stdout.write(
        `${[...exports, `export PATH=${quoted(path.join(delimiter))}${delimiter}"$PATH"`].join('\n')}\n`,
      );
    });
}

/** Single quotes for a POSIX shell. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
