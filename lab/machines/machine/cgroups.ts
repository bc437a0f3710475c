import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
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

/** Takes the groups of one machine, or of all of a lab, away; those that still have a process in them stay. */
export async function removeCgroups(lab: string, name = ''): Promise<void> {
  for (const mount of hierarchies())
    for (const deadline = Date.now() + EMPTY_MS; !gone(join(mount, lab, name)) && Date.now() < deadline;)
      await sleep(20);
}

/** The innermost first: a group with groups in it cannot go. */
function gone(folder: string): boolean {
  if (!existsSync(folder)) return true;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !gone(join(folder, entry.name))) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    if (hasCode(error, 'EBUSY') || hasCode(error, 'ENOTEMPTY')) return false;
    throw error;
  }
}
