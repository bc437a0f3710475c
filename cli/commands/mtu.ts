import { Option, type Command } from 'commander';
import { sshHosts } from '../../provider/hosts.ts';
import { readTool } from '../../provider/tool-source.ts';
import { CliError, EXIT } from '../exit.ts';
import { untilInterrupted } from '../interrupt.ts';
import { openStack } from '../live/open.ts';
import { whichStack } from '../live/which.ts';
import { isWell, measure } from '../mtu/measure.ts';
import { NETWORKS, type Network } from '../mtu/way.ts';
import { stderrProgress } from '../progress.ts';
import { renderMtu } from '../render/mtu.ts';

interface Options {
  stack?: string;
  lab?: true;
  json?: true;
  over?: Network;
  ipv6?: true;
}

export function addMtu(program: Command): void {
  program
    .command('mtu')
    .argument('<a>', 'a host')
    .argument('<b>', 'another one')
    .description(
      'the largest packet between two hosts, each way: where it breaks, who says so, what the clamp makes of TCP',
    )
    .addOption(new Option('--over <network>', 'measure this way instead of the one of the plan').choices(NETWORKS))
    .option('--ipv6', "by the overlay's IPv6 address")
    .option('--json', 'as JSON')
    .option('--stack <name>', "default: this shell's (PULUMI_OPTION_STACK), else the only one that has the hosts")
    .option('--lab', "the lab's stack, not the one of your own backend")
    .addHelpText(
      'after',
      `
Each host sends echo requests that must not be fragmented, for 20 s at most, and halves the size until it is known to the
byte. By the plan hosts of one site meet on their LAN, members of two sites in the overlay, and a LAN host is reached
through its site's router. WireGuard adds 60 bytes (IPv6: 80): a public path has to pass 1340 (1360) for the tunnel's 1280.

Examples:
  mesh mtu fra-edge-01 sin-app-01 --stack prod
  mesh mtu fra-edge-01 gra-edge-01 --stack prod --over public

Exit codes: 0 measured and no transfer hangs, 2 wrong usage, 4 the lab's hosts are records, 5 packets vanish or nothing comes back.`,
    )
    .action(mtu);
}

async function mtu(a: string, b: string, options: Options): Promise<void> {
  if (a === b) throw new CliError(EXIT.usage, `${a} and ${b} are the same host`);
  const stack = whichStack(options.stack, { hosts: [a, b] });
  const live = await openStack(stack, options.lab === true, stderrProgress());
  const found = await untilInterrupted(async (signal) => {
    const sources = { ...live, hosts: sshHosts(readTool) };
    const directions = await measure(sources, [a, b], { signal, over: options.over, ipv6: options.ipv6 });
    if (signal.aborted) throw new CliError(EXIT.interrupted, 'interrupted');
    return directions;
  });
  if (found.some((one) => 'noNetwork' in one))
    throw new CliError(
      EXIT.lab,
      'this lab keeps records only: its hosts have no network, so there is nothing to measure. mesh lab up --machines makes hosts of Linux (root)',
    );
  process.stdout.write(
    `${options.json === true ? JSON.stringify({ directions: found }, null, 2) : renderMtu(found)}\n`,
  );
  process.exitCode = found.every(isWell) && found.some((one) => 'found' in one) ? EXIT.done : EXIT.unwell;
}
