import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine, Machines } from '../types.ts';
import { makeCgroups, clearCgroups } from './cgroups.ts';
import { lackingForMachines } from './needs.ts';
import { ended, initOf, startInit, stopInit } from './process.ts';
import { mountRoot, seed, labLayer, unmountBelow } from './root.ts';

export interface MachinesDeps {
  /** Prefix of all names that the kernel sees. */
  lab: string;
  /** The lab's directory; machines are in `machines/ID`. */
  dir: string;
  /** Path of the read-only root of an image. */
  base: (image: string) => Promise<string>;
  /** What machines trust beside the usual authorities. */
  caPem: string;
  /** A machine's init ended by itself. */
  onExit: (id: string, how: 'reboot' | 'poweroff') => void;
}

/** How often machines are looked at that nobody asked to end, ms. */
const LOOK_MS = 100;

/** Debian machines under systemd-nspawn, each in a network namespace that somebody else made. They outlive this process. */
export function createMachines({ lab, dir, base, caPem, onExit }: MachinesDeps): Machines & { close(): void } {
  const all = join(dir, 'machines');
  const folderOf = (id: string): string => join(all, id);
  const kernelName = (id: string): string => `${lab}-${id}`.slice(0, 64);
  const ids = (): string[] => (existsSync(all) ? readdirSync(all) : []);
  const running = (): string[] => ids().filter((id) => initOf(folderOf(id)) !== undefined);
  const layers = new Map<string, Promise<string[]>>();
  /** Machines that run and whose end would be news. */
  const watched = new Set<string>(running());

  // Machines that boot together make one; kept no longer, since another process may take the lab away.
  const layersOf = (image: string): Promise<string[]> => {
    const found = layers.get(image) ?? makeLayers(image).finally(() => layers.delete(image));
    layers.set(image, found);
    return found;
  };
  const makeLayers = async (image: string): Promise<string[]> => {
    const root = await base(image);
    return [await labLayer(dir, root, caPem), root];
  };

  const look = setInterval(() => {
    for (const id of watched) {
      const folder = folderOf(id);
      const how = initOf(folder) === undefined ? ended(folder) : undefined;
      if (how === undefined) continue;
      watched.delete(id);
      onExit(id, how);
    }
  }, LOOK_MS);
  look.unref();

  const off = async (id: string, hard: boolean): Promise<void> => {
    watched.delete(id);
    await stopInit(folderOf(id), hard);
    await unmountBelow(folderOf(id));
    await clearCgroups(lab, id);
  };
  const remove = async (id: string): Promise<void> => {
    await off(id, true);
    rmSync(folderOf(id), { recursive: true, force: true });
  };

  return {
    boot: async (machine: Machine, namespace: string) => {
      const folder = folderOf(machine.id);
      if (initOf(folder) !== undefined) return;
      const lacking = lackingForMachines();
      if (lacking.length > 0) throw new Error(`machines need ${lacking.join(', ')}`);
      mkdirSync(folder, { recursive: true });
      // A process that was killed in the middle of a boot has not written down what it started.
      await clearCgroups(lab, machine.id);
      await unmountBelow(folder);
      const born = join(folder, 'born.json');
      const first = !existsSync(born);
      // The image is a machine's for life: a disk over another one would be half of each.
      const layers = first ? await layersOf(machine.image) : layersIn(born, machine.name);
      const root = await mountRoot(folder, layers);
      if (first) {
        seed(root, machine);
        writeFileSync(born, JSON.stringify({ image: machine.image, name: machine.name, layers }));
      }
      const cgroups = makeCgroups(lab, machine.id);
      await startInit({ folder, root, cgroups, name: kernelName(machine.id), namespace });
      watched.add(machine.id);
    },
    powerOff: (id, { hard }) => off(id, hard),
    remove,
    known: ids,
    running,
    pid: (id) => initOf(folderOf(id)),
    removeAll: async () => {
      watched.clear();
      await Promise.all(ids().map(remove));
      await clearCgroups(lab);
      await unmountBelow(join(dir, 'layers'));
      for (const folder of [all, join(dir, 'layers')]) rmSync(folder, { recursive: true, force: true });
    },
    close: () => clearInterval(look),
  };
}

/** @throws Error for people when they are gone */
function layersIn(born: string, name: string): string[] {
  const record = JSON.parse(readFileSync(born, 'utf8')) as { layers: string[] };
  const gone = record.layers.filter((layer) => !existsSync(layer));
  if (gone.length > 0)
    throw new Error(
      `the disk of ${name} lies over ${gone.join(' and ')}, which is gone (a cache that was emptied?): replace this machine`,
    );
  return record.layers;
}
