import type { Command } from 'commander';
import { sshHosts } from '../../provider/hosts.ts';
import { readTool } from '../../provider/tool-source.ts';
import { CliError, EXIT } from '../exit.ts';
import { openStack } from '../live/open.ts';
import { stderrProgress } from '../progress.ts';
import { renderStatus } from '../render/status.ts';
import { look } from '../status/collect.ts';
import { reportOf } from '../status/report.ts';
import type { StatusReport } from '../status/types.ts';
import { watch } from '../status/watch.ts';

interface Options {
  lab?: true;
  json?: true;
  watch?: true | number;
}

/** Seconds from one picture to the next. */
const EVERY = 5;

export function addStatus(program: Command): void {
  program
    .command('status')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .description(
      'what runs now: devices, routes, who carries which prefix, releases; problems first, with the next step',
    )
    .option('--lab', "the lab's stack, not the one of your own backend")
    .option('--json', 'as JSON; docs/operations.md has its shape')
    .option('--watch [seconds]', `again every few seconds (${EVERY}), until Ctrl-C`, seconds)
    .addHelpText(
      'after',
      `
Asks the stack's outputs, the tailnet's API and every host at once (docs/host-protocol.md); a host has 5 s to let us in
and 10 s to answer. Changes nothing on a host but for the host tool, where this checkout has another one.

Examples:
  mesh status prod
  mesh status prod --watch
  mesh status prod --json | jq -r '.problems[] | "\\(.about): \\(.text)"'
  mesh status staging --lab

Exit codes: 0 all well, 5 something is wrong; with --watch 0 at Ctrl-C.`,
    )
    .action(status);
}

async function status(stack: string, options: Options): Promise<void> {
  const live = await openStack(stack, options.lab === true, stderrProgress());
  const sources = { ...live, hosts: sshHosts(readTool) };
  const picture = async (signal: AbortSignal): Promise<StatusReport> => reportOf(await look(sources, { signal }));
  const text = (report: StatusReport): string =>
    options.json === true ? JSON.stringify(report, null, 2) : renderStatus(report);
  if (options.watch !== undefined) {
    await watch({
      everySeconds: options.watch === true ? EVERY : options.watch,
      picture: async (signal) => text(await picture(signal)),
    });
    return;
  }
  const report = await picture(new AbortController().signal);
  process.stdout.write(`${text(report)}\n`);
  process.exitCode = report.well ? EXIT.done : EXIT.unwell;
}

function seconds(value: string): number {
  const found = Number(value);
  if (Number.isFinite(found) && found >= 1 && found <= 3600) return found;
  throw new CliError(EXIT.usage, `--watch ${value}: write seconds, from 1 to 3600`);
}
