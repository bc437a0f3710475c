import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../../io/ssh/connect.ts';
import type { Connection, Session } from '../../../io/ssh/connect.ts';
import { SshError } from '../../../io/ssh/errors.ts';
import { fingerprint, parseHostKey } from '../../../io/ssh/host-key.ts';
import { closedPort, ecdsa, ed25519, mute, smallSshd, to } from './small-sshd.ts';

const user = ed25519();
const hostKey = ed25519();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function sshd(options: Partial<Parameters<typeof smallSshd>[0]> = {}) {
  const server = await smallSshd({
    hostKeys: [hostKey],
    authorized: { line: user.public },
    reply: (line, stdin) => ({ code: 3, stdout: `${line}|${stdin}`, stderr: 'err' }),
    ...options,
  });
  closers.push(() => server.close());
  return server;
}

async function open(
  connection: Connection,
  timeoutSeconds = 5,
  signal = new AbortController().signal,
): Promise<Session> {
  const session = await connect(connection, { name: 'fra-edge-01', timeoutSeconds, signal });
  closers.push(() => session.close());
  return session;
}

async function failure(work: Promise<unknown>): Promise<SshError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SshError) return error;
  throw new Error(`expected an SshError, got ${String(error)}`);
}

const signal = new AbortController().signal;

describe('connecting to a host', () => {
  test('a command over a pinned host key gets its input and gives back code, output and errors', async () => {
    const server = await sshd();
    const session = await open(to(server.port, { host: hostKey, user }));
    expect(await session.exec('say', { stdin: 'in', timeoutSeconds: 5, signal })).toEqual({
      code: 3,
      stdout: 'say|in',
      stderr: 'err',
    });
  });

  test('another host key is refused before any login, with both fingerprints and the way out', async () => {
    const server = await sshd();
    const expected = ed25519();
    const error = await failure(open(to(server.port, { host: expected, user })));
    expect(error.failure).toBe('host-key');
    expect(error.message).toContain(`fra-edge-01 (127.0.0.1:${server.port})`);
    expect(error.message).toContain(parseHostKey(expected.public, 'x').fingerprint);
    expect(error.message).toContain(parseHostKey(hostKey.public, 'x').fingerprint);
    expect(error.message).toContain('pulumi up --replace');
    expect(server.seen.logins).toBe(0);
  });

  test('of two host keys the pinned one is asked for', async () => {
    const bootstrap = ecdsa();
    const server = await sshd({ hostKeys: [bootstrap, hostKey] });
    for (const host of [bootstrap, hostKey]) {
      const session = await open(to(server.port, { host, user }));
      expect((await session.exec('x', { timeoutSeconds: 5, signal })).code).toBe(3);
    }
  });

  test('a host without any key of the pinned type is another host', async () => {
    const server = await sshd();
    const error = await failure(open(to(server.port, { host: ecdsa(), user })));
    expect(error.failure).toBe('host-key');
    expect(error.message).toContain('has no ecdsa-sha2-nistp256 key');
  });

  test('a refused login says which user, and no key is in the message', async () => {
    const server = await sshd({ authorized: { line: ed25519().public } });
    const error = await failure(open(to(server.port, { host: hostKey, user })));
    expect(error.failure).toBe('auth');
    expect(error.message).toContain('"ops"');
    expect(error.message).not.toContain(user.private.split('\n')[1]);
  });

  test('an unusable private key is named without being quoted', async () => {
    const server = await sshd();
    const error = await failure(
      open({ ...to(server.port, { host: hostKey, user }), privateKey: 'SENTINEL-not-a-key' }),
    );
    expect(error.failure).toBe('key-file');
    expect(error.message).not.toContain('SENTINEL');
  });

  test('a host key line that is none is refused before connecting', async () => {
    const server = await sshd();
    const truncated = hostKey.public.slice(0, 30);
    await expect(open({ ...to(server.port, { host: hostKey, user }), hostKey: truncated })).rejects.toThrow(
      'not a valid ssh-ed25519 line',
    );
    await expect(open({ ...to(server.port, { host: hostKey, user }), hostKey: 'ssh-dss AAAA' })).rejects.toThrow(
      '"ssh-dss"',
    );
    expect(server.seen.connections).toBe(0);
  });

  test('a closed port is unreachable, a mute one misses the deadline', async () => {
    expect((await failure(open(to(await closedPort(), { host: hostKey, user })))).message).toContain(
      'connection refused',
    );
    const silent = await mute();
    closers.push(() => silent.close());
    const start = Date.now();
    expect((await failure(open(to(silent.port, { host: hostKey, user }), 0.3))).failure).toBe('deadline');
    expect(Date.now() - start).toBeLessThan(3000);
  });

  test('cancelling ends a handshake at once', async () => {
    const silent = await mute();
    closers.push(() => silent.close());
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect((await failure(open(to(silent.port, { host: hostKey, user }), 30, controller.signal))).failure).toBe(
      'cancelled',
    );
  });
});

describe('through a jump host', () => {
  const jumpKey = ed25519();
  const jumpUser = ed25519();
  const jump = (forward: boolean) => sshd({ hostKeys: [jumpKey], authorized: { line: jumpUser.public }, forward });

  test('the host is reached with both keys pinned', async () => {
    const [server, via] = [await sshd(), await jump(true)];
    const session = await open(
      to(server.port, { host: hostKey, user }, to(via.port, { host: jumpKey, user: jumpUser })),
    );
    expect((await session.exec('x', { timeoutSeconds: 5, signal })).stdout).toBe('x|');
    expect(session.label).toContain(`through jump host 127.0.0.1:${via.port}`);
    session.close();
    await expect.poll(() => via.seen.open).toBe(0);
  });

  test('a jump host with another key is refused and the host is never asked', async () => {
    const [server, via] = [await sshd(), await jump(true)];
    const error = await failure(
      open(to(server.port, { host: hostKey, user }, to(via.port, { host: ed25519(), user: jumpUser }))),
    );
    expect([error.failure, error.hop]).toEqual(['host-key', 'jump']);
    expect(server.seen.connections).toBe(0);
  });

  test('a host behind it with another key is refused as well', async () => {
    const [server, via] = [await sshd(), await jump(true)];
    const error = await failure(
      open(to(server.port, { host: ed25519(), user }, to(via.port, { host: jumpKey, user: jumpUser }))),
    );
    expect([error.failure, error.hop]).toEqual(['host-key', 'host']);
    await expect.poll(() => via.seen.open).toBe(0);
  });

  test('a jump host that does not forward makes the host unreachable', async () => {
    const [server, via] = [await sshd(), await jump(false)];
    const error = await failure(
      open(to(server.port, { host: hostKey, user }, to(via.port, { host: jumpKey, user: jumpUser }))),
    );
    expect([error.failure, error.hop]).toEqual(['unreachable', 'host']);
    expect(error.message).toContain('the jump host could not connect');
  });
});

describe('a command that goes wrong', () => {
  test('without an answer it ends at its deadline', async () => {
    const server = await sshd({ reply: () => 'hang' });
    const session = await open(to(server.port, { host: hostKey, user }));
    expect((await failure(session.exec('x', { timeoutSeconds: 0.2, signal }))).failure).toBe('deadline');
  });

  test('a connection that breaks is lost, and so is everything after', async () => {
    const server = await sshd({ reply: () => 'drop' });
    const session = await open(to(server.port, { host: hostKey, user }));
    expect((await failure(session.exec('x', { timeoutSeconds: 5, signal }))).failure).toBe('lost');
    expect((await failure(session.exec('x', { timeoutSeconds: 5, signal }))).failure).toBe('lost');
  });

  test('output is bounded; as much as the bound passes', async () => {
    const server = await sshd({ reply: (line) => ({ code: 0, stdout: 'x'.repeat(Number(line)) }) });
    const session = await open(to(server.port, { host: hostKey, user }));
    expect((await session.exec('1000', { timeoutSeconds: 5, signal, maxBytes: 1000 })).stdout).toHaveLength(1000);
    expect((await failure(session.exec('1001', { timeoutSeconds: 5, signal, maxBytes: 1000 }))).failure).toBe(
      'too-much',
    );
  });

  test('cancelling ends it', async () => {
    const server = await sshd({ reply: () => 'hang' });
    const session = await open(to(server.port, { host: hostKey, user }));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect((await failure(session.exec('x', { timeoutSeconds: 30, signal: controller.signal }))).failure).toBe(
      'cancelled',
    );
  });
});

test('fingerprints are those of ssh-keygen: base64 of sha256 without padding', () => {
  expect(fingerprint(Buffer.from('abc'))).toBe('SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0');
});
