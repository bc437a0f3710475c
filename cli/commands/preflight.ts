import type { Command } from 'commander';
import { refusalsOf } from '../../mesh/host/preflight.ts';
import { planNow } from '../plan-now.ts';
import { sshHosts } from '../../provider/hosts.ts';
import { readTool } from '../../provider/tool-source.ts';
import { CliError, EXIT } from '../exit.ts';
import { inLab, outside, type Reach } from '../live/reach.ts';
import { meshConfig } from '../mesh-config.ts';
import { readKeys } from '../preflight/keys.ts';
import { lookAt, type Look } from '../preflight/look.ts';
import { existingNames, targetsOf } from '../preflight/targets.ts';
import { stderrProgress, type Progress } from '../progress.ts';
import { renderLooks } from '../render/preflight.ts';
import { readStackFile } from '../stack-file.ts';

interface Options {
  json?: true;
  lab?: true;
}

export function addPreflight(program: Command): void {
  program
    .command('preflight')
    .argument('<stack>', 'name of a stack file, as in Pulumi.<stack>.yaml')
    .argument('[hosts...]', 'names of existing hosts; all of the stack when left out')
    .description(
      'looks at machines that were there before: what a first release would touch, and what stands in its way',
    )
    .option('--lab', 'the hosts of the lab on this machine; starts it when it is not up')
    .option('--json', 'the whole answer of each host as JSON')
    .addHelpText(
      'after',
      `
Changes nothing on a host but for the host tool, in /usr/local/lib/site-mesh. The deploy key is the file that
MESH_SSH_PRIVATE_KEY_FILE names, else the stack's site-mesh:sshPrivateKey, by pulumi with this shell's environment.

Examples:
  mesh preflight prod
  MESH_SSH_PRIVATE_KEY_FILE=~/.ssh/deploy mesh preflight prod gra-edge-01 --json

Exit code 1 when something is in the way, or a host could not be asked.`,
    )
    .action((stack: string, hosts: string[], options: Options) => preflight(stack, hosts, options));
}

async function preflight(stack: string, named: readonly string[], { json, lab }: Options): Promise<void> {
  const progress = stderrProgress();
  const tracked = planNow(meshConfig(readStackFile(stack)), stack);
  const known = existingNames(tracked);
  const wanted = chosen(known, named, stack);
  const looks =
    wanted.length === 0
      ? []
      : await look(lab === true ? await inLab(stack, progress) : outside(stack, progress), wanted, progress);
  if (json === true) process.stdout.write(`${JSON.stringify({ hosts: looks }, null, 2)}\n`);
  else
    process.stdout.write(
      `${looks.length === 0 ? `Stack ${stack} has no existing hosts that anybody logs in to.` : renderLooks(looks)}\n`,
    );
  if (looks.some(inTheWay)) process.exitCode = EXIT.failed;
}

const inTheWay = ({ found }: Look): boolean => found === undefined || refusalsOf(found).length > 0;

function chosen(known: readonly string[], named: readonly string[], stack: string): readonly string[] {
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new CliError(
      EXIT.usage,
      `${unknown.join(', ')}: no existing host of stack "${stack}" that anybody logs in to; there are: ${known.join(', ') || 'none'}`,
    );
  }
  return named.length === 0 ? known : known.filter((name) => named.includes(name));
}

async function look(reach: Reach, wanted: readonly string[], progress: Progress): Promise<Look[]> {
  const { plan } = reach;
  const targets = targetsOf(plan, await readKeys(reach)).filter(({ name }) => wanted.includes(name));
  return lookAt(targets, { hosts: sshHosts(readTool), tailnet: plan.tailnet, progress });
}
