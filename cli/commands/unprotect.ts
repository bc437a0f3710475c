import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { titleOf } from '../recover/wanted.ts';
import { reason } from '../recover/target.ts';
import { columns, dim } from '../render/style.ts';
import { stackTarget } from '../stack-target.ts';
import { protectionOf } from '../unprotect.ts';

interface Options {
  lab?: true;
  dryRun?: true;
}

export function addUnprotect(program: Command): void {
  program
    .command('unprotect')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .argument('<site>', 'a site that the state holds, whether the config still has it or not')
    .argument('[host]', 'only the server of this host and its address')
    .description('let the next up delete or replace the protected servers, addresses and network of one site')
    .option('--lab', "the lab's stack, not the one of your own backend")
    .option('--dry-run', 'say what is protected, and change nothing')
    .addHelpText(
      'after',
      `
Clears the protection of exactly these resources in the state (pulumi state unprotect); deletes nothing. An up that still
finds them in the program protects them again, so this is the last step before the up that is to delete or replace.
docs/operations.md has the whole way.

Examples:
  mesh unprotect prod ap-sin --dry-run
  mesh unprotect prod eu-fra fra-db-01`,
    )
    .action(async (stack: string, site: string, host: string | undefined, options: Options) => {
      const target = await stackTarget(stack, options.lab === true);
      const { state } = await target.state();
      const answer = protectionOf(state, site, host);
      if (!answer.found) {
        const known = answer.known.join(', ') || 'none';
        throw new CliError(EXIT.usage, `the state of ${stack} has no ${answer.what}. There: ${known}`);
      }
      const found = answer.protected;
      if (found.length === 0) {
        process.stdout.write('Nothing of it is protected.\n');
        return;
      }
      const rows = found.map(({ urn, type }) => [titleOf(urn, type), dim(urn)]);
      process.stdout.write(`Protected\n${columns([], rows)}\n`);
      if (options.dryRun === true) return;
      const run = await target.run(['state', 'unprotect', '--yes', ...found.map(({ urn }) => urn)]);
      if (run.code !== 0) throw new CliError(EXIT.failed, `nothing was unprotected: ${reason(run)}`);
      process.stdout.write(`${found.length} unprotected, until the next up that finds them in the program.\n`);
    });
}
