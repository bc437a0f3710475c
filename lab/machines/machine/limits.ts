import { readFileSync, writeFileSync } from 'node:fs';

const INSTANCES = '/proc/sys/fs/inotify/max_user_instances';
const ENOUGH = 1024;

/**
 * Raises the kernel's number of inotify instances for each user, where it is its default of 128: a machine's systemd, dbus and
 * tailscaled hold seven, and all machines are root's. With none left an init switches itself off right after its start. Until
 * the next boot of this computer; where it cannot be written (in a container), machines are tried all the same.
 * @returns the number before and now
 */
export function raiseLimits(path: string = INSTANCES): { before: number; now: number } {
  const read = (): number => Number(readFileSync(path, 'utf8'));
  const before = read();
  if (before >= ENOUGH) return { before, now: before };
  try {
    writeFileSync(path, `${ENOUGH}\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
  return { before, now: read() };
}
