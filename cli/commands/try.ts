import type { Command } from 'commander';
import { labDown } from '../../lab/control.ts';
import { CliError, EXIT } from '../exit.ts';
import { prepareLab, type PreparedLab } from '../lab/prepare.ts';
import { stderrProgress } from '../progress.ts';
import { bold, columns, dim, green, red } from '../render/style.ts';
import { renderSummary, tryCommand } from '../render/summary.ts';
import { Foreground } from '../foreground.ts';
import { readSummary } from '../summary.ts';

export function addTry(program: Command): void {
  program
    .command('try')
    .description(
      'build a stack on a cloud of this machine with the real Pulumi engine: no account, nothing leaves loopback',
    )
    .option('--stack <name>', 'which stack', 'staging')
    .option('--machines', 'on Debian machines with a real tailnet (Linux, root); the first time takes minutes')
    .option('--fresh', 'forget what the lab built before (faults stay as they are set)')
    .addHelpText('after', '\nExamples:\n  npm run try\n  npm run try -- --fresh')
    .action((options: { stack: string; fresh?: true; machines?: true }) =>
      tryStack(options.stack, { fresh: options.fresh === true, machines: options.machines === true }),
    );
}

/** Preview, up, a second up that must change nothing, then what there is now. */
async function tryStack(stack: string, how: { fresh: boolean; machines: boolean }): Promise<void> {
  const began = Date.now();
  const foreground = new Foreground();
  let lab: PreparedLab | undefined;
  try {
    heading(1, 'The engine, the lab and its stack');
    const check = (): void => foreground.check();
    lab = await prepareLab(stack, stderrProgress(), { ...how, exclusive: true, check });
    check();
    heading(2, 'Preview, with the guardrails of policies/');
    await pulumi(foreground, lab, ['preview', '--suppress-outputs']);
    heading(3, 'Up');
    await pulumi(foreground, lab, ['up', '--yes', '--skip-preview', '--suppress-outputs']);
    heading(4, 'Up again: nothing may change');
    await pulumi(foreground, lab, ['up', '--yes', '--skip-preview', '--suppress-outputs', '--expect-no-changes']);
    heading(5, 'What there is now');
    const summary = await readSummary(lab, stack);
    check();
    process.stdout.write(`${renderSummary(summary)}\n\n`);
    process.stdout.write(`${green('All of it works.')} ${dim(`${seconds(Date.now() - began)} s in all`)}\n`);
  } catch (error) {
    if (!foreground.interrupted) throw failure(error, stack, lab !== undefined);
    // What this run started must not outlive a Ctrl-C; a lab that ran before stays.
    if (lab?.started === true) await labDown(lab.labDir);
    throw new CliError(
      EXIT.interrupted,
      `interrupted; ${lab?.started === false ? 'the lab runs on, as before' : 'nothing is left running'}. Go on where it stopped: ${tryCommand(stack)}`,
    );
  } finally {
    foreground.close();
  }
}

async function pulumi(foreground: Foreground, lab: PreparedLab, args: readonly string[]): Promise<void> {
  const code = await foreground.run(lab.cli, args, lab.env);
  foreground.check();
  if (code !== 0)
    throw new CliError(EXIT.failed, `"pulumi ${args.join(' ')}" failed (exit ${code}); the reason stands above`);
}

function failure(error: unknown, stack: string, labUp: boolean): unknown {
  if (!(error instanceof CliError) || !labUp || error.code !== EXIT.failed) return error;
  const next = columns(
    [],
    [
      [`edit Pulumi.${stack}.yaml, then ${tryCommand(stack)}`, 'go on from here'],
      [
        `npx mesh recover ${stack} --lab`,
        'when it says that a name is used already: a run that was killed made the object',
      ],
      ['npx mesh lab status', 'which faults are switched on; npx mesh lab fault clear switches them off'],
      [tryCommand(stack, '--fresh'), 'start over: forgets all that this lab built, every stack'],
    ],
  );
  return new CliError(
    error.code,
    `${red(error.message)}\nThe lab keeps running with what was built. What you can do now:\n${next}`,
    { cause: error },
  );
}

function heading(step: number, title: string): void {
  process.stdout.write(`\n${bold(`${step}/5  ${title}`)}\n`);
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
