import type { Command } from 'commander';
import { credentialNeeds, credentials, setCommand, type Credential } from '../../mesh/config/credentials.ts';
import { isSet } from '../credentials.ts';
import { bold, columns, dim, green } from '../render/style.ts';
import { readStackFile } from '../stack-file.ts';
import { namespaced } from '../../mesh/config/stack-text.ts';

export function addCredentials(program: Command): void {
  program
    .command('credentials')
    .argument('<stack>', 'name of a stack file')
    .description(
      'every credential that a stack needs: where it comes from, what it must be allowed to do, whether it is set',
    )
    .option('--json', 'the same as JSON; never a value')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh credentials prod\n  mesh check prod --credentials     exit code 2 when one is missing',
    )
    .action((stack: string, options: { json?: true }) => {
      const file = readStackFile(stack);
      const needs = credentialNeeds(namespaced(file.config));
      const all = credentials(needs).map((one) => ({ ...one, set: isSet(file, one) }));
      process.stdout.write(
        `${options.json === true ? JSON.stringify({ from: needs.from, credentials: all }, null, 2) : render(needs.from, all)}\n`,
      );
    });
}

function render(from: 'stack' | 'environment', all: readonly (Credential & { set: boolean })[]): string {
  const environment = from === 'environment';
  const rows = all.map((one) => [
    one.what +
      (one.optional === true
        ? dim(' (optional)')
        : one.choice?.alternative === 'apiKey'
          ? dim(' (instead of the client)')
          : ''),
    environment ? one.variable : one.key,
    one.set ? green('set') : 'not set',
    one.scopes,
  ]);
  const where = environment
    ? 'from variables of the process that runs pulumi (site-mesh:credentials: { from: environment })'
    : 'secrets of the stack file, encrypted by Pulumi (site-mesh:credentials: { from: environment } takes variables instead)';
  const how = all
    .filter(({ set, optional, choice }) => !set && optional !== true && choice?.alternative !== 'apiKey')
    .map((one) => `  ${setCommand(one)}`);
  return [
    `${bold('Credentials')}  ${dim(where)}`,
    columns(['what', environment ? 'variable' : 'key', '', 'must be allowed to'], rows),
    ...(environment || how.length === 0
      ? []
      : ['', 'To set them (the value is asked for, or read from stdin):', ...how]),
  ].join('\n');
}
