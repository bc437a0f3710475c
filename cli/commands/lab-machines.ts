import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import {
  clearLinks,
  cutCable,
  labMachines,
  power,
  setLink,
  type LinkChange,
  type LinkReport,
  type MachineReport,
} from '../../lab/machines/client.ts';
import { enterArguments } from '../../lab/machines/machine/enter.ts';
import { CliError, EXIT } from '../exit.ts';
import { labDirectory } from '../paths.ts';
import { columns, dim, green, red } from '../render/style.ts';

/** What only a lab of machines can do: into a machine, its power, its cables, the links between sites. */
export function addMachines(lab: Command): void {
  // So that options behind the name of a machine are the command’s own.
  lab.enablePositionalOptions();
  addInto(lab);
  addPower(lab);
  addLink(lab);
}

function addInto(lab: Command): void {
  lab
    .command('exec')
    .description('run a command on a machine as root; its exit code is ours')
    .argument('<host>', 'name of the machine')
    .argument('<command...>', 'program and arguments; no shell')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  mesh lab exec fra-edge-01 -- tailscale status')
    .action((host: string, command: string[]) => enter(host, command));
  lab
    .command('shell')
    .description('a root shell on a machine')
    .argument('<host>', 'name of the machine')
    .action((host: string) => enter(host, ['/bin/bash', '-l']));
}

function addPower(lab: Command): void {
  lab
    .command('kill')
    .description('power failure: the machine is gone at once, and its cloud does not know')
    .argument('<host>', 'name of the machine')
    .action(async (host: string) => {
      await inLab(power(labDirectory(), host, false));
      say(`${host} is without power; mesh lab start ${host} gives it back`);
    });
  lab
    .command('start')
    .description('give a machine its power back')
    .argument('<host>', 'name of the machine')
    .action(async (host: string) => {
      await inLab(power(labDirectory(), host, true));
      say(`${host} boots`);
    });
  lab
    .command('cut')
    .description('pull a network cable, or plug it in again')
    .argument('<host>', 'name of the machine')
    .argument('<nic>', 'lan or wan')
    .option('--restore', 'plug it in again')
    .action(async (host: string, nic: string, options: { restore?: true }) => {
      if (nic !== 'lan' && nic !== 'wan') throw new CliError(EXIT.usage, `${nic} is no network card; write lan or wan`);
      const restore = options.restore === true;
      await inLab(cutCable(labDirectory(), host, nic, !restore));
      say(`${nic} of ${host} is ${restore ? 'plugged in' : `cut; mesh lab cut ${host} ${nic} --restore plugs it in`}`);
    });
}

interface LinkOptions {
  delay?: number;
  jitter?: number;
  loss?: number;
  mtu?: number;
  blockUdp?: true;
  down?: true;
  icmpErrors?: boolean;
  clear?: true;
}

function addLink(lab: Command): void {
  lab
    .command('link')
    .description('what lies between two sites, both ways; without sites: all that is set')
    .argument('[a]', 'site')
    .argument('[b]', 'site')
    .option('--delay <time>', 'added to the round trip, like 80ms: half of it each way', milliseconds)
    .option('--jitter <time>', 'plus or minus, each way', milliseconds)
    .option('--loss <share>', 'of the packets, each way, like 1%', share)
    .option('--mtu <bytes>', 'largest packet', bytes)
    .option('--block-udp', 'drop all UDP: nodes have to use a relay')
    .option('--no-icmp-errors', 'lose "fragmentation needed" and "packet too big", as careless firewalls do')
    .option('--down', 'nothing passes')
    .option('--clear', 'take all settings of the pair away')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh lab link eu-fra ap-sin --delay 80ms --loss 1%\n  mesh lab link eu-fra ap-sin --clear',
    )
    .action(async (a: string | undefined, b: string | undefined, options: LinkOptions) => {
      const dir = labDirectory();
      if (a === undefined) {
        say(renderLinks((await inLab(labMachines(dir))).links));
        return;
      }
      if (b === undefined) throw new CliError(EXIT.usage, `a link is between two sites; write mesh lab link ${a} SITE`);
      if (options.clear === true) {
        await inLab(clearLinks(dir, [a, b]));
        say(`nothing is set between ${a} and ${b}`);
        return;
      }
      const links = await inLab(setLink(dir, [a, b], linkChange(options)));
      say(renderLinks(links.filter(({ between }) => between.includes(a) && between.includes(b))));
    });
}

function linkChange(options: LinkOptions): LinkChange {
  return {
    ...(options.delay !== undefined && { delay: options.delay / 2 }),
    ...(options.jitter !== undefined && { jitter: options.jitter }),
    ...(options.loss !== undefined && { loss: options.loss }),
    ...(options.mtu !== undefined && { mtu: options.mtu }),
    ...(options.blockUdp === true && { blockUdp: true }),
    ...(options.icmpErrors === false && { noIcmpErrors: true }),
    ...(options.down === true && { down: true }),
  };
}

const wrong = (value: string, example: string): CliError =>
  new CliError(EXIT.usage, `${value} is not understood; write it like ${example}`);

function milliseconds(value: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value) ?? [];
  if (number === undefined) throw wrong(value, '80ms');
  return Number(number) * (unit === 's' ? 1000 : 1);
}

function share(value: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%)?$/.exec(value) ?? [];
  const found = Number(number) / (percent === '%' ? 100 : 1);
  if (number === undefined || found > 1) throw wrong(value, '1% or 0.01');
  return found;
}

function bytes(value: string): number {
  if (!/^\d+$/.test(value)) throw wrong(value, '1472');
  return Number(value);
}

/** Into the machine's namespaces; the terminal, when there is one, is the machine's then. */
async function enter(host: string, command: readonly string[]): Promise<void> {
  const { machines } = await inLab(labMachines(labDirectory()));
  const machine = machines.find(({ name, id }) => name === host || id === host);
  if (machine === undefined)
    throw new CliError(
      EXIT.usage,
      `there is no machine ${host} in this lab; there are: ${machines.map(({ name }) => name).join(', ') || 'none yet'}`,
    );
  if (machine.pid === null) throw new CliError(EXIT.lab, `${host} does not run (${machine.state})`);
  const [program = '', ...args] = enterArguments(machine.pid, command);
  const child = spawn(program, args, { stdio: 'inherit' });
  // Ctrl-C is the command's business: it reaches it by the terminal.
  const stay = (): void => undefined;
  process.on('SIGINT', stay);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  process.off('SIGINT', stay);
}

export function renderMachines(machines: readonly MachineReport[]): string {
  const rows = machines
    .toSorted((a, b) => (a.site ?? '').localeCompare(b.site ?? '') || a.name.localeCompare(b.name))
    .map(({ name, site, cloud, image, state, error, public: address, lan, cuts }) => [
      name,
      site ?? dim('none'),
      cloud,
      image,
      state === 'running' ? green(state) : state === 'failed' ? red(`failed: ${error ?? ''}`) : state,
      address ?? '',
      lan ?? '',
      cuts.map((nic) => red(`${nic} cut`)).join(' '),
    ]);
  return rows.length === 0
    ? 'no machines yet'
    : columns(['machine', 'site', 'cloud', 'image', 'state', 'public', 'LAN', ''], rows);
}

export function renderLinks(links: readonly LinkReport[]): string {
  if (links.length === 0) return 'no link between sites is set to anything';
  const rows = links.map(({ between: [a, b], ...link }) => [
    `${a} – ${b}`,
    linkWords(link).join(', ') || dim('nothing'),
  ]);
  return columns(['between', 'set to'], rows);
}

function linkWords({ delay, jitter, loss, mtu, blockUdp, noIcmpErrors, down }: Omit<LinkReport, 'between'>): string[] {
  return [
    ...(down ? ['nothing passes'] : []),
    ...(delay > 0 ? [`${delay * 2} ms longer round trip`] : []),
    ...(jitter > 0 ? [`± ${jitter} ms each way`] : []),
    ...(loss > 0 ? [`${loss * 100}% lost each way`] : []),
    ...(mtu === undefined ? [] : [`at most ${mtu} bytes`]),
    ...(noIcmpErrors ? ['no ICMP errors'] : []),
    ...(blockUdp ? ['no UDP'] : []),
  ];
}

async function inLab<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Error && !(error instanceof CliError)
      ? new CliError(EXIT.lab, error.message, { cause: error })
      : error;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
