import { userData as componentUserData } from '../../../mesh/host/user-data.ts';
import { afterEach, describe, expect, test } from 'vitest';
import {
  bootstrapKey, deployKey, drive, INSTALL, jumpKey, login, rootKey, server, sha256, startLab, TOOL, TOOL_SOURCE, userData, type Lab,
} from './sshd-fixtures.ts'; // prettier-ignore

let lab: Lab;
const started = async (...parts: Parameters<typeof startLab>): Promise<Lab> => (lab = await startLab(...parts));
afterEach(() => lab.sshd.close());

describe('who gets in', () => {
  test('an account of user_data with its key, root with the cloud’s key, and nobody else', async () => {
    await started();
    (await login(lab)).close();
    (await login(lab, { user: 'root', key: rootKey.private })).close();
    await expect(login(lab, { key: rootKey.private })).rejects.toThrow('authentication');
    await expect(login(lab, { user: 'root' })).rejects.toThrow('authentication');
    await expect(login(lab, { user: 'nobody' })).rejects.toThrow('authentication');
    await expect(login(lab, { key: jumpKey.private })).rejects.toThrow('authentication');
  });

  test.each(['ops', 'root'])(
    'the user_data that our components write lets %s in by the deploy key, over the key it brings',
    async (user) => {
      const { private: privateKey, public: publicKey } = bootstrapKey;
      const text = componentUserData({
        fqdn: 'a.mesh.example',
        user,
        authorizedKeys: [deployKey.public],
        hostKey: { privateKey, publicKey },
      });
      await started([server({ userData: text, authorizedKeys: [] })]);
      (await login(lab, { user })).close();
      await expect(login(lab, { user, key: rootKey.private })).rejects.toThrow('authentication');
      expect(lab.sshd.unexecuted()).toEqual([]);
    },
  );

  test('disable_root keeps root out', async () => {
    await started([server({ userData: `${userData}disable_root: true\n` })]);
    (await login(lab)).close();
    await expect(login(lab, { user: 'root', key: rootKey.private })).rejects.toThrow('authentication');
  });

  test.each([
    ['not YAML', '#cloud-config\nusers: [\n'],
    ['without its first line', userData.replace('#cloud-config\n', '')],
  ])('user_data %s leaves keys of the host’s own and only root', async (_how, broken) => {
    await started([server({ userData: broken })]);
    await expect(login(lab)).rejects.toThrow();
    const host = lab.store.collection<{ hostKeys: { ecdsa: string } }>('hosts').get('hetzner-1001');
    expect(host?.hostKeys.ecdsa).not.toBe(bootstrapKey.private);
    const facts = lab.sshd.unexecuted();
    expect(facts).toEqual([expect.objectContaining({ host: 'fra-edge-01', what: 'user_data' })]);
  });

  test('a host key that cannot be loaded leaves no SSH server at all', async () => {
    await started([server({ userData: userData.replace('BEGIN', 'BEGUN') })]);
    await expect(login(lab)).rejects.toThrow('Channel open failure');
  });

  test('the host is its key: nothing changes when user_data of a running server does', async () => {
    await started();
    (await login(lab)).close();
    lab.servers[0] = server({ userData: '#cloud-config\n' });
    (await login(lab)).close();
  });

  test('a replaced server is a new machine', async () => {
    await started();
    const first = await drive(lab);
    const { json: before } = await first.run('facts');
    lab.servers[0] = server({ id: 'hetzner-1002' });
    const second = await login(lab);
    expect((await second.exec(`sudo -n ${TOOL} facts`)).code).toBe(127);
    second.close();
    const { json: after } = await (await drive(lab)).run('facts');
    expect(after.bootId).not.toBe(before.bootId);
  });
});

describe('lines', () => {
  test('the tool is installed when its sha256 is right, and its lines are answered only then', async () => {
    await started();
    const host = await login(lab);
    expect((await host.exec(`sudo -n ${TOOL} facts`)).code).toBe(127);
    const wrong = await host.exec(`sudo -n ${INSTALL}`, `${TOOL_SOURCE}#`);
    expect([wrong.code, JSON.parse(wrong.stdout)]).toMatchObject([3, { error: { code: 'check-failed' } }]);
    expect((await host.exec(`sudo -n ${TOOL} facts`)).code).toBe(127);
    const right = await host.exec(`sudo -n ${INSTALL}`, TOOL_SOURCE);
    expect([right.code, JSON.parse(right.stdout)]).toEqual([0, { installed: TOOL }]);
    expect((await host.exec(`sudo -n ${TOOL} facts`)).code).toBe(0);
    expect(
      (await host.exec(`sudo -n ${TOOL.replace(/tool-.{16}/, `tool-${sha256('other').slice(0, 16)}`)} facts`)).code,
    ).toBe(127);
  });

  test.each([
    'id',
    'sudo -n id',
    `sudo -n ${TOOL} facts; id`,
    `sudo -n ${TOOL} facts | cat`,
    `sudo -n ${TOOL} $(id)`,
    `${INSTALL} x`,
  ])('what is not part of the protocol is not found: %s', async (line) => {
    await started();
    const host = await drive(lab);
    expect(await host.login.exec(line)).toMatchObject({
      code: 127,
      stdout: '',
      stderr: expect.stringContaining('command not found') as string,
    });
  });

  test.each(['', 'apply', 'apply status now', 'facts all', 'apply activate', 'node', 'route revert'])(
    'the tool refuses a line that it does not know: "%s"',
    async (words) => {
      await started();
      expect(await (await drive(lab)).run(words)).toMatchObject({ code: 2, json: { error: { code: 'usage' } } });
    },
  );

  test('an account needs sudo and the right to it; root needs neither', async () => {
    await started();
    (await drive(lab)).login.close();
    const ops = await login(lab);
    expect((await ops.exec(`${TOOL} facts`)).code).toBe(126);
    expect((await ops.exec(`sudo -n ${TOOL} facts`)).code).toBe(0);
    const guest = await login(lab, { user: 'guest' });
    expect(await guest.exec(`sudo -n ${TOOL} facts`)).toMatchObject({
      code: 1,
      stderr: 'sudo: a password is required\n',
    });
    const root = await login(lab, { user: 'root', key: rootKey.private });
    expect((await root.exec(`${TOOL} facts`)).code).toBe(0);
  });

  test('a shell is refused', async () => {
    await started();
    const { client } = await login(lab);
    await expect(
      new Promise((resolve, reject) => client.shell((error) => (error ? reject(error) : resolve(0)))),
    ).rejects.toThrow();
  });

  test('a client that would choose chacha20-poly1305, as OpenSSH’s does, is served as well', async () => {
    await started();
    const ciphers = ['chacha20-poly1305@openssh.com', 'aes256-gcm@openssh.com'] as const;
    const host = await login(lab, { ciphers: [...ciphers] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => host.exec('id')));
    expect(answers.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 127));
  });

  test('several lines run over one connection', async () => {
    await started();
    const host = await drive(lab);
    const answers = await Promise.all([host.run('facts'), host.run('apply status'), host.run('node status')]);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});

describe('first boot and power', () => {
  test('the first boot takes a little while by the clock', async () => {
    await started();
    const host = await drive(lab);
    expect((await host.run('facts')).json).toMatchObject({ firstBoot: 'running', hostname: 'fra-edge-01' });
    lab.pass(299);
    expect((await host.run('facts')).json).toMatchObject({ firstBoot: 'running' });
    lab.pass(1);
    expect((await host.run('facts')).json).toMatchObject({ firstBoot: 'done' });
  });

  test('power off ends connections; power on is another boot of the same machine', async () => {
    await started();
    const host = await drive(lab);
    const before = (await host.run('facts')).json;
    const ended = new Promise((resolve) => host.login.client.once('close', () => resolve(0)));
    lab.servers[0] = server({ running: false });
    await ended;
    await expect(login(lab)).rejects.toThrow('Channel open failure');
    lab.servers[0] = server();
    const again = (await (await drive(lab)).run('facts')).json;
    expect(again.bootId).not.toBe(before.bootId);
    expect(again.hostKeys).toEqual(before.hostKeys);
  });

  test('a reboot that nobody saw is known by the cloud’s boot time; the same boot time is the same boot', async () => {
    await started([server({ bootedAt: 1 })]);
    const boot = async (): Promise<unknown> => (await (await drive(lab)).run('facts')).json.bootId;
    const first = await boot();
    expect(await boot()).toBe(first);
    lab.servers[0] = server({ bootedAt: 2 });
    expect(await boot()).not.toBe(first);
  });

  test('without a power cycle the boot stays the same', async () => {
    await started();
    const first = (await (await drive(lab)).run('facts')).json;
    expect((await (await drive(lab)).run('facts')).json.bootId).toBe(first.bootId);
  });
});

describe('faults', () => {
  test('other-host-key: the pinned key is not presented, until the fault is cleared', async () => {
    await started();
    lab.faults.set('other-host-key', 'fra-edge-01');
    await expect(login(lab)).rejects.toThrow(/verification/);
    lab.faults.clear();
    (await login(lab)).close();
  });

  test('no-answer: the channel opens and nothing comes, until the fault is cleared', async () => {
    await started();
    lab.faults.set('no-answer', '*');
    await expect(login(lab, { timeout: 300 })).rejects.toThrow('Timed out');
    lab.faults.clear();
    (await login(lab)).close();
  });

  test('a fault of another host changes nothing', async () => {
    await started();
    for (const fault of ['other-host-key', 'no-answer', 'flip-byte'] as const) lab.faults.set(fault, 'fra-edge-02');
    (await login(lab, { key: deployKey.private })).close();
  });
});
