import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSshd } from '../../../lab/sshd/index.ts';
import {
  deployKey,
  execOver,
  Forger,
  jumpHostKey,
  jumpKey,
  login,
  openJump,
  rootKey,
  server,
  startLab,
  type Lab,
} from './sshd-fixtures.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab([
    server(),
    server({ id: 'hetzner-1002', name: 'off', publicAddress: '203.0.113.11', running: false }),
  ]);
});
afterEach(() => lab.sshd.close());

/** The reason of RFC 4254 §5.1: 1 administratively prohibited, 2 connect failed. */
async function forwardFailure(address: string, port: number): Promise<unknown> {
  const jump = await openJump(lab);
  try {
    return await new Promise((resolve) => {
      jump.forwardOut('127.0.0.1', 0, address, port, (error) =>
        resolve((error as { reason?: unknown } | undefined)?.reason),
      );
    });
  } finally {
    jump.end();
  }
}

describe('the jump host', () => {
  test('lets its one key in, and no other key or user', async () => {
    (await openJump(lab)).end();
    await expect(openJump(lab, { privateKey: deployKey.private })).rejects.toThrow('authentication');
    await expect(openJump(lab, { username: 'root' })).rejects.toThrow('authentication');
  });

  test('believes a signature, not a public key', async () => {
    const agent = (signer: string) => ({ privateKey: undefined, agent: new Forger(jumpKey.public, signer) });
    (await openJump(lab, agent(jumpKey.private))).end();
    await expect(openJump(lab, agent(deployKey.private))).rejects.toThrow('authentication');
  });

  test('takes no password', async () => {
    const password = { username: 'lab', password: 'x', host: '127.0.0.1', port: lab.sshd.port };
    await expect(openJump(lab, { ...password, privateKey: undefined })).rejects.toThrow('authentication');
  });

  test('presents the pinned host key: a client that expects another does not connect', async () => {
    let presented = '';
    const client = await openJump(lab, { hostVerifier: (key: Buffer) => ((presented = key.toString('base64')), true) });
    client.end();
    expect(presented).toBe(jumpHostKey.public.split(' ')[1]);
    await expect(openJump(lab, { hostVerifier: () => false })).rejects.toThrow();
  });

  test('runs no command, opens no shell and listens for nobody', async () => {
    const jump = await openJump(lab);
    await expect(execOver(jump, 'id')).rejects.toThrow('Channel open failure');
    await expect(
      new Promise((resolve, reject) => jump.shell((error) => (error ? reject(error) : resolve('shell')))),
    ).rejects.toThrow();
    await expect(
      new Promise((resolve, reject) =>
        jump.forwardIn('127.0.0.1', 0, (error) => (error ? reject(error) : resolve('listening'))),
      ),
    ).rejects.toThrow('Unable to bind');
    jump.end();
  });

  test('forwards to port 22 of a running server; other ports are prohibited', async () => {
    expect(await forwardFailure('203.0.113.10', 22)).toBeUndefined();
    expect(await forwardFailure('203.0.113.10', 80)).toBe(1);
  });

  test('cannot connect to a server that is off or that does not exist', async () => {
    expect(await forwardFailure('203.0.113.11', 22)).toBe(2);
    expect(await forwardFailure('203.0.113.99', 22)).toBe(2);
    lab.servers[1] = server({ id: 'hetzner-1002', name: 'off', publicAddress: '203.0.113.11' });
    expect(await forwardFailure('203.0.113.11', 22)).toBeUndefined();
  });

  test('says why in sshd’s words', async () => {
    const words = async (address: string): Promise<string> => {
      const error: unknown = await login(lab, { address }).catch((reason: unknown) => reason);
      return error instanceof Error ? error.message : '';
    };
    expect(await words('203.0.113.11')).toContain('Connection timed out');
    expect(await words('203.0.113.99')).toContain('No route to host');
  });

  test('never opens a real connection, not even to loopback', async () => {
    let connected = 0;
    const trap = createServer(() => (connected += 1));
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
    const address = trap.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await forwardFailure('127.0.0.1', port)).toBe(1);
    expect(await forwardFailure('127.0.0.1', 22)).toBe(2);
    expect(connected).toBe(0);
    trap.close();
  });

  test('says that its port is taken', async () => {
    await expect(startSshd({ ...lab.options, port: lab.sshd.port })).rejects.toThrow('EADDRINUSE');
  });

  test('serves many connections at once, and ends all of them when it closes', async () => {
    const logins = await Promise.all([1, 2, 3, 4].map(() => login(lab, { user: 'root', key: rootKey.private })));
    const ended = logins.map(({ client }) => new Promise((resolve) => client.once('close', () => resolve(0))));
    await lab.sshd.close();
    await Promise.all(ended);
  });
});
