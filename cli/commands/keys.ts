import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { keyFacts } from '../keys/collect.ts';
import { keyReport, NEAR_DAYS } from '../keys/report.ts';
import { answered } from '../live/answered.ts';
import { inLab, outside } from '../live/reach.ts';
import { stderrProgress } from '../progress.ts';
import { renderKeys } from '../render/keys.ts';

export function addKeys(program: Command): void {
  program
    .command('keys')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description(
      'every credential of a stack that exists: what it opens and when it ends; what has to be renewed first',
    )
    .option('--lab', "the lab's stack, not the one of your own backend")
    .option('--json', 'as JSON; never a secret')
    .addHelpText(
      'after',
      `
Asks the tailnet's API for its keys and for the node keys of this stack's hosts. Clouds do not tell when their tokens
end, and SSH keys have no end: they are listed so that somebody renews them. Changes nothing.

Examples:
  mesh keys prod
  mesh keys prod --json | jq -r '.keys[] | select(.state != "well") | "\\(.what) \\(.expires)"'

Exit codes: 0 all well, 5 something is expired, ends within ${NEAR_DAYS} days, or should not exist (in production: a join
key that is reusable, lives more than a day or has no tag).`,
    )
    .action(async (stack: string, options: { lab?: true; json?: true }) => {
      const progress = stderrProgress();
      const reach = options.lab === true ? await inLab(stack, progress) : outside(stack, progress);
      const report = keyReport(await answered(keyFacts(reach, new AbortController().signal)), Date.now());
      process.stdout.write(`${options.json === true ? JSON.stringify(report, null, 2) : renderKeys(report)}\n`);
      process.exitCode = report.well ? EXIT.done : EXIT.unwell;
    });
}
