import type { Command } from 'commander';
import { sshHosts } from '../../provider/hosts.ts';
import { readTool } from '../../provider/tool-source.ts';
import { confirm } from '../confirm.ts';
import { CliError, EXIT } from '../exit.ts';
import { decide, silentOf, type Switch } from '../failover/decide.ts';
import { carryOut, siteNow, takeBack, type SiteAccess } from '../failover/run.ts';
import type { SwitchState } from '../failover/switch.ts';
import { untilInterrupted } from '../interrupt.ts';
import { openStack } from '../live/open.ts';
import { whichStack } from '../live/which.ts';
import { stderrProgress } from '../progress.ts';
import { renderEnd, renderLeft, renderSwitch } from '../render/failover.ts';

interface Options {
  stack?: string;
  lab?: true;
  to?: string;
  back?: true;
  force?: true;
  yes?: true;
}

export function addFailover(program: Command): void {
  program
    .command('failover')
    .argument('<site>', 'a site with a pair of routers')
    .description('a planned switch: drain the active router of a site, watch its partner take over, say how to go back')
    .option('--to <host>', 'the router that is to carry the prefix; default: the one that does not now')
    .option('--back', 'end the drain: the router advertises again, and can take over again')
    .option('--force', 'also when the partner is not seen to be able to carry it')
    .option('--yes', 'ask nothing')
    .option('--stack <name>', "default: this shell's (PULUMI_OPTION_STACK), else the only one that has the site")
    .option('--lab', "the lab's stack, not the one of your own backend")
    .addHelpText(
      'after',
      `
Refuses when the partner does not answer, is offline, does not advertise or is not approved. Who carries a prefix is
the routers' own view. After --back the control plane decides who carries: Tailscale gives it to the elder router, headscale
leaves it where it is.

Examples:
  mesh failover eu-fra --stack prod
  mesh failover eu-fra --stack prod --back
  mesh failover eu-fra --stack staging --lab --yes

Exit codes: 0 done, 1 the partner did not take over (the drain was taken back), 2 wrong usage, 5 refused, 130 Ctrl-C.`,
    )
    .action(failover);
}

async function failover(site: string, options: Options): Promise<void> {
  const stack = whichStack(options.stack, { sites: [site] });
  const back = ['mesh failover', site, '--stack', stack, '--back', ...(options.lab ? ['--lab'] : [])].join(' ');
  const live = await openStack(stack, options.lab === true, stderrProgress());
  const recorded = await live.recorded();
  const sources = { ...live, hosts: sshHosts(readTool), recorded: () => Promise.resolve(recorded) };
  await untilInterrupted(async (signal) => {
    const access = { sources, site, signal };
    if (options.back === true) await goBack(access, options);
    else await goOver(access, options, back);
  });
}

async function goOver(access: SiteAccess, options: Options, back: string): Promise<void> {
  const decision = decide(await siteNow(access), access.site, options.to);
  if (decision.kind === 'impossible')
    throw new CliError(decision.usage ? EXIT.usage : EXIT.unwell, `${decision.why}. Nothing was changed.`);
  if (decision.kind === 'done') {
    say(`${decision.to} carries ${decision.prefix} already. Nothing was changed.`);
    return;
  }
  say(renderSwitch(decision, access.site));
  if (decision.doubts.length > 0 && options.force !== true)
    throw new CliError(
      EXIT.unwell,
      `refused: ${access.site} might be left without a router. Nothing was changed; --force does it all the same.`,
    );
  await agree(options);
  const ended = await watched(access, decision, back);
  say(renderEnd(ended, decision, back));
  if (ended.primary === undefined) process.exitCode = EXIT.failed;
}

/** Whoever is stopped half way says what he leaves. */
async function watched(access: SiteAccess, decision: Switch, back: string): ReturnType<typeof carryOut> {
  let state: SwitchState | undefined;
  try {
    return await carryOut(access, decision, (now) => (state = now));
  } catch (error) {
    const left = renderLeft(state, decision, back);
    if (access.signal.aborted) throw new CliError(EXIT.interrupted, left, { cause: error });
    throw new CliError(EXIT.failed, `${error instanceof Error ? error.message : String(error)}\n${left}`, {
      cause: error,
    });
  }
}

async function goBack(access: SiteAccess, options: Options): Promise<void> {
  const silent = silentOf(await siteNow(access), access.site);
  const names = silent.map(({ name }) => name).join(', ');
  if (silent.length === 0) {
    say(`No router of ${access.site} is drained. Nothing was changed.`);
    return;
  }
  say(`${names} will advertise again, and can carry ${access.site} again.`);
  await agree(options);
  await takeBack(access, silent);
  const [prefix] = (await siteNow(access)).sites.find(({ name }) => name === access.site)?.prefixes ?? [];
  say(
    `${names} advertises again. ${prefix?.prefix ?? ''} is carried by ${prefix?.primary ?? 'nobody that could be seen'}.`,
  );
}

async function agree({ yes }: Options): Promise<void> {
  if (yes === true || (await confirm('Do this?'))) return;
  const why = process.stdin.isTTY && process.stdout.isTTY ? '' : ' There is no terminal to ask at; --yes does it.';
  throw new CliError(EXIT.usage, `nothing was changed.${why}`);
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);
