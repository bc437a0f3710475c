import type { Hono } from 'hono';
import { join } from 'node:path';
import { obtainDaemons } from '../../engine/daemons/index.ts';
import type { LabConfig } from '../api/config.ts';
import type { Clock, Faults, Store } from '../types.ts';
import { aroundHeadscale } from '../tailnet/headscale/around.ts';
import { createHeadscales } from '../tailnet/headscale/index.ts';
import { labAuthority } from '../tls.ts';
import { ALIAS_DELAY_MS, AliasMoves } from './aliases.ts';
import { machineControl } from './control-routes.ts';
import { Driver } from './driver.ts';
import { imageNames, obtainBase } from './image/base.ts';
import { obtainRepository, servePackages } from './image/packages.ts';
import { startMachineJump } from './jump.ts';
import { raiseLimits } from './machine/limits.ts';
import { createMachines } from './machine/index.ts';
import { createNet } from './net/index.ts';
import { controlAddress, INTERNET, tailnetNames, type World } from './types.ts';
import { createWishes } from './wishes.ts';
import { labName, worldOf } from './world.ts';

export interface MachinesOptions {
  dir: string;
  /** As it is now: stacks join while the lab runs. */
  config: () => LabConfig;
  store: Store;
  faults: Faults;
  clock: Clock;
  log: (entry: object) => void;
}

export interface MachinesLab {
  /** Keys of images that machines can have. */
  images: readonly string[];
  /** For `/lab`. */
  control: Hono;
  /** Stands around the Tailscale API. */
  around: ReturnType<typeof aroundHeadscale>;
  /** Control servers and machines forget everything; existing machines come back as they were found. */
  forget: () => Promise<void>;
  startJump: (port: number) => Promise<{ close(): Promise<void> }>;
  /** Everything off, networks and helpers away; disks stay. */
  stop(): Promise<void>;
}

/** Milliseconds that an alias takes to move; another number makes a lab of another cloud's manners. */
const ALIAS_VARIABLE = 'MESH_LAB_ALIAS_DELAY';

function aliasDelay(): number {
  const asked = process.env[ALIAS_VARIABLE];
  const value = asked === undefined ? ALIAS_DELAY_MS : Number(asked);
  if (!Number.isFinite(value) || value < 0)
    throw new Error(`${ALIAS_VARIABLE}=${asked ?? ''} is no number of milliseconds; unset it for ${ALIAS_DELAY_MS}`);
  return value;
}

/** Machines and networks for a lab, following its records from now on. What they are made of must have been obtained. */
export async function startMachines(options: MachinesOptions): Promise<MachinesLab> {
  const { dir, config, store, faults, clock, log } = options;
  const lab = labName(dir);
  const limits = raiseLimits();
  if (limits.now !== limits.before)
    log({ time: new Date().toISOString(), event: 'limits', what: 'fs.inotify.max_user_instances', ...limits });
  const authority = await labAuthority(dir);
  const repository = await obtainRepository();
  const packages = await servePackages({
    repository,
    tls: await authority.issue({ ips: [INTERNET.packages] }),
    port: 0,
  });
  const wishes = createWishes(store);
  const net = createNet({ lab, dir: join(dir, 'net'), log });
  const machines = createMachines({
    lab,
    dir,
    base: obtainBase,
    caPem: authority.caPem,
    onExit: (id, how) => driver.exited(id, how),
  });
  const aliases = new AliasMoves(aliasDelay());
  const world = (): World =>
    worldOf(config(), {
      ...{ lab, store, faults, clock, aliases, wishes },
      published: [
        { address: INTERNET.api, port: 80, loopbackPort: config().apiPort },
        { address: INTERNET.packages, port: 443, loopbackPort: packages.port },
      ],
    });
  const driver = new Driver({ world, net, machines, boots: store.collection<number>('lab-boots'), log });
  // Before anything else: the lab's own servers live there.
  await net.converge(world());
  const headscales = createHeadscales({
    dir,
    binary: (await obtainDaemons({ onProgress: () => undefined })).headscale,
    namespace: () => net.internet(),
    authority,
    connect: (address, port) => net.connect(address, port),
    tailnets: () => tailnetNames(config().tailnets),
    address: (tailnet) => controlAddress(config().tailnets, tailnet),
  });
  await headscales.resume();
  driver.start();
  return {
    images: imageNames,
    around: aroundHeadscale((tailnet) => headscales.mirrorOf(tailnet)),
    control: machineControl({ driver, machines, wishes }),
    forget: async () => {
      driver.forget();
      await headscales.forget();
    },
    startJump: (port) => {
      const { user, hostKey, clientKey } = config().jump;
      return startMachineJump({
        port,
        net,
        world,
        faults,
        existing: () => config().existing,
        jump: { hostKeyPrivate: hostKey.privateKey, authorizedPublicKey: clientKey.publicKey, user },
      });
    },
    stop: async () => {
      await driver.stop();
      await Promise.all(machines.running().map((id) => machines.powerOff(id, { hard: true })));
      machines.close();
      await headscales.stop();
      await net.remove();
      await packages.close();
    },
  };
}
