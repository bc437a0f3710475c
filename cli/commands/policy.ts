import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { accessDiff } from '../access/diff.ts';
import { readable, stackAccess } from '../access/held.ts';
import { confirm } from '../confirm.ts';
import { CliError, EXIT } from '../exit.ts';
import { answered } from '../live/answered.ts';
import { meshConfig } from '../mesh-config.ts';
import { adopted } from '../policy/adoption.ts';
import { liveTailnet } from '../policy/live.ts';
import { policyFile, recordedPolicy } from '../policy/restore.ts';
import { renderDiff } from '../render/access.ts';
import { renderAdopted } from '../render/adopted.ts';
import { renderLineDiff } from '../render/line-diff.ts';
import { bold, dim, green } from '../render/style.ts';
import { readStackFile } from '../stack-file.ts';
import { stackTarget } from '../stack-target.ts';

interface Options {
  lab?: true;
  out?: string;
  file?: string;
  takeOver?: true;
  yes?: true;
}

const STACK = 'name of a stack file, as in Pulumi.<stack>.yaml';
const LAB = "the lab's tailnet, not the one of your own";

export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('the policy that a tailnet has now: read it, compare it, take it over, put a former one back');
  policy
    .command('pull')
    .argument('<stack>', STACK)
    .description('the live policy, byte for byte; its ETag goes to stderr')
    .option('--out <file>', 'write it there instead of stdout')
    .option('--lab', LAB)
    .action(pull);
  policy
    .command('diff')
    .argument('<stack>', STACK)
    .description('what the stack would change of the live policy: who gains or loses access, and the text')
    .option('--lab', LAB)
    .action(diff);
  policy
    .command('adopt')
    .argument('<stack>', STACK)
    .description('an existing policy as groups, services and intents for the stack file; writes nothing anywhere')
    .option('--file <file>', 'this policy, not the live one')
    .option('--take-over', 'also the line by which the next up may replace exactly this text')
    .option('--lab', LAB)
    .addHelpText(
      'after',
      `
Reads grants and acls, old forms included. Prints YAML, and as comments below it what intents cannot say, with the reason
and what to do, and who would gain or lose access. Nothing is widened.

Examples:
  mesh policy adopt prod > adopted.yaml
  mesh policy adopt prod --take-over
  mesh policy adopt prod --file policy.hujson`,
    )
    .action(adoptPolicy);
  policy
    .command('restore')
    .argument('<stack>', STACK)
    .description(
      'put back the last policy that was found good after its push, or a file: what an up does by itself, by hand',
    )
    .option('--file <file>', 'this text, not the one that the state has')
    .option('--yes', 'do not ask')
    .option('--lab', LAB)
    .addHelpText(
      'after',
      '\nWrites only over the text that it has shown. The next up brings the stack’s own policy again.',
    )
    .action(restore);
}

async function pull(stack: string, { lab, out }: Options): Promise<void> {
  const { live, api } = await liveTailnet(stack, lab === true);
  if (out === undefined) process.stdout.write(live.text);
  else writeFileSync(out, live.text);
  process.stderr.write(`policy of ${api.tailnet}, ETag ${live.etag}${out === undefined ? '' : `, in ${out}`}\n`);
}

async function diff(stack: string, { lab }: Options): Promise<void> {
  const { live, api, reach } = await liveTailnet(stack, lab === true);
  const now = stackAccess(reach.file);
  const text = renderLineDiff(live.text, now.plan.policy.text);
  const told = `the live policy of ${api.tailnet}`;
  const change = accessDiff(now, { told, held: { ...readable(told, live.text, 'taken'), world: now.world } });
  const title = `${now.plan.network.name}/${stack}`;
  process.stdout.write(
    `${renderDiff(change, title)}\n\n${text === '' ? green('The texts are equal.') : `${bold('Text')}  ${dim('- live, + after the next up')}\n${text}`}\n`,
  );
}

async function adoptPolicy(stack: string, { lab, file, takeOver }: Options): Promise<void> {
  if (file !== undefined && takeOver === true)
    throw new CliError(EXIT.usage, '--take-over is about the live text: leave --file out');
  const found = file === undefined ? await liveTailnet(stack, lab === true) : undefined;
  const text = found?.live.text ?? policyFile(file ?? '');
  const stackFile = found?.reach.file ?? readStackFile(stack);
  const reading = readable(file ?? `the live policy of ${found?.api.tailnet ?? ''}`, text, 'taken');
  const answer = adopted(stackFile, meshConfig(stackFile), reading, takeOver === true ? found?.live.etag : undefined);
  process.stdout.write(`${renderAdopted(answer, `Pulumi.${stack}.yaml`)}\n`);
}

async function restore(stack: string, { lab, file, yes }: Options): Promise<void> {
  const { live, api } = await liveTailnet(stack, lab === true);
  const text =
    file === undefined
      ? recordedPolicy((await (await stackTarget(stack, lab === true)).state()).state, stack)
      : policyFile(file);
  const change = renderLineDiff(live.text, text);
  if (change === '') {
    process.stdout.write('This policy is in force already.\n');
    return;
  }
  process.stdout.write(`${bold('Text')}  ${dim('- live, + put back')}\n${change}\n`);
  if (yes !== true && !(await confirm(`Put this policy back into ${api.tailnet}?`)))
    throw new CliError(EXIT.usage, 'nothing was written; --yes says it without asking');
  await answered(api.policy.set(text, live.etag, AbortSignal.timeout(60_000)));
  process.stdout.write(`${green('It is in force again')}; the next up brings the stack’s own policy again.\n`);
}
