import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { headscalePaths } from '../tailnet/headscale/config.ts';
import { endLeftOver } from '../tailnet/headscale/process.ts';
import { createMachines } from './machine/index.ts';
import { createNet } from './net/index.ts';
import { labName } from './world.ts';

/** Ends what a lab that crashed left running: machines, networks, control servers. Disks stay, as after an orderly end. */
export async function sweepMachines(dir: string): Promise<void> {
  const lab = labName(dir);
  const machines = machinesOf(dir);
  await Promise.all(machines.known().map((id) => machines.powerOff(id, { hard: true })));
  machines.close();
  const tailnets = join(dir, 'tailnets');
  for (const name of existsSync(tailnets) ? readdirSync(tailnets) : [])
    await endLeftOver(headscalePaths(join(tailnets, name)).pid);
  await createNet({ lab, dir: join(dir, 'net'), log: () => undefined }).remove();
}

/** All that machines and control servers of a lab that is stopped know, disks included. */
export async function forgetMachines(dir: string): Promise<void> {
  const machines = machinesOf(dir);
  await machines.removeAll();
  machines.close();
  rmSync(join(dir, 'tailnets'), { recursive: true, force: true });
}

const machinesOf = (dir: string): ReturnType<typeof createMachines> =>
  createMachines({
    lab: labName(dir),
    dir,
    base: () => Promise.reject(new Error('nothing boots while a lab is taken down')),
    caPem: '',
    onExit: () => undefined,
  });
