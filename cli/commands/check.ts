import type { Command } from 'commander';
import { faultsAcross, type NamedConfig } from '../../mesh/config/checks/across.ts';
import { productionFaults } from '../../mesh/config/checks/production.ts';
import { renderFault, type Fault } from '../../mesh/config/fault.ts';
import type { Expiry } from '../../mesh/access/until.ts';
import { unsetCredentials } from '../credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import { checkFile, renderFile } from '../mesh-config.ts';
import { dayOf, NOW_OPTION, planNow } from '../plan-now.ts';
import { green, yellow } from '../render/style.ts';
import { knownStacks, readStackFile, type StackFile } from '../stack-file.ts';

interface Options {
  all?: true;
  json?: true;
  credentials?: true;
  now?: string;
}

/** What was found in one stack file. */
interface Finding {
  stack: string;
  /** Lines about keys as such, and about the file when it cannot be read. */
  keys: string[];
  faults: Fault[];
  /** What the calendar took away or soon will; no fault. */
  expiry: Expiry;
  /** Credentials that are set nowhere; only asked with --credentials. */
  credentials: string[];
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .argument('[stacks...]', 'names of stack files; none with --all')
    .description('finds every fault of stack files, within and across stacks, without asking a cloud')
    .option('--all', 'every Pulumi.<stack>.yaml here')
    .option('--credentials', 'also say which credentials are not set')
    .option('--json', 'the faults as JSON')
    .option(...NOW_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  mesh check prod\n  mesh check --all --json\n  mesh check --all --now 2027-01-01\n\nExit code 2 when there is a fault. A permission past its "until" is told and is none.',
    )
    .action((stacks: string[], options: Options) => check(stacks, options));
}

function check(named: readonly string[], { all, json, credentials, now }: Options): void {
  const day = dayOf(now);
  if (all === true && named.length > 0)
    throw new CliError(EXIT.usage, 'name stacks, or say --all: one of the two. Example: mesh check --all');
  const stacks = all === true ? knownStacks() : [...new Set(named)].sort();
  if (stacks.length === 0)
    throw new CliError(
      EXIT.usage,
      'there is no stack to check: name one (mesh check staging), or say --all where some are',
    );
  const configs: NamedConfig[] = [];
  const findings = stacks.map((stack): Finding => {
    const none = { stack, keys: [], faults: [], credentials: [], expiry: { ended: [], soon: [] } };
    const file = readable(stack);
    if (typeof file === 'string') return { ...none, keys: [file] };
    const unset = credentials === true ? unsetCredentials(file) : [];
    const checked = checkFile(file);
    if (!checked.ok) return { ...none, keys: checked.keys, faults: checked.faults, credentials: unset };
    configs.push({ stack, config: checked.config });
    return {
      ...none,
      faults: productionFaults(stack, checked.config),
      credentials: unset,
      expiry: planNow(checked.config, stack, day).expiry,
    };
  });
  const across = faultsAcross(configs);
  const bad = findings.filter(({ keys, faults, credentials: unset }) => keys.length + faults.length + unset.length > 0);
  if (json === true) process.stdout.write(`${JSON.stringify({ stacks: findings, across }, null, 2)}\n`);
  else if (bad.length + across.length === 0) process.stdout.write(`${green('No fault')} in ${stacks.join(', ')}.\n`);
  else process.stderr.write(`mesh: ${[...bad.map(render), ...across.map(renderAcross)].join('\n\n')}\n`);
  if (json !== true) for (const line of findings.flatMap(renderExpiry)) process.stderr.write(`${line}\n`);
  if (bad.length + across.length > 0) process.exitCode = EXIT.usage;
}

/** A file that cannot be read is one finding among others. */
function readable(stack: string): StackFile | string {
  try {
    return readStackFile(stack);
  } catch (error) {
    if (error instanceof CliError) return error.message;
    throw error;
  }
}

function render(finding: Finding): string {
  const { stack, keys, faults, credentials } = finding;
  const unset =
    credentials.length === 0 ? [] : [`Pulumi.${stack}.yaml: Credentials are missing:\n  ${credentials.join('\n  ')}`];
  return [...(keys.length + faults.length === 0 ? [] : [renderFile(stack, finding)]), ...unset].join('\n\n');
}

const renderExpiry = ({ stack, expiry: { ended, soon } }: Finding): string[] => [
  ...ended.map((one) => `${yellow('Warning')} Pulumi.${stack}.yaml: ${one}`),
  ...soon.map((one) => `Note    Pulumi.${stack}.yaml: ${one}`),
];

const renderAcross = ({ stack, ...fault }: Fault & { stack: string }): string =>
  `Pulumi.${stack}.yaml, against another stack:\n\n${renderFault(fault)}`;
