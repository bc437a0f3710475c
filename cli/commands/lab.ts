import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { readConfig } from '../../lab/api/config.ts';
import { clearFaults, labDown, labStatus, labUp, listFaults, setFault } from '../../lab/control.ts';
import { FAULTS, RECORDS_ONLY, type FaultName } from '../../lab/types.ts';
import { CliError, EXIT } from '../exit.ts';
import { obtainForMachines, wantMachines } from '../lab/machines.ts';
import { resetLab } from '../lab/reset.ts';
import { holdTry } from '../lab/turns.ts';
import { labDirectory } from '../paths.ts';
import { stderrProgress } from '../progress.ts';
import { columns, dim } from '../render/style.ts';
import { addDemo } from './lab-demo.ts';
import { addMachines, renderLinks, renderMachines } from './lab-machines.ts';
import { labMachines } from '../../lab/machines/client.ts';

export function addLab(program: Command): void {
  const lab = program
    .command('lab')
    .description(
      'the cloud on this machine: APIs of Hetzner, DigitalOcean and Tailscale, a jump host, hosts as records or as machines',
    )
    .addHelpText(
      'after',
      `
One lab for each checkout, in .lab/; MESH_LAB_DIR=DIRECTORY names another one.

Examples:
  mesh lab demo
  mesh lab up && mesh lab status
  mesh lab fault list
  mesh lab reset`,
    );
  lab
    .command('up')
    .description('start it; started twice says so')
    .option('--machines', 'servers are Debian machines, tailnets are real (Linux, root); the first start takes minutes')
    .action(async (options: { machines?: true }) => {
      if (options.machines === true) await wantMachines(labDirectory());
      if (readConfig(labDirectory())?.compute === 'machines') await obtainForMachines(stderrProgress());
      const { started, hcloudEndpoint, digitaloceanEndpoint, tailscaleBaseUrl } = await inLab(
        labUp(labDirectory(), { onProgress: stderrProgress() }),
      );
      say(
        `lab ${started ? 'is up' : 'was up already'}: Hetzner Cloud at ${hcloudEndpoint}, DigitalOcean at ${digitaloceanEndpoint}, Tailscale at ${tailscaleBaseUrl}`,
      );
    });
  lab
    .command('down')
    .description('stop it; what it built is kept')
    .action(async () =>
      say((await inLab(labDown(labDirectory()))) ? 'lab is down; what it built is kept' : 'lab was not up'),
    );
  lab
    .command('status')
    .description('whether it is up, what it holds, which faults are switched on')
    .option('--json', 'as JSON')
    .action(async (options: { json?: true }) => {
      const status = await inLab(labStatus(labDirectory()));
      const machines =
        status.running && status.info.config.compute === 'machines'
          ? await inLab(labMachines(labDirectory()))
          : undefined;
      if (options.json === true) {
        say(JSON.stringify({ ...publicStatus(status), ...machines }, null, 2));
        return;
      }
      say(renderStatus(status));
      if (machines !== undefined) say(`\n${renderMachines(machines.machines)}\n\n${renderLinks(machines.links)}`);
    });
  lab
    .command('reset')
    .description('forget all that was built, cloud and stacks; keys and addresses of the lab stay')
    .action(async () => {
      const labDir = labDirectory();
      // What a "try" builds must not vanish under it.
      if (existsSync(labDir)) holdTry(labDir);
      await inLab(resetLab(labDir, { keepFaults: false }));
      say('lab is empty');
    });
  addMachines(lab);
  addDemo(lab);
  addFault(lab);
}

function addFault(lab: Command): void {
  const names = Object.keys(FAULTS).join(', ');
  const fault = lab
    .command('fault')
    .description('make the cloud or a host fail on purpose')
    .addHelpText(
      'after',
      `
Examples:
  mesh lab fault set flip-byte fra-edge-02 && npm run try -- --fresh
  mesh lab fault clear && npm run try`,
    );
  fault
    .command('list')
    .description('what can be switched on, and what is')
    .action(async () => {
      const on = await inLab(listFaults(labDirectory()));
      const machines = readConfig(labDirectory())?.compute === 'machines';
      const rows = Object.entries(FAULTS).map(([name, what]) => [
        name,
        what,
        on
          .filter((entry) => entry.fault === name)
          .map((entry) => entry.target)
          .join(' ') || dim(machines && Object.hasOwn(RECORDS_ONLY, name) ? 'records only' : 'off'),
      ]);
      say(columns(['fault', 'what happens', 'on'], rows));
    });
  fault
    .command('set')
    .argument('<fault>', names)
    .argument('[target]', 'host or object name; any when left out', '*')
    .description('switch a fault on; it stays until it is cleared')
    .addHelpText('after', '\nExample:\n  mesh lab fault set no-answer fra-edge-02')
    .action(async (name: string, target: string) => {
      await inLab(setFault(labDirectory(), faultName(name), target));
      say(`${name} is on for ${target === '*' ? 'everything' : target}`);
    });
  fault
    .command('clear')
    .argument('[fault]', names)
    .description('switch one fault off, or all')
    .action(async (name?: string) => {
      await inLab(clearFaults(labDirectory(), name === undefined ? undefined : faultName(name)));
      say(name === undefined ? 'all faults are off' : `${name} is off`);
    });
}

function faultName(name: string): FaultName {
  if (Object.hasOwn(FAULTS, name)) return name as FaultName;
  throw new CliError(EXIT.usage, `there is no fault "${name}"; there are: ${Object.keys(FAULTS).join(', ')}`);
}

async function inLab<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Error ? new CliError(EXIT.lab, error.message, { cause: error }) : error;
  }
}

function renderStatus(status: Awaited<ReturnType<typeof labStatus>>): string {
  if (!status.running) return status.reason;
  const { info, faults } = status;
  const rows = [
    ['lab', `up, process ${info.pid}, in ${info.dir}`],
    ['Hetzner Cloud', info.hcloudEndpoint],
    ['DigitalOcean', info.digitaloceanEndpoint],
    ['Tailscale', info.tailscaleBaseUrl],
    ['jump host', `${info.config.jump.user}@${info.config.host}:${info.config.jump.port}`],
    ['stacks', info.config.tenants.map((tenant) => `${tenant.name} (tailnet ${tenant.tailscale.tailnet})`).join(', ')],
    ['faults', faults.map(({ fault, target }) => `${fault} on ${target}`).join(', ') || 'none'],
  ];
  return columns([], rows);
}

/** Without the tokens and keys of the lab's config: they are of no use to a reader, and a log is no place for them. */
function publicStatus(status: Awaited<ReturnType<typeof labStatus>>): object {
  if (!status.running) return { running: false, reason: status.reason };
  const { info, faults } = status;
  return {
    running: true,
    pid: info.pid,
    dir: info.dir,
    hcloudEndpoint: info.hcloudEndpoint,
    digitaloceanEndpoint: info.digitaloceanEndpoint,
    tailscaleBaseUrl: info.tailscaleBaseUrl,
    faults,
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
