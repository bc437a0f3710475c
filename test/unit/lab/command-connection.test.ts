import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { deployKey, rootKey } from './sshd-fixtures.ts';
import { startDriver, startEcho } from './command-driver.ts';

const PASSWORD = 'correct horse battery';

let echo: Awaited<ReturnType<typeof startEcho>>;
let driver: ReturnType<typeof startDriver>;
beforeEach(async () => {
  vi.stubEnv('SSH_AUTH_SOCK', '');
  echo = await startEcho(PASSWORD);
  driver = startDriver();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await echo.close();
});

/** A command on a host that is dialed directly. */
const args = (command: string, part: Inputs = {}, to: Inputs = {}): Inputs => ({
  create: command,
  connection: {
    host: '127.0.0.1',
    port: echo.port,
    user: 'ops',
    privateKey: deployKey.private,
    hostKey: echo.hostKey,
    dialErrorLimit: 0,
    ...to,
  },
  ...part,
});

describe('output', () => {
  test('is recorded without its last line feed, and shown line by line as it comes', async () => {
    const made = await driver.create(args('out one\\ntwo\\n\\n; err three\\n'));
    expect(made.outputs).toMatchObject({ stdout: 'one\ntwo\n', stderr: 'three' });
    expect(driver.said.sort()).toEqual(['status: ', 'status: one', 'status: three', 'status: two']);
  });

  test.each([
    ['none', []],
    ['stdout', ['status: one']],
    ['stderr', ['status: two']],
    ['stdoutAndStderr', ['status: one', 'status: two']],
  ])('with logging %s is shown accordingly, and recorded all the same', async (logging, said) => {
    const made = await driver.create(args('out one\\n; err two\\n', { logging }));
    expect(driver.said.sort()).toEqual(said);
    expect(made.outputs).toMatchObject({ stdout: 'one', stderr: 'two' });
  });

  test('of a failing command is told with its text', async () => {
    await expect(driver.create(args('out one; err two; exit 3'))).rejects.toThrow(
      /^Process exited with status 3: running "out one; err two; exit 3":\n(onetwo|twoone)$/,
    );
  });

  test('that breaks off is no success', async () => {
    await expect(driver.create(args('out one; die'))).rejects.toThrow(
      'wait: remote command exited without exit status',
    );
  });
});

describe('variables', () => {
  test('that an SSH server does not take fail the command before it runs', async () => {
    await expect(driver.create(args('out x', { environment: { TOKEN: 'secret-value' } }))).rejects.toThrow(
      'could not set environment variable "TOKEN"',
    );
    expect(driver.said.join()).toContain("error: Unable to set 'TOKEN'");
    expect(driver.said.join()).not.toContain('secret-value');
    expect(echo.heard).toEqual([]);
  });

  test('of the locale are taken', async () => {
    await driver.create(args('out x', { environment: { LC_ALL: 'C.UTF-8' } }));
    expect(echo.heard[0]?.env).toEqual({ LC_ALL: 'C.UTF-8' });
  });

  test('that carry the last output are warned about, unless nobody wants them', async () => {
    const made = await driver.create(args('out x', { logging: 'none' }));
    await driver.update(made, args('out y', { logging: 'none' }));
    expect(driver.said).toEqual([expect.stringContaining("warning: Unable to set 'PULUMI_COMMAND_STDOUT'")]);
    driver.said.length = 0;
    await driver.update(made, args('out y', { logging: 'none', addPreviousOutputInEnv: false }));
    expect(driver.said).toEqual([]);
  });
});

describe('credentials', () => {
  test('are the key first, then the password', async () => {
    await driver.create(args('out x'));
    await driver.create(args('out x', {}, { privateKey: undefined, password: PASSWORD }));
    await driver.create(args('out x', {}, { privateKey: rootKey.private, password: PASSWORD }));
    expect(echo.heard.map(({ method }) => method)).toEqual(['publickey', 'password', 'password']);
    const wrong = args('out x', {}, { privateKey: undefined, password: 'wrong' });
    await expect(driver.create(wrong)).rejects.toThrow('unable to authenticate');
  });

  test('may be a key with a passphrase; faults never show either', async () => {
    const locked = ssh2.utils.generateKeyPairSync('ecdsa', {
      bits: 256,
      passphrase: 'open sesame',
      cipher: 'aes256-ctr',
    });
    const failing = async (part: Inputs) =>
      driver.create(args('out x', {}, { privateKey: locked.private, ...part })).catch(String);
    expect(await failing({})).toContain(': ssh: this private key is passphrase protected');
    expect(await failing({ privateKeyPassword: 'wrong one' })).toContain(': x509: decryption password incorrect');
    expect(await failing({ privateKey: 'no key' })).toContain(': ssh: no key found');
    // It opens; the server does not know it.
    expect(await failing({ privateKeyPassword: 'open sesame' })).toContain('unable to authenticate');
  });

  test('need a host key that is one', async () => {
    await expect(driver.create(args('out x', {}, { hostKey: 'fingerprint' }))).rejects.toThrow(
      'failed to parse host key',
    );
  });

  test('of an agent are asked for also when there is a key: a path that leads nowhere fails', async () => {
    const path = join(tmpdir(), `no-agent-${process.pid}`);
    await expect(driver.create(args('out x', {}, { agentSocketPath: path }))).rejects.toThrow(`dial unix ${path}`);
    vi.stubEnv('SSH_AUTH_SOCK', path);
    await expect(driver.create(args('out x'))).rejects.toThrow(`dial unix ${path}`);
  });
});

describe('dialing', () => {
  const closedPort = async (): Promise<number> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    return typeof address === 'object' && address !== null ? address.port : 0;
  };

  test('a port where nobody listens is tried as often as the limit says', async () => {
    const port = await closedPort();
    await expect(driver.create(args('out x', {}, { port, dialErrorLimit: 2 }))).rejects.toThrow(
      `after 2 failed attempts: dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
    expect(driver.said).toEqual(['status: Dial 1/2 failed: retrying', 'status: Dial 2/2 failed: retrying']);
  });

  test('ends when the engine cancels, also where no limit is set', async () => {
    const failing = driver.create(args('out x', {}, { port: await closedPort(), dialErrorLimit: -1 }));
    setTimeout(driver.cancel, 50);
    await expect(failing).rejects.toThrow('context canceled');
    expect(driver.said[0]).toBe('status: Dial 1/inf failed: retrying');
  });
});
