import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { generateKey, publicLine } from '../../../lab/sshd/keys.ts';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import { deployKey, rootKey, sha256, startLab, type Lab } from './sshd-fixtures.ts';
import { connection, startDriver } from './command-driver.ts';

const LINE = 'timeout -k 10 60 sh -eu -s # motd';

let lab: Lab;
let driver: ReturnType<typeof startDriver>;
beforeEach(async () => {
  vi.stubEnv('SSH_AUTH_SOCK', '');
  lab = await startLab();
  driver = startDriver();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await lab.sshd.close();
});

const scripts = () =>
  lab.store.collection<{ ownCommands?: Record<string, { sha256: string }> }>('hosts').get('hetzner-1001')?.ownCommands;
const args = (part: object = {}) => ({ create: LINE, stdin: 'echo hi\n', connection: connection(lab), ...part });

describe('a command on a host', () => {
  test('goes through the proxy, with its script on stdin', async () => {
    const made = await driver.create(args());
    expect(made.id).toMatch(/^motd[0-9a-f]{8}$/);
    expect(made.outputs).toMatchObject({ stdout: '', stderr: '', create: LINE });
    expect(scripts()).toMatchObject({ motd: { sha256: sha256('echo hi\n') } });
  });

  test('cannot reach it otherwise: without a proxy, or with one that lets nobody in', async () => {
    const direct = { ...connection(lab), proxy: undefined };
    await expect(driver.create(args({ connection: direct }))).rejects.toThrow(
      /connection\.host: 203\.0\.113\.10 is not on loopback/,
    );
    const stranger = connection(lab, {}, { privateKey: rootKey.private });
    await expect(driver.create(args({ connection: stranger }))).rejects.toThrow(
      'proxy: after 0 failed attempts: ssh: handshake failed: ssh: unable to authenticate',
    );
    expect(scripts()).toBeUndefined();
  });

  test.each([
    ['203.0.113.9', false],
    ['edge.example.net', false],
    ['localhost', false],
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
  ])('is told at preview that %s as its first hop is refused, unless it is this machine', async (host, taken) => {
    const preview = driver.preview(args({ connection: connection(lab, {}, { host }) }));
    if (taken) await preview;
    else await expect(preview).rejects.toThrow(`connection.proxy.host: ${host} is not on loopback`);
  });

  test('is refused when the host, or the proxy, presents another key than the pinned one', async () => {
    const other = connection(lab, { hostKey: publicLine(generateKey('ecdsa')) });
    await expect(driver.create(args({ connection: other }))).rejects.toThrow(
      'ssh: handshake failed: ssh: host key mismatch',
    );
    lab.faults.set('other-host-key', 'fra-edge-01');
    await expect(driver.create(args())).rejects.toThrow('host key mismatch');
    lab.faults.clear();
    const proxy = connection(lab, {}, { hostKey: deployKey.public });
    await expect(driver.create(args({ connection: proxy }))).rejects.toThrow(
      'proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch',
    );
    expect(scripts()).toBeUndefined();
  });

  test('believes any key when none is pinned', async () => {
    await driver.create(args({ connection: connection(lab, { hostKey: undefined }, { hostKey: undefined }) }));
    expect(scripts()).toHaveProperty('motd');
  });

  test('is tried again while the host is down, as often as it says, and tells what failed first', async () => {
    lab.faults.set('other-host-key', 'fra-edge-01');
    const failing = driver.create(args({ connection: connection(lab, { dialErrorLimit: 2 }) }));
    await expect(failing).rejects.toThrow(
      'proxy: after 2 failed attempts: ssh: handshake failed: EOF (the first one: ssh: handshake failed: ssh: host key mismatch)',
    );
    expect(driver.said).toEqual(['status: Dial 1/2 failed: retrying', 'status: Dial 2/2 failed: retrying']);
  });

  test('that fails tells its text and its output, and is not recorded', async () => {
    await expect(driver.create(args({ create: 'reboot' }))).rejects.toThrow(
      'Process exited with status 127: running "reboot":\nbash: line 1: reboot: command not found\n',
    );
    lab.faults.set('command-fails', 'fra-edge-01');
    await expect(driver.create(args())).rejects.toThrow(`Process exited with status 1: running "${LINE}"`);
    lab.faults.clear();
    await driver.create(args());
  });
});

describe('a preview', () => {
  test('runs nothing, and knows no output', async () => {
    expect(await driver.preview(args())).toMatchObject({ stdout: UNKNOWN, stderr: UNKNOWN, create: LINE });
    const made = await driver.create(args({ create: undefined }));
    const next = await driver.update(made, args(), true);
    expect(next.outputs).toMatchObject({ stdout: UNKNOWN, stderr: UNKNOWN });
    expect(scripts()).toBeUndefined();
  });

  test('takes what is not known yet', async () => {
    await driver.preview(args({ stdin: UNKNOWN, connection: UNKNOWN }));
    await driver.preview(args({ connection: { ...connection(lab), host: UNKNOWN } }));
  });
});

describe('arguments', () => {
  test('get the plugin’s defaults', async () => {
    const { connection: filled } = await driver.check({
      connection: { host: '127.0.0.1', proxy: { host: '127.0.0.1' } },
    });
    const defaults = { user: 'root', port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
    expect(filled).toEqual({ ...defaults, host: '127.0.0.1', proxy: { ...defaults, host: '127.0.0.1' } });
  });

  test.each([
    [{}, "connection: Missing required property 'connection'"],
    [{ connection: {} }, "connection.host: Missing required property 'host'"],
    [{ connection: { host: '127.0.0.1', proxy: {} } }, "connection.proxy.host: Missing required property 'host'"],
    [{ connection: { host: '127.0.0.1', port: '22' } }, 'connection.port: is not a number'],
    [{ connection: { host: '127.0.0.1', dialErrorLimit: 1.5 } }, 'connection.dialErrorLimit: is not a whole number'],
    [{ connection: { host: '127.0.0.1' }, commands: 'x' }, 'commands: is not expected here'],
    [{ connection: { host: '127.0.0.1' }, environment: { A: 1 } }, 'environment: is not a mapping of texts'],
    [{ connection: { host: '127.0.0.1', proxy: { host: '127.0.0.1', proxy: {} } } }, 'connection.proxy.proxy: is not'],
  ])('%j are refused', async (given, words) => {
    await expect(driver.check(given)).rejects.toThrow(words);
  });

  test('that are wrong are named, and never shown', async () => {
    const secret = 'not-a-number-but-a-secret';
    const failing = driver.check({ connection: { host: '127.0.0.1', port: secret } });
    await expect(failing).rejects.not.toThrow(secret);
  });
});

describe('a change', () => {
  test.each([
    ['the script', { stdin: 'echo ho\n' }, 'stdin'],
    ['the command that a destroy runs', { delete: 'true' }, 'delete'],
    ['the key', { connection: { privateKey: 'another' } }, 'connection.privateKey'],
  ])('of %s is an update in place', async (_what, part, path) => {
    const made = await driver.create(args());
    const next = { ...args(), ...part };
    if ('connection' in part) next.connection = { ...connection(lab), ...part.connection };
    const { changes } = await driver.diff(made, next);
    expect(Object.entries(changes).map(([key, kind]) => [key, kind.includes('replace')])).toEqual([[path, false]]);
  });

  test('of nothing is none', async () => {
    const made = await driver.create(args({ triggers: [1] }));
    expect((await driver.diff(made, args({ triggers: [1] }))).changes).toEqual({});
    expect(await driver.refresh(made)).toEqual(made);
  });

  // The SDK adds replaceOnChanges for the members, so that the engine replaces in each of these cases.
  test.each([
    [[2], { 'triggers[0]': 'update' }],
    [[1, 2], { 'triggers[1]': 'add' }],
    [[UNKNOWN], { 'triggers[0]': 'update' }],
    [undefined, { triggers: 'delete-replace' }],
  ])('of the triggers, to %j, is told as the plugin tells it', async (triggers, changes) => {
    const made = await driver.create(args({ triggers: [1] }));
    expect((await driver.diff(made, args({ triggers }))).changes).toEqual(changes);
  });

  test('runs `update`, else `create` again; without either what was written last stays', async () => {
    const made = await driver.create(args());
    await driver.update(made, args({ stdin: 'again\n' }));
    expect(scripts()).toMatchObject({ motd: { sha256: sha256('again\n') } });
    await driver.update(made, args({ update: LINE.replace('motd', 'refresh') }));
    expect(scripts()).toHaveProperty('refresh');
    const spoken = { ...made, outputs: { ...made.outputs, stdout: 'said', stderr: '' } };
    const kept = await driver.update(spoken, args({ create: undefined }));
    expect(kept.outputs).toMatchObject({ stdout: 'said' });
  });

  test('of a resource that goes runs `delete`, and nothing where there is none', async () => {
    await driver.remove(await driver.create(args()));
    expect(Object.keys(scripts() ?? {})).toEqual(['motd']);
    await driver.remove(await driver.create(args({ delete: LINE.replace('motd', 'gone') })));
    expect(scripts()).toHaveProperty('gone');
    await expect(driver.remove(await driver.create(args({ delete: 'reboot' })))).rejects.toThrow('status 127');
  });
});
