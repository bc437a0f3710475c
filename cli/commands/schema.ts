import type { Command } from 'commander';
import { stackFileSchema } from '../../mesh/config/json-schema.ts';

export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('JSON Schema of a stack file, for editors')
    .addHelpText(
      'after',
      '\nThe first line of a stack file names it:  # yaml-language-server: $schema=docs/stack.schema.json\nExample:  mesh schema > docs/stack.schema.json',
    )
    .action(() => {
      process.stdout.write(`${JSON.stringify(stackFileSchema(), null, 2)}\n`);
    });
}
