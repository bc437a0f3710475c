import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { uniteCompute } from './api/compute.ts';
import { digitalOceanAccounts, loadConfig } from './api/config.ts';
import { digitalOceanCompute } from './api/digitalocean/compute.ts';
import { createFaults } from './api/faults.ts';
import { createCompute } from './api/hetzner/compute.ts';
import { ownIdentity } from './api/identity.ts';
import { portHolder } from './api/port-holder.ts';
import { createApi, listenApi } from './api/server.ts';
import { openStore } from './api/store.ts';
import { LabBusyError } from './api/writer-lock.ts';
import { EXIT_BUSY } from './control.ts';
import { startSshd } from './sshd/index.ts';
import { tailscaleApi } from './tailnet/api.ts';
import { createTailnet } from './tailnet/index.ts';
import { PREPARED_POLICY } from './tailnet/policy/default.ts';

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
  const faults = createFaults(store);
  const compute = uniteCompute([
    createCompute({ store, faults, clock, tenants: config.tenants }),
    digitalOceanCompute({ store, faults, clock, accounts: digitalOceanAccounts(config.tenants) }),
  ]);
  const tailnet = createTailnet({
    store,
    faults,
    clock,
    // Stacks that name the same tailnet share one entry.
    tailnets: [
      ...new Map(
        config.tenants.map(({ tailscale: { tailnet, ...keys } }) => [
          tailnet,
          { name: tailnet, ...keys, preparedPolicy: PREPARED_POLICY },
        ]),
      ).values(),
    ],
  });
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
  try {
    const sshd = await bind(dir, 'jump host', jumpPort, () =>
      startSshd({
        port: jumpPort,
        compute,
        nodes: tailnet.nodes,
        store,
        faults,
        clock,
        jump: { hostKeyPrivate: hostKey.privateKey, authorizedPublicKey: clientKey.publicKey, user },
        onError: (error) =>
          write({
            time: new Date().toISOString(),
            event: 'sshd-error',
            error: error instanceof Error ? (error.stack ?? error.message) : String(error),
          }),
      }),
    );
    closers.push(() => sshd.close());
    const app = createApi({
      config,
      store,
      faults,
      clock,
      tailscale: tailscaleApi(tailnet),
      unexecuted: () => sshd.unexecuted(),
      stop: () => void stop('asked by the control API'),
      log: write,
    });
    const api = await bind(dir, 'API', config.apiPort, () => listenApi(app, config.host, config.apiPort));
    closers.push(() => api.close());
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
