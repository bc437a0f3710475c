import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine, Machines } from '../types.ts';
import { ended, endStrays, initOf, startInit, stopInit } from './process.ts';
import { mountRoot, seed, trustLayer, unmountBelow } from './root.ts';

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
  const ids = (): string[] => (existsSync(all) ? readdirSync(all) : []);
  const running = (): string[] => ids().filter((id) => initOf(folderOf(id)) !== undefined);
  const layers = new Map<string, Promise<string[]>>();
  /** Machines that run and whose end would be news. */
  const watched = new Set<string>(running());

  const layersOf = (image: string): Promise<string[]> => {
    const found = layers.get(image) ?? makeLayers(image);
    layers.set(image, found);
    // One that failed is tried again by the next machine.
    found.catch(() => layers.delete(image));
    return found;
  };
  const makeLayers = async (image: string): Promise<string[]> => {
    const root = await base(image);
    return [await trustLayer(dir, root, caPem), root];
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
  };
  const remove = async (id: string): Promise<void> => {
    await off(id, true);
    rmSync(folderOf(id), { recursive: true, force: true });
  };

  return {
    boot: async (machine: Machine, namespace: string) => {
      const folder = folderOf(machine.id);
      if (initOf(folder) !== undefined) return;
      mkdirSync(folder, { recursive: true });
      const born = join(folder, 'born.json');
      // The image is a machine's for life.
      const image = existsSync(born) ? bornWith(born) : machine.image;
      await unmountBelow(folder);
      const root = await mountRoot(folder, await layersOf(image));
      if (!existsSync(born)) {
        seed(root, machine);
        writeFileSync(born, JSON.stringify({ image, name: machine.name }));
      }
      await startInit({ folder, root, name: `${lab}-${machine.id}`.slice(0, 64), namespace });
      watched.add(machine.id);
    },
    powerOff: (id, { hard }) => off(id, hard),
    remove,
    running,
    pid: (id) => initOf(folderOf(id)),
    removeAll: async () => {
      clearInterval(look);
      await endStrays(`${lab}-`);
      await Promise.all(ids().map(remove));
      await unmountBelow(join(dir, 'layers'));
      for (const folder of [all, join(dir, 'layers')]) rmSync(folder, { recursive: true, force: true });
    },
    close: () => clearInterval(look),
  };
}

function bornWith(path: string): string {
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof record === 'object' && record !== null && 'image' in record && typeof record.image === 'string')
    return record.image;
  throw new Error(`${path} does not say which image the machine has`);
}
