import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/** Programs that tests of the lab run, and the Debian package that brings each. */
const PROGRAMS = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  ping: 'iputils-ping',
  python3: 'python3',
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  go: 'golang',
} as const;

export type Need = 'root' | 'tun' | keyof typeof PROGRAMS;

/** What the lab's networks need. */
export const NETWORKS: readonly Need[] = ['root', 'tun', 'ip', 'nft', 'nsenter', 'python3'];

/** What the lab's machines need. */
export const MACHINES: readonly Need[] = ['root', 'tun', 'ip', 'nsenter', 'python3', 'systemd-nspawn', 'debootstrap'];

/** What real tailnets need beside them: their daemons are built from Go modules. */
export const DAEMONS: readonly Need[] = ['go', 'nft', 'ping'];

/** What this machine lacks of it, in words and with the way to get it; undefined: nothing. */
function lacking(needs: readonly Need[]): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  return needs.flatMap((need) => lack(need) ?? []).join(', ') || undefined;
}

function lack(need: Need): string | undefined {
  if (need === 'root') return process.getuid?.() === 0 ? undefined : 'needs root';
  if (need === 'tun') return existsSync('/dev/net/tun') ? undefined : 'needs /dev/net/tun';
  return onPath(need) ? undefined : `needs ${need} (apt install ${PROGRAMS[need]})`;
}

function onPath(program: string): boolean {
  return `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `describe`, or where something is missing the same tests skipped, with the reason in their names. */
export function describeWith(needs: readonly Need[], name: string, body: () => void): void {
  const reason = lacking(needs);
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (${reason})`, body);
}

/** The same of tests that take minutes and are for changes of what they are about: run with `MESH_LAB_TESTS=all`. */
export function describeLong(needs: readonly Need[], name: string, body: () => void): void {
  if (process.env.MESH_LAB_TESTS === 'all') describeWith(needs, name, body);
  else describe.skip(`${name} (long: MESH_LAB_TESTS=all)`, body);
}

/** A test that takes about a minute or more and holds nothing that others do not touch: run with `MESH_LAB_TESTS=all`. */
export function longTest(name: string, body: () => Promise<void>): void {
  if (process.env.MESH_LAB_TESTS === 'all') test(name, body, 300_000);
  else test.skip(`${name} (long: MESH_LAB_TESTS=all)`, body);
}
