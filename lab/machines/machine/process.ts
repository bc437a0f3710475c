import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of systemd-nspawn under --keep-unit: the machine asked for a reboot. */
const REBOOT_CODE = 133;
/** SIGRTMIN+4: systemd powers off. */
const SIG_POWEROFF = 34 + 4;
const START_MS = 10_000;
const SHUTDOWN_MS = 10_000;

/** A process that is certainly the one meant: its number can be another's after a while, its start time with it cannot. */
interface Known {
  pid: number;
  start: string;
}

const knownPath = (folder: string): string => join(folder, 'init.json');
const endPath = (folder: string): string => join(folder, 'end');

/** Field 22 of /proc/PID/stat; undefined when there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Pid of the init of the machine in this folder; undefined when it does not run. */
export function initOf(folder: string): number | undefined {
  try {
    const { pid, start } = JSON.parse(readFileSync(knownPath(folder), 'utf8')) as Known;
    return startTime(pid) === start ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** How the machine in this folder ended by itself; undefined while it runs, and when somebody else ended it. */
export function ended(folder: string): 'reboot' | 'poweroff' | undefined {
  try {
    return Number(readFileSync(endPath(folder), 'utf8')) === REBOOT_CODE ? 'reboot' : 'poweroff';
  } catch {
    return undefined;
  }
}

export interface Start {
  folder: string;
  root: string;
  /** Folders of control groups that it has for itself. */
  cgroups: readonly string[];
  /** As the kernel and `ps` show it. */
  name: string;
  /** Path of its network namespace. */
  namespace: string;
}

/**
 * $1: where to write how it ended, also when nobody watches; then control groups up to `--`, then systemd-nspawn. The shell itself
 * waits in a group beside those that systemd-nspawn makes.
 */
const KEEPER = `
end=$1; shift
groups=
while [ "$1" != -- ]; do
  mkdir -p "$1/keeper"; echo $$ > "$1/keeper/cgroup.procs"
  groups="$groups $1"; shift
done
shift
sh -c 'for group in $0; do echo $$ > "$group/cgroup.procs"; done; exec "$@"' "$groups" "$@"
echo $? > "$end"
`;

/**
 * A real machine has a disk of its own; here a dozen share one, and wait for each other's fsync. Nothing survives this computer's loss of
 * power anyway. systemd-nspawn knows it since version 250, which Ubuntu 22.04 does not have.
 */
let suppressSync: readonly string[] | undefined;
function withoutSync(): readonly string[] {
  const help = (): string => execFileSync('systemd-nspawn', ['--help'], { encoding: 'utf8' });
  return (suppressSync ??= help().includes('--suppress-sync') ? ['--suppress-sync=yes'] : []);
}

/** Boots what is in `root`; resolves when its init runs. The machine outlives this process. */
export async function startInit({ folder, root, cgroups, name, namespace }: Start): Promise<void> {
  for (const path of [knownPath(folder), endPath(folder)]) rmSync(path, { force: true });
  const console_ = openSync(join(folder, 'console.log'), 'a', 0o600);
  const nspawn = [
    ...['systemd-nspawn', '--quiet', `--directory=${root}`, `--machine=${name}`, '--register=no', '--keep-unit'],
    ...[`--network-namespace-path=${namespace}`, '--bind=/dev/net/tun', '--capability=CAP_NET_ADMIN,CAP_NET_RAW'],
    ...['--resolv-conf=off', '--timezone=off', '--link-journal=no', '--console=pipe'],
    ...withoutSync(),
    '--boot',
  ];
  const child = spawn('sh', ['-c', KEEPER, 'sh', endPath(folder), ...cgroups, '--', ...nspawn], {
    detached: true,
    stdio: ['ignore', console_, console_],
    env: { ...process.env, SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network' },
    cwd: '/',
  });
  closeSync(console_);
  child.unref();
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  for (const deadline = Date.now() + START_MS; Date.now() < deadline;) {
    await Promise.race([sleep(20), failed]);
    const init = child.pid === undefined ? undefined : grandchild(child.pid);
    const start = init === undefined ? undefined : startTime(init);
    if (init !== undefined && start !== undefined) {
      writeFileSync(knownPath(folder), JSON.stringify({ pid: init, start }));
      return;
    }
    if (ended(folder) !== undefined) break;
  }
  const said = readFileSync(join(folder, 'console.log'), 'utf8').trim().split('\n').slice(-3).join(' | ');
  throw new Error(`systemd-nspawn did not start ${name}: ${said || 'it said nothing'}`);
}

/** shell → systemd-nspawn → init, once that has become systemd. */
function grandchild(shell: number): number | undefined {
  const children = (pid: number): number[] => {
    try {
      return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
      );
    } catch {
      return [];
    }
  };
  const [nspawn] = children(shell);
  const inits = nspawn === undefined ? [] : children(nspawn);
  return inits.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd';
    } catch {
      return false;
    }
  });
}

/** Resolves when the machine is gone. `hard`: at once; otherwise it is asked, and has ten seconds. */
export async function stopInit(folder: string, hard: boolean): Promise<void> {
  const pid = initOf(folder);
  if (pid !== undefined && !hard) {
    signal(pid, SIG_POWEROFF);
    for (const deadline = Date.now() + SHUTDOWN_MS; Date.now() < deadline && initOf(folder) !== undefined;)
      await sleep(20);
  }
  // The init of a pid namespace takes everything in it along.
  while (initOf(folder) !== undefined) {
    signal(pid ?? 0, 'SIGKILL');
    await sleep(10);
  }
  // The shell writes once systemd-nspawn has gone too, and let go of the root.
  if (pid !== undefined)
    for (const deadline = Date.now() + START_MS; Date.now() < deadline && ended(folder) === undefined;) await sleep(10);
  for (const path of [knownPath(folder), endPath(folder)]) rmSync(path, { force: true });
}

function signal(pid: number, name: NodeJS.Signals | number): void {
  try {
    if (pid > 0) process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
