import type { Command } from 'commander';
import { credentialNeeds } from '../../mesh/config/credentials.ts';
import { former } from '../cost/against.ts';
import { costs } from '../cost/index.ts';
import { costJson } from '../cost/json.ts';
import { fromLab } from '../cost/lab.ts';
import { fromEnvironment, fromStack, type Access } from '../cost/tokens.ts';
import { engine } from '../engine.ts';
import { labDirectory } from '../paths.ts';
import { stderrProgress } from '../progress.ts';
import { runPulumi, type PulumiRun } from '../pulumi.ts';
import { renderCost } from '../render/cost.ts';
import { readStackFile, type StackFile } from '../stack-file.ts';
import { namespaced } from '../../mesh/config/stack-text.ts';

interface Options {
  against?: string;
  json?: true;
  lab?: true;
}

export function addCost(program: Command): void {
  program
    .command('cost')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description('what a stack costs a month, at the prices that the clouds’ APIs tell now')
    .option('--against <revision>', 'and the difference to a git commit, or to another stack file')
    .option('--json', 'as JSON; amounts are decimals as text')
    .option('--lab', 'ask the lab instead of the clouds; its prices are its own')
    .addHelpText(
      'after',
      `
Reads prices only, with the tokens of the stack (pulumi config, with your login) or, when it says
credentials: { from: environment }, with those of the environment. Euros and dollars are never added up.

Examples:
  mesh cost prod
  mesh cost prod --against HEAD~1
  mesh cost prod --against origin/main --json | jq .against.net
  eval "$(mesh env staging)"; mesh cost staging --lab`,
    )
    .action(async (stack: string, { against, json, lab }: Options) => {
      const file = readStackFile(stack);
      const before = against === undefined ? undefined : await former(stack, against);
      const answer = await costs(file, () => accessTo(file, lab === true), before);
      const prices = lab === true ? 'lab' : 'clouds';
      const text = json ? JSON.stringify(costJson(answer, stack, prices), null, 2) : renderCost(answer, prices);
      process.stdout.write(`${text}\n`);
    });
}

async function accessTo({ config, stack }: StackFile, lab: boolean): Promise<Access> {
  if (lab) return fromLab(labDirectory(), stack, config);
  if (credentialNeeds(namespaced(config)).from === 'environment') return fromEnvironment(config, process.env);
  return fromStack(config, userPulumi(), stack);
}

/** The Pulumi CLI with the user's environment; obtained when a token is asked for. */
function userPulumi(): (args: readonly string[]) => Promise<PulumiRun> {
  let found: ReturnType<typeof engine> | undefined;
  return async (args) => {
    found ??= engine(stderrProgress());
    return runPulumi([...args, '--color', 'never'], { cli: (await found).cli, env: process.env });
  };
}
