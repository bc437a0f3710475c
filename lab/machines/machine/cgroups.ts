import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../../engine/error.ts';

/** Groups take a moment to be empty after their last process has ended, ms. */
const EMPTY_MS = 5000;

/** Where systemd keeps its tree of control groups: the unified hierarchy, the named one of older systems, or both. */
function hierarchies(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [kind, , options = ''] = right.split(' ');
    const ours = kind === 'cgroup2' || (kind === 'cgroup' && options.split(',').includes('name=systemd'));
    return ours ? [left.split(' ')[4] ?? ''] : [];
  });
}

/**
 * Makes control groups for one machine, in every hierarchy; answers their folders. Under --keep-unit the systemd of a machine
 * works below the group that its systemd-nspawn was started in: two in one group would take each other's services for their own.
 */
export function makeCgroups(lab: string, name: string): string[] {
  const folders = hierarchies().map((mount) => join(mount, lab, name));
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (hasCode(error, 'EROFS') || hasCode(error, 'EACCES'))
      throw new Error(`machines need control groups of their own, and ${folders.join(' and ')} cannot be made`, {
        cause: error,
      });
    throw error;
  }
  return folders;
}

/**
 * Ends every process in the groups of one machine, or of all of a lab, whoever started it, and takes the groups away.
 * @throws Error for people when something in them does not end
 */
export async function clearCgroups(lab: string, name = ''): Promise<void> {
  for (const mount of hierarchies()) {
    const folder = join(mount, lab, name);
    const deadline = Date.now() + EMPTY_MS;
    while (!gone(folder)) {
      const pids = inhabitants(folder);
      if (Date.now() > deadline) throw new Error(`processes of ${lab} ${name} do not end: ${pids.join(', ')}`);
      for (const pid of pids) end(pid);
      await sleep(20);
    }
  }
}

function inhabitants(folder: string): number[] {
  try {
    const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    return [...own, ...below(folder).flatMap(inhabitants)].filter((pid) => pid > 0);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENODEV')) return [];
    throw error;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

const below = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));

/** The innermost first: a group with groups in it cannot go. */
function gone(folder: string): boolean {
  try {
    if (!below(folder).every(gone)) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    if (hasCode(error, 'EBUSY') || hasCode(error, 'ENOTEMPTY')) return false;
    throw error;
  }
}
