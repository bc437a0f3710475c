import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isAlive, parseIdentity, startTime } from '../../api/identity.ts';
import type { LabAuthority } from '../../tls.ts';
import { apiKeyOf } from './api-key.ts';
import { HeadscaleClient } from './client.ts';
import { headscaleConfig, headscalePaths, PORTS, type HeadscalePlace } from './config.ts';

const exec = promisify(execFile);

export interface HeadscaleDeps extends HeadscalePlace {
  /** Path of the executable. */
  binary: string;
  /** Path of the network namespace that it lives in: the lab's internet. */
  namespace: string;
  authority: LabAuthority;
  /** Opens a TCP connection inside that namespace. */
  connect: (address: string, port: number) => Promise<Socket>;
}

export interface Headscale {
  client: HeadscaleClient;
  stop(): Promise<void>;
}

const READY_MS = 15_000;
const STOP_MS = 5000;

/** Starts a control server in its folder, with what it knew before; resolves when it answers. One that a crashed lab left is ended first. */
export async function startHeadscale(deps: HeadscaleDeps): Promise<Headscale> {
  const { dir, address, binary, namespace, authority, connect } = deps;
  const paths = headscalePaths(dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await endLeftOver(paths.pid);
  rmSync(paths.socket, { force: true });
  const { cert, key } = await authority.issue({ ips: [address] });
  for (const [path, text] of [
    [paths.cert, cert],
    [paths.key, key],
    [paths.config, headscaleConfig(deps)],
  ] as const)
    writeFileSync(path, text, { mode: 0o600 });
  // Its address is one of that namespace's own; the second start finds it there.
  await exec('nsenter', [`--net=${namespace}`, 'ip', 'addr', 'replace', `${address}/32`, 'dev', 'lo']);
  const log = openSync(paths.log, 'a', 0o600);
  const child = spawn('nsenter', [`--net=${namespace}`, binary, '--config', paths.config, 'serve'], {
    stdio: ['ignore', log, log],
    cwd: dir,
  });
  closeSync(log);
  let failure: string | undefined;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code) => (failure ??= `it ended with exit code ${code ?? 'none'}`));
  const start = child.pid === undefined ? undefined : startTime(child.pid);
  if (start !== undefined) writeFileSync(paths.pid, JSON.stringify({ pid: child.pid, start }), { mode: 0o600 });
  const lastWords = (): string => readFileSync(paths.log, 'utf8').trim().split('\n').slice(-3).join('\n');
  for (const deadline = Date.now() + READY_MS; ;) {
    if (failure !== undefined || Date.now() > deadline)
      throw new Error(`headscale does not start: ${failure ?? 'no answer'}. Its log, ${paths.log}:\n${lastWords()}`);
    const apiKey = await apiKeyOf(binary, paths);
    const client =
      apiKey === undefined
        ? undefined
        : new HeadscaleClient({
            connect: () => connect(address, PORTS.https),
            address,
            caPem: authority.caPem,
            apiKey,
          });
    if (client !== undefined && (await client.healthy())) return { client, stop: () => stop(child, paths.pid) };
    await sleep(50);
  }
}

async function stop(child: ChildProcess, pidFile: string): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(hard);
  rmSync(pidFile, { force: true });
}

/** Ends a control server that a crashed lab left behind, by what it wrote down of it. */
export async function endLeftOver(pidFile: string): Promise<void> {
  const known = existsSync(pidFile) ? parseIdentity(readFileSync(pidFile, 'utf8')) : undefined;
  if (known === undefined) return;
  for (const deadline = Date.now() + STOP_MS; isAlive(known) && Date.now() < deadline;) {
    process.kill(known.pid, 'SIGKILL');
    await sleep(20);
  }
  rmSync(pidFile, { force: true });
}
