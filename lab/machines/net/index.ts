import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Net, World } from '../types.ts';
import { apply, removeNamespaces } from './apply.ts';
import { Dialer } from './dialer.ts';
import { endLeftover, Helper } from './helper.ts';
import { boxWorld } from './internet.ts';
import { BOX_DEVICE } from './layout.ts';
import { internetNetns, machineNetns, netnsPath, netnsPrefix } from './names.ts';
import { layoutOf } from './plan.ts';
import { forgetState, readState, writeState } from './state.ts';

export interface NetOptions {
  /** Prefix of all names that the kernel sees. */
  lab: string;
  /** Of this lab's networks alone: what is set, helpers' pids, the way into the lab's internet. */
  dir: string;
  log: (entry: object) => void;
  /** How long `connect` waits for an answer, ms. Default: 10 s. */
  connectTimeout?: number;
}

/**
 * The networks of a lab, of namespaces, veth pairs and nft. A machine's namespace stands while the machine runs and is a new one
 * after each boot: whoever uses it switches the machine off before `converge` hears of its next boot.
 */
export function createNet({ lab, dir, log, connectTimeout = 10_000 }: NetOptions): Net {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stateFile = join(dir, 'state.json');
  const internet = internetNetns(lab);
  const script = (name: string): string => join(import.meta.dirname, name);
  const pidFiles = { box: join(dir, 'box.pid'), gate: join(dir, 'gate.pid') };
  const box = new Helper({
    script: script('box.py'),
    args: [BOX_DEVICE],
    netns: netnsPath(internet),
    pidFile: pidFiles.box,
    log,
  });
  const gate = new Helper({
    script: script('gate.py'),
    args: [netnsPath(internet), dir, String(connectTimeout)],
    pidFile: pidFiles.gate,
    log,
  });
  const dialer = new Dialer(dir);
  let state = readState(stateFile);
  let seen = '';
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };

  /** Helpers hold on to the internet's namespace: with a new one they start anew. */
  let internetInode: number | undefined;
  const startHelpers = async (world: World): Promise<string[]> => {
    const inode = state.namespaces[internet]?.inode;
    if (inode !== internetInode) await Promise.all([box.stop(), gate.stop()]);
    internetInode = inode;
    const settings = boxWorld(world);
    const made = settings.links.length > 0 && box.start() ? [`${internet} ${BOX_DEVICE}`] : [];
    gate.start();
    await Promise.all([gate.request(world.published), box.running ? box.request(settings) : undefined]);
    return made;
  };

  const converge = async (world: World): Promise<void> => {
    if (world.lab !== lab) throw new Error(`the world of ${world.lab} was handed to the networks of ${lab}`);
    const text = JSON.stringify([
      world.machines,
      world.networks,
      world.links,
      world.cuts,
      world.published,
      world.lifted,
    ]);
    if (text === seen && gate.running && (box.running || world.links.length === 0)) return;
    if (seen === '') for (const file of Object.values(pidFiles)) endLeftover(file);
    seen = '';
    await apply({
      layout: layoutOf(world),
      state,
      save: (now) => writeState(stateFile, now),
      ready: () => startHelpers(world),
    });
    seen = text;
  };

  return {
    converge: (world) => inTurn(() => converge(world)),
    namespace: (machine) => netnsPath(machineNetns(lab, machine)),
    internet: () => netnsPath(internet),
    connect: (address, port) => dialer.connect(address, port),
    remove: () =>
      inTurn(async () => {
        await Promise.all([box.stop(), gate.stop()]);
        for (const file of Object.values(pidFiles)) endLeftover(file);
        await removeNamespaces(netnsPrefix(lab));
        forgetState(stateFile);
        state = readState(stateFile);
        seen = '';
        internetInode = undefined;
        rmSync(join(dir, 'gate.sock'), { force: true });
      }),
  };
}
