import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Here {
  platform: string;
  uid: number | undefined;
  /** Folders with programs, colons between. */
  path: string;
  tun: string;
}

/** Programs that machines are made with, and the Debian package that brings each. */
const PROGRAMS = { 'systemd-nspawn': 'systemd-container', nsenter: 'util-linux', mount: 'mount' };

const here = (): Here => ({
  platform: process.platform,
  uid: process.getuid?.(),
  path: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
  tun: '/dev/net/tun',
});

/** What machines need and this computer does not have, each with the way to get it. */
export function lackingForMachines({ platform, uid, path, tun }: Here = here()): string[] {
  if (platform !== 'linux') return ['Linux'];
  const has = (program: string): boolean => path.split(':').some((folder) => executable(join(folder, program)));
  const programs = Object.entries(PROGRAMS).filter(([program]) => !has(program));
  return [
    ...(uid === 0 ? [] : ['root']),
    ...(existsSync(tun) ? [] : [`${tun} (modprobe tun)`]),
    ...programs.map(([program, name]) => `${program} (Debian package ${name})`),
  ];
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
