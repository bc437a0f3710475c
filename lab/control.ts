import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { loadConfig, readConfig, type LabConfig } from './api/config.ts';
import { isAlive, parseIdentity, type ProcessIdentity } from './api/identity.ts';
import { openStore } from './api/store.ts';
import type { Hold } from './holds.ts';
import type { FaultName, Unexecuted } from './types.ts';

/** A lab that runs, and what a client needs of it. Holds secrets: for programs, not for print. */
export interface LabInfo {
  dir: string;
  pid: number;
  /** false: it ran already. */
  started: boolean;
  config: LabConfig;
  /** `hcloud:endpoint`. */
  hcloudEndpoint: string;
  /** `digitalocean:apiEndpoint`. */
  digitaloceanEndpoint: string;
  /** `tailscale:baseUrl`. */
  tailscaleBaseUrl: string;
}

type LabState =
  { running: true; info: LabInfo; faults: { fault: string; target: string }[] } | { running: false; reason: string };

/** A lab that does not start, stop or answer; the message says what to do. */
class LabError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabError';
  }
}

const READY_MS = 20_000;
const STOP_MS = 10_000;
const RESET_MS = 30_000;
/** A lab answers in a few ms; whoever listens there and says nothing is somebody else. */
const PROBE_MS = 1500;
/** Exit code of a daemon that found another one at work in its directory. */
export const EXIT_BUSY = 75;

const DAEMON = fileURLToPath(new URL('daemon.ts', import.meta.url));
const STATUS = z.object({
  lab: z.literal('site-mesh'),
  pid: z.number(),
  start: z.string(),
  faults: z.array(z.object({ fault: z.string(), target: z.string() })),
});

const REFUSAL = z.object({ error: z.string() });

const pidPath = (dir: string) => join(dir, 'lab.pid');
const address = (config: LabConfig) => `http://${config.host}:${config.apiPort}`;

function info(dir: string, config: LabConfig, pid: number, started: boolean): LabInfo {
  return {
    dir,
    pid,
    started,
    config,
    hcloudEndpoint: `${address(config)}/v1`,
    digitaloceanEndpoint: address(config),
    tailscaleBaseUrl: address(config),
  };
}

async function ask(
  config: LabConfig,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
  timeoutMs = 5000,
): Promise<unknown> {
  const response = await fetch(`${address(config)}/lab${path}`, {
    method,
    headers: {
      authorization: `Bearer ${config.labToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said: unknown = await response.json();
  if (response.ok) return said;
  const { data } = REFUSAL.safeParse(said);
  throw new LabError(data?.error ?? `${address(config)}: the lab refused ${method} ${path} (${response.status})`);
}

/** The lab's own answer, undefined when nobody or somebody else answers at its address. */
async function probe(config: LabConfig): Promise<z.infer<typeof STATUS> | undefined> {
  try {
    return STATUS.parse(await ask(config, 'GET', '/status', undefined, PROBE_MS));
  } catch {
    return undefined;
  }
}

function recorded(dir: string): ProcessIdentity | undefined {
  return existsSync(pidPath(dir)) ? parseIdentity(readFileSync(pidPath(dir), 'utf8')) : undefined;
}

/**
 * Starts the lab of a directory as a process of its own and waits until it answers. A lab that runs already is left as it
 * is; two callers at once end up with the same one.
 * @throws LabError when it does not come up: the port is taken, the journal is damaged, …
 */
export async function labUp(dir: string, options: { onProgress?: (message: string) => void } = {}): Promise<LabInfo> {
  const { onProgress } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const config = await loadConfig(dir);
  const running = await probe(config);
  if (running !== undefined) return info(dir, config, running.pid, false);
  onProgress?.(`starting the lab in ${dir}`);
  const failure = join(dir, `start-failure.${process.pid}.${Date.now()}`);
  const log = openSync(join(dir, 'lab.log'), 'a', 0o600);
  const child = spawn(process.execPath, [DAEMON, dir], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, MESH_LAB_FAILURE: failure },
  });
  closeSync(log);
  let exit: number | undefined;
  let spawnError: Error | undefined;
  child.once('exit', (code, signal) => (exit = code ?? (signal === null ? 0 : 1)));
  child.once('error', (error) => (spawnError = error));
  child.unref();
  try {
    for (const deadline = Date.now() + READY_MS; Date.now() < deadline;) {
      await sleep(40);
      if (spawnError !== undefined)
        throw new LabError(`the lab could not be started: ${spawnError.message}`, { cause: spawnError });
      // Busy: another daemon won the race and will answer in a moment.
      if (exit !== undefined && exit !== EXIT_BUSY) {
        throw new LabError(
          existsSync(failure)
            ? readFileSync(failure, 'utf8').trim()
            : `the lab ended with code ${exit} before it was ready; ${join(dir, 'lab.log')} says why`,
        );
      }
      const status = await probe(config);
      if (status !== undefined) {
        onProgress?.(`the lab answers at ${address(config)}`);
        // Somebody else's was faster: ours must not come up later, when that one has been stopped.
        if (status.pid !== child.pid && exit === undefined) child.kill('SIGTERM');
        return info(dir, config, status.pid, status.pid === child.pid);
      }
    }
    const why = existsSync(failure) ? readFileSync(failure, 'utf8').trim() : `see ${join(dir, 'lab.log')}`;
    if (exit === undefined) child.kill('SIGTERM');
    throw new LabError(`the lab did not answer within ${READY_MS / 1000} s: ${why}`);
  } finally {
    rmSync(failure, { force: true });
  }
}

/** Whether the lab of a directory runs. */
export async function labStatus(dir: string): Promise<LabState> {
  const config = readConfig(dir);
  if (config === undefined) return { running: false, reason: `there is no lab in ${dir} yet; "mesh lab up" makes one` };
  const status = await probe(config);
  if (status !== undefined) return { running: true, info: info(dir, config, status.pid, false), faults: status.faults };
  const holder = recorded(dir);
  if (holder !== undefined && isAlive(holder))
    return {
      running: false,
      reason: `process ${holder.pid} is there but does not answer at ${address(config)}; "mesh lab down" ends it`,
    };
  return { running: false, reason: 'the lab is stopped; "mesh lab up" starts it with the state that it had' };
}

/** Loaded only here: most labs have no machines. */
async function sweep(dir: string): Promise<void> {
  const { sweepMachines } = await import('./machines/sweep.ts');
  await sweepMachines(dir);
}

/** Stops the lab; its state stays. Answers false when it did not run. Only a process that is provably this lab is signalled. */
export async function labDown(dir: string): Promise<boolean> {
  const config = readConfig(dir);
  if (config === undefined) return false;
  const status = await probe(config);
  const holder = status ?? recorded(dir);
  if (holder === undefined || !isAlive(holder)) {
    rmSync(pidPath(dir), { force: true });
    if (config.compute === 'machines') await sweep(dir);
    return false;
  }
  if (status === undefined) process.kill(holder.pid, 'SIGTERM');
  else await ask(config, 'POST', '/stop');
  for (const deadline = Date.now() + STOP_MS; Date.now() < deadline;) {
    await sleep(20);
    if (isAlive(holder)) continue;
    // One that was killed over it left its machines.
    if (config.compute === 'machines') await sweep(dir);
    return true;
  }
  throw new LabError(`process ${holder.pid}, the lab of ${dir}, does not end. Its log: ${join(dir, 'lab.log')}`);
}

/** Drops all state of the clouds, the tailnets, the hosts and the faults; addresses, tokens and keys stay. */
export async function labReset(dir: string): Promise<void> {
  const config = readConfig(dir);
  if (config === undefined) return;
  if ((await probe(config)) !== undefined) {
    await ask(config, 'POST', '/reset', undefined, RESET_MS);
    return;
  }
  if (config.compute === 'machines') await (await import('./machines/sweep.ts')).forgetMachines(dir);
  const store = openStore(dir);
  try {
    store.reset();
  } finally {
    store.close();
  }
}

const RELOADED = z.object({ clashes: z.array(z.string()) });

/**
 * Makes a lab that runs know what was added to its lab.json; does nothing to one that is stopped, for it reads that when it
 * starts.
 * @throws LabError when what was added cannot be in it, or when the lab that runs is not of this checkout's version
 */
export async function labReload(dir: string): Promise<void> {
  const state = await labStatus(dir);
  if (!state.running) return;
  let clashes: string[];
  try {
    ({ clashes } = RELOADED.parse(await ask(state.info.config, 'POST', '/reload')));
  } catch (error) {
    throw new LabError(
      `the lab in ${dir} does not take over what was added to it. Start it anew, it keeps what was built: mesh lab down && mesh lab up`,
      { cause: error },
    );
  }
  if (clashes.length > 0) {
    throw new LabError(
      `two machines of the lab have one address: ${clashes.join('; ')}. Give the existing host another address; or start over, and the clouds keep off it: mesh lab reset`,
    );
  }
}

/**
 * Asks a lab that runs for one of its control routes.
 * @param timeoutMs until the answer is there
 */
export async function askLab(
  dir: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: object,
  timeoutMs = 60_000,
): Promise<unknown> {
  return ask(await runningConfig(dir), method, path, body, timeoutMs);
}

/** The config of a lab that answers. */
async function runningConfig(dir: string): Promise<LabConfig> {
  const state = await labStatus(dir);
  if (!state.running) throw new LabError(state.reason);
  return state.info.config;
}

const FAULT_LIST = z.object({ faults: z.array(z.object({ fault: z.string(), target: z.string() })) });

export async function setFault(dir: string, fault: FaultName, target: string): Promise<void> {
  await ask(await runningConfig(dir), 'POST', '/faults', { fault, target });
}

export async function clearFaults(dir: string, fault?: FaultName): Promise<void> {
  await ask(
    await runningConfig(dir),
    'DELETE',
    fault === undefined ? '/faults' : `/faults?fault=${encodeURIComponent(fault)}`,
  );
}

export async function listFaults(dir: string): Promise<{ fault: string; target: string }[]> {
  return FAULT_LIST.parse(await ask(await runningConfig(dir), 'GET', '/faults')).faults;
}

/** What hosts of the lab accepted but did not run. */
export async function unexecuted(dir: string): Promise<Unexecuted[]> {
  const answer = z.object({ unexecuted: z.array(z.object({ host: z.string(), what: z.string(), why: z.string() })) });
  return answer.parse(await ask(await runningConfig(dir), 'GET', '/unexecuted')).unexecuted;
}

/** Stops everything at the nth change from now (an API request or a line on a host); lab.log says `held` when it is reached. */
export async function armHold(dir: string, hold: Hold): Promise<void> {
  await ask(await runningConfig(dir), 'POST', '/hold', hold);
}

export async function releaseHold(dir: string): Promise<void> {
  await ask(await runningConfig(dir), 'DELETE', '/hold');
}
