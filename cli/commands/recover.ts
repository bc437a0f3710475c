import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { EXIT } from '../exit.ts';
import { stderrProgress } from '../progress.ts';
import { recover } from '../recover/recover.ts';
import type { Report } from '../recover/report.ts';
import { renderEnd, renderFindings } from '../render/recover.ts';
import { stackTarget } from '../stack-target.ts';

interface Options {
  lab?: true;
  dryRun?: true;
  yes?: true;
  forceUnlock?: true;
  json?: true;
}

export function addRecover(program: Command): void {
  program
    .command('recover')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description('after a crash: record what a killed run made and did not write down; makes and deletes nothing')
    .option('--lab', "the lab's stack, not the one of your own backend")
    .option('--dry-run', 'say what there is to do, and do nothing')
    .option('--yes', 'ask nothing')
    .option('--force-unlock', 'take the lock off although its holder may be alive; two engines at once spoil a state')
    .option('--json', 'what was found and done, as JSON')
    .addHelpText(
      'after',
      `
Says what it found and what it is about to do; does it after a yes, or with --yes. Without a terminal and without --yes
it only says. Exit codes: 0 nothing is left to do, 1 a person has to act, 2 wrong usage. docs/recovery.md has all of it.

Examples:
  mesh recover prod --dry-run
  mesh recover staging --lab --yes && npm run try`,
    )
    .action(async (stack: string, options: Options) => {
      const target = await stackTarget(stack, options.lab === true);
      const quiet = options.json === true;
      const report = await recover(target, {
        forceUnlock: options.forceUnlock === true,
        say: stderrProgress(),
        agree: (found) => agree(found, options),
      });
      process.stdout.write(quiet ? `${JSON.stringify(report, null, 2)}\n` : words(report));
      process.exitCode = ['clean', 'recovered'].includes(report.outcome) ? EXIT.done : EXIT.failed;
    });
}

async function agree(report: Report, { dryRun, yes, json }: Options): Promise<boolean> {
  if (json !== true) process.stdout.write(`${renderFindings(report)}\n\n`);
  if (dryRun === true) return false;
  if (yes === true) return true;
  return json !== true && (await confirm('Do this?'));
}

/** Findings stand above already when there was something to agree to. */
function words(report: Report): string {
  const told = report.done.length > 0 || report.steps.length > 0;
  const findings = told ? '' : renderFindings(report);
  return `${findings === '' ? '' : `${findings}\n\n`}${renderEnd(report)}\n`;
}
