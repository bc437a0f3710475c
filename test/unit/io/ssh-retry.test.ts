import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Session } from '../../../io/ssh/connect.ts';
import { connectWhenUp } from '../../../io/ssh/retry.ts';
import type { WhenUpOptions } from '../../../io/ssh/retry.ts';
import { closedPort, ed25519, smallSshd, to } from './small-sshd.ts';
import type { Pair, SmallSshd } from './small-sshd.ts';

const user = ed25519();
const hostKey = ed25519();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function sshd(authorized: { line: string }, port?: number): Promise<SmallSshd> {
  const server = await smallSshd({ hostKeys: [hostKey], authorized, ...(port === undefined ? {} : { port }) });
  closers.push(() => server.close());
  return server;
}

async function up(port: number, options: Partial<WhenUpOptions>, host: Pair = hostKey): Promise<Session> {
  const session = await connectWhenUp(to(port, { host, user }), {
    name: 'fra-edge-01',
    bootSeconds: 5,
    authSeconds: 0,
    signal: new AbortController().signal,
    pauseSeconds: 0.05,
    ...options,
  });
  closers.push(() => session.close());
  return session;
}

describe('waiting for a host that boots', () => {
  test('connects once it listens, and says what it waits for', async () => {
    const port = await closedPort();
    const said: string[] = [];
    setTimeout(() => void sshd({ line: user.public }, port), 200);
    expect((await up(port, { onWait: (message) => said.push(message) })).label).toContain('fra-edge-01');
    expect(said[0]).toContain(`waiting for fra-edge-01 (127.0.0.1:${port})`);
  });

  test('gives up when the boot takes longer than allowed, and says how long it waited', async () => {
    await expect(up(await closedPort(), { bootSeconds: 0.6 })).rejects.toThrow(/connection refused.*\(Waited 1 s\.\)/s);
  });

  test('a single attempt lasts as long as it is given, and one second otherwise', async () => {
    // Takes the connection and says nothing.
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const lasts = async (options: Partial<WhenUpOptions>): Promise<number> => {
      const start = Date.now();
      await expect(up(port, { bootSeconds: 0, ...options })).rejects.toThrow('no SSH login in time');
      return Date.now() - start;
    };
    expect(await lasts({ attemptSeconds: 0.2 })).toBeLessThan(800);
    expect(await lasts({})).toBeGreaterThan(900);
    expect(await lasts({ attemptSeconds: 1.5 })).toBeGreaterThan(1400);
  });

  test('never asks a host with another key a second time', async () => {
    const server = await sshd({ line: user.public });
    await expect(up(server.port, {}, ed25519())).rejects.toThrow('not the host that was recorded');
    expect(server.seen.connections).toBe(1);
  });

  test('a login that is refused at first is asked again on a first boot', async () => {
    const authorized = { line: ed25519().public };
    const server = await sshd(authorized);
    setTimeout(() => (authorized.line = user.public), 200);
    expect((await up(server.port, { authSeconds: 5 })).label).toContain('fra-edge-01');
  });

  test('and fails at once anywhere else', async () => {
    const server = await sshd({ line: ed25519().public });
    await expect(up(server.port, { authSeconds: 0 })).rejects.toThrow('was refused');
    expect(server.seen.connections).toBe(1);
  });

  test('cancelling ends the wait', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const start = Date.now();
    await expect(
      up(await closedPort(), { bootSeconds: 60, pauseSeconds: 30, signal: controller.signal }),
    ).rejects.toThrow('cancelled');
    expect(Date.now() - start).toBeLessThan(5000);
  });
});
