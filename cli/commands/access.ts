import { Option, type Command } from 'commander';
import { evaluator, type Evaluator } from '../../mesh/overlays/tailscale/policy/index.ts';
import { answer } from '../access/answer.ts';
import { accessDiff, formerAccess } from '../access/diff.ts';
import { stackAccess, type StackAccess } from '../access/held.ts';
import { answerJson, diffJson, matrixJson } from '../access/json.ts';
import { livePolicy } from '../access/live.ts';
import { accessLines } from '../access/lines.ts';
import { modelNames, serviceHosts } from '../access/names.ts';
import { asked } from '../access/question.ts';
import { CliError, EXIT } from '../exit.ts';
import { dayOf, NOW_OPTION } from '../plan-now.ts';
import { markdownDiff, markdownMatrix, renderAnswer, renderDiff, renderMatrix } from '../render/access.ts';
import { readStackFile } from '../stack-file.ts';

type Format = 'text' | 'json' | 'markdown';

interface Options {
  from?: string;
  to?: string;
  diff?: string;
  format: Format;
  failOnWiden?: true;
  lab?: true;
  now?: string;
}

export function addAccess(program: Command): void {
  program
    .command('access')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description('who may reach what: the matrix, one question, or who gains and loses between two revisions')
    .option('--from <who>', 'a host, a login, group:NAME, site:NAME, role:NAME, a tag, an address')
    .option('--to <what>', 'the same, with a port: HOST:PORT, HOST:PORT/udp, HOST:icmp')
    .option('--diff <against>', 'a git commit, a file (policy or stack file), or live: the policy that the tailnet has')
    .option('--fail-on-widen', 'with --diff: exit 3 when somebody gains access')
    .option(...NOW_OPTION)
    .option('--lab', 'with --diff live: the tailnet of the lab')
    .addOption(new Option('--format <format>', 'how to answer').choices(['text', 'json', 'markdown']).default('text'))
    .addHelpText(
      'after',
      `
Judged is the policy that the stack compiles to, not the intents it is made from. Nothing is asked of a cloud,
except with --diff live.

Examples:
  mesh access prod
  mesh access prod --from sin-app-01 --to fra-db-01:5432
  mesh access prod --from group:sre --to role:router:22
  mesh access prod --diff origin/main --format markdown
  mesh access prod --diff live --fail-on-widen

Exit codes: 0 yes, or compared; 5 no; 3 access widens (--fail-on-widen); 2 the stack, a policy or a name is wrong.`,
    )
    .action((stack: string, options: Options) => access(stack, options));
}

async function access(stack: string, options: Options): Promise<void> {
  const { from, to, diff, format, failOnWiden, lab } = options;
  if ((from === undefined) !== (to === undefined))
    throw new CliError(
      EXIT.usage,
      '--from and --to belong together: mesh access prod --from sin-app-01 --to fra-db-01:5432',
    );
  if (diff !== undefined && from !== undefined)
    throw new CliError(EXIT.usage, '--diff compares whole revisions; ask --from and --to without it');
  if (failOnWiden === true && diff === undefined)
    throw new CliError(EXIT.usage, '--fail-on-widen needs something to compare with: --diff origin/main');
  if (lab === true && diff !== 'live')
    throw new CliError(EXIT.usage, '--lab says which tailnet is asked: it needs --diff live');
  const now = stackAccess(readStackFile(stack), dayOf(options.now));
  const title = `${now.plan.network.name}/${stack}`;
  if (diff !== undefined) {
    const former = await formerAccess(now, diff, () => livePolicy(stack, lab === true));
    const found = accessDiff(now, former);
    say(
      {
        text: () => renderDiff(found, title),
        markdown: () => markdownDiff(found, title),
        json: () => diffJson(found, stack),
      }[format],
    );
    if (failOnWiden === true && found.widens) process.exitCode = EXIT.widens;
    return;
  }
  const evaluated = evaluator(now.policy, now.world);
  if (from !== undefined && to !== undefined) question(now, evaluated, from, to, format);
  else matrix(now, evaluated, title, format);
}

function question(now: StackAccess, evaluated: Evaluator, from: string, to: string, format: Format): void {
  const found = answer(now, evaluated, asked(now, from, to, evaluated.names()));
  say(() => (format === 'json' ? answerJson(found) : renderAnswer(found)));
  if (!found.allowed) process.exitCode = EXIT.unwell;
}

function matrix(now: StackAccess, evaluated: Evaluator, title: string, format: Format): void {
  const rows = evaluated.matrix();
  const lines = accessLines(rows, evaluated.labels(modelNames(now)), serviceHosts(now));
  const told = { title, lines, unjudged: now.unjudged };
  say(
    {
      text: () => renderMatrix(told),
      markdown: () => markdownMatrix(told),
      json: () => matrixJson(now.stack, lines, now.unjudged),
    }[format],
  );
}

const say = (text: () => string): void => void process.stdout.write(`${text()}\n`);
