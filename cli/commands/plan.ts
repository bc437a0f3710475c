import type { Command } from 'commander';
import { dayOf, NOW_OPTION, planNow } from '../plan-now.ts';
import { renderPlan } from '../render/plan.ts';
import { meshConfig } from '../mesh-config.ts';
import { readStackFile } from '../stack-file.ts';

export function addPlan(program: Command): void {
  program
    .command('plan')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description('what a stack decides before a cloud is asked: sites, addresses, access')
    .option('--json', 'the whole plan as JSON; equal configs print equal bytes on one day')
    .option(...NOW_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  mesh plan staging\n  mesh plan staging --json | jq .policy.access\n  mesh plan prod --now 2027-01-01',
    )
    .action((stack: string, options: { json?: true; now?: string }) => {
      const plan = planNow(meshConfig(readStackFile(stack)), stack, dayOf(options.now));
      process.stdout.write(`${options.json === true ? JSON.stringify(plan, null, 2) : renderPlan(plan, stack)}\n`);
    });
}
