import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, readConfig, type LabConfig } from './api/config.ts';
import { createFaults } from './api/faults.ts';
import { ownIdentity } from './api/identity.ts';
import { portHolder } from './api/port-holder.ts';
import { listenApi } from './api/server.ts';
import { openStore } from './api/store.ts';
import { LabBusyError } from './api/writer-lock.ts';
import { EXIT_BUSY } from './control.ts';
import { Holds } from './holds.ts';
import { startMachines } from './machines/start.ts';
import { liveModel } from './model.ts';
import { startSshd, type Sshd } from './sshd/index.ts';

/** Turns "address in use" into what a person can act on. */
async function bind<T>(dir: string, what: string, port: number, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    const holder = portHolder(port);
    throw new Error(
      `127.0.0.1:${port}, the address of this lab's ${what}, is taken by ${holder ?? 'another process'}. Stop that process; or remove ${join(dir, 'lab.json')}: the next start then takes other ports, and new tokens and keys with them.`,
      { cause: error },
    );
  }
}

/** One lab: the clouds' API, the tailnets and the jump host in this process, over one store. Runs until it is told to stop. */
async function main(dir: string): Promise<void> {
  const config = await loadConfig(dir);
  const store = openStore(dir);
  const log = openSync(join(dir, 'lab.log'), 'a', 0o600);
  const write = (entry: object) => void writeSync(log, `${JSON.stringify(entry)}\n`);
  const clock = Date.now;
  const holds = new Holds(write);
  const faults = createFaults(store);
  const { port: jumpPort, user, hostKey, clientKey } = config.jump;
  const pidFile = join(dir, 'lab.pid');
  const closers: (() => Promise<void> | void)[] = [() => closeSync(log), () => store.close()];
  let stopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    write({ time: new Date().toISOString(), event: 'stop', reason });
    rmSync(pidFile, { force: true });
    for (const close of closers.toReversed()) await close();
    process.exit(0);
  };
  let sshd: Sshd | undefined;
  const current = (): LabConfig => readConfig(dir) ?? config;
  const onError = (error: unknown): void =>
    write({
      time: new Date().toISOString(),
      event: 'error',
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  const machines =
    config.compute === 'machines'
      ? await startMachines({ dir, config: current, store, faults, clock, log: write })
      : undefined;
  if (machines !== undefined) closers.push(() => machines.stop());
  const { compute, nodes, api } = liveModel(current, {
    machines: machines?.control,
    images: machines?.images,
    forget: machines?.forget,
    around: machines?.around,
    store,
    faults,
    clock,
    unexecuted: () => sshd?.unexecuted() ?? [],
    stop: () => void stop('asked by the control API'),
    log: write,
    holds,
  });
  try {
    const jump = await bind(dir, 'jump host', jumpPort, async () => {
      if (machines !== undefined) return machines.startJump(jumpPort);
      sshd = await startSshd({
        port: jumpPort,
        compute,
        nodes,
        store,
        faults,
        clock,
        changed: (what) => holds.changed(what),
        jump: { hostKeyPrivate: hostKey.privateKey, authorizedPublicKey: clientKey.publicKey, user },
        onError,
      });
      return sshd;
    });
    closers.push(() => jump.close());
    const server = await bind(dir, 'API', config.apiPort, () => listenApi(api, config.host, config.apiPort));
    closers.push(() => server.close());
  } catch (error) {
    for (const close of closers.toReversed()) await close();
    throw error;
  }
  writeFileSync(pidFile, JSON.stringify(ownIdentity()), { mode: 0o600 });
  write({ time: new Date().toISOString(), event: 'start', api: config.apiPort, jump: jumpPort });
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
}

const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: node lab/daemon.ts DIRECTORY');
try {
  await main(dir);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // Whoever started us reads it there; standard error is the log.
  const failure = process.env.MESH_LAB_FAILURE;
  if (failure !== undefined) writeFileSync(failure, message, { mode: 0o600 });
  process.stderr.write(
    `${JSON.stringify({ time: new Date().toISOString(), event: 'start-failed', error: message })}\n`,
  );
  process.exit(error instanceof LabBusyError ? EXIT_BUSY : 1);
}
