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
import { ipForce } from './run.ts';
import { forgetState, readState, writeState, type State } from './state.ts';

export interface NetOptions {
  /** Prefix of all names that the kernel sees. */
  lab: string;
  /** Of this lab's networks alone: what is set, helpers' pids, the way into the lab's internet. */
  dir: string;
  log: (entry: object) => void;
  /** How long `connect` waits for an answer, ms. Default: 10 s. */
  connectTimeout?: number;
}

/** Before a helper that ended is started again, ms. */
const REVIVE_MS = 500;

/**
 * The networks of a lab, of namespaces, veth pairs and nft. A machine's namespace stands while the machine runs and is a new one
 * after each boot: whoever uses it switches the machine off before `converge` hears of its next boot.
 */
export function createNet({ lab, dir, log, connectTimeout = 10_000 }: NetOptions): Net {
  const stateFile = join(dir, 'state.json');
  const internet = internetNetns(lab);
  const script = (name: string): string => join(import.meta.dirname, name);
  const pidFiles = { box: join(dir, 'box.pid'), gate: join(dir, 'gate.pid') };
  let world: World | undefined;
  /** Without its helpers the world is not as it should be. */
  const onEnd = (): void => {
    setTimeout(() => {
      const now = world;
      if (now === undefined) return;
      inTurn(() => converge(now)).catch((error: unknown) =>
        log({ time: new Date().toISOString(), event: 'net-error', error: String(error) }),
      );
    }, REVIVE_MS).unref();
  };
  const box = new Helper({
    script: script('box.py'),
    args: [BOX_DEVICE],
    netns: netnsPath(internet),
    pidFile: pidFiles.box,
    log,
    onEnd,
  });
  const gate = new Helper({
    script: script('gate.py'),
    args: [netnsPath(internet), dir, String(connectTimeout)],
    pidFile: pidFiles.gate,
    log,
    onEnd,
  });
  const dialer = new Dialer(dir);
  // Read when it is needed: until then another process may have changed it.
  let state: State | undefined;
  let seen = '';
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };

  /** Helpers hold on to the internet's namespace: with a new one they start anew. */
  let internetInode: number | undefined;
  const startHelpers = async (wanted: World, { namespaces }: State): Promise<string[]> => {
    const inode = namespaces[internet]?.inode;
    if (inode !== internetInode) await Promise.all([box.stop(), gate.stop()]);
    internetInode = inode;
    const settings = boxWorld(wanted);
    const made = settings.links.length > 0 && box.start() ? [`${internet} ${BOX_DEVICE}`] : [];
    gate.start();
    await Promise.all([gate.request(wanted.published), box.running ? box.request(settings) : undefined]);
    return made;
  };

  const converge = async (wanted: World): Promise<void> => {
    if (wanted.lab !== lab) throw new Error(`the world of ${wanted.lab} was handed to the networks of ${lab}`);
    world = wanted;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const text = JSON.stringify(wanted);
    if (text === seen && gate.running && (box.running || boxWorld(wanted).links.length === 0)) return;
    if (seen === '' && !gate.running) for (const file of Object.values(pidFiles)) endLeftover(file);
    seen = '';
    const now = (state ??= readState(stateFile));
    await apply({
      layout: layoutOf(wanted),
      state: now,
      save: () => writeState(stateFile, now),
      ready: () => startHelpers(wanted, now),
    });
    seen = text;
  };

  return {
    converge: (wanted) => inTurn(() => converge(wanted)),
    namespace: (machine) => netnsPath(machineNetns(lab, machine)),
    unplug: (machine) => ipForce(machineNetns(lab, machine), ['link set group default down']),
    internet: () => netnsPath(internet),
    connect: (address, port) => dialer.connect(address, port),
    remove: () =>
      inTurn(async () => {
        world = undefined;
        await Promise.all([box.stop(), gate.stop()]);
        for (const file of Object.values(pidFiles)) endLeftover(file);
        await removeNamespaces(netnsPrefix(lab));
        forgetState(stateFile);
        state = undefined;
        seen = '';
        internetInode = undefined;
        rmSync(join(dir, 'gate.sock'), { force: true });
      }),
  };
}
