import { afterEach, describe, expect, test } from 'vitest';
import { publicLine } from '../../../lab/sshd/keys.ts';
import type { Disk } from '../../../lab/sshd/types.ts';
import type { ExistingMachine } from '../../../lab/existing/machines.ts';
import { machine, machineKey } from './existing-fixtures.ts';
import {
  bootstrapKey, deployKey, drive, INSTALL, login, openJump, rootKey, server, startLab, TOOL_SOURCE, type Lab, type LoginOptions,
} from './sshd-fixtures.ts'; // prettier-ignore
import { file, hashOf, release, request } from './sshd-releases.ts';

let lab: Lab;
const started = async (machines: ExistingMachine[] = [machine()]): Promise<Lab> =>
  (lab = await startLab([server()], machines));
afterEach(() => lab.sshd.close());

const at = (part: LoginOptions = {}): LoginOptions => ({
  address: '198.51.100.10',
  port: 2222,
  user: 'debian',
  hostKey: machineKey.publicKey,
  ...part,
});
const staged = (files: ReturnType<typeof release>['files'], lan = '10.77.40.2') =>
  request(release({ files, units: {}, packages: {} }), { lan, lanPrefix: '10.77.40.0/24' });

/** Words of the channel that was not opened. */
async function refusal(address: string, port: number): Promise<string | undefined> {
  const jump = await openJump(lab);
  try {
    return await new Promise((resolve) => {
      jump.forwardOut('127.0.0.1', 0, address, port, (error) => resolve(error?.message));
    });
  } finally {
    jump.end();
  }
}

/** A release of these files, active and not confirmed; answers its hash. */
async function activated(files: ReturnType<typeof release>['files'], options: LoginOptions = at()): Promise<string> {
  const first = await drive(lab, options);
  const wanted = staged(files);
  const hash = hashOf(wanted.release);
  expect((await first.run('apply stage', wanted)).code).toBe(0);
  expect((await first.run(`apply activate ${hash} 120`)).code).toBe(0);
  first.login.close();
  return hash;
}

describe('an existing host', () => {
  test('answers on its own port, with its own key from the first moment', async () => {
    await started();
    (await login(lab, at())).close();
    await expect(login(lab, at({ hostKey: rootKey.public }))).rejects.toThrow(/verification/);
    expect(await refusal('198.51.100.10', 22)).toContain('Connection refused');
    expect(await refusal('198.51.100.11', 22)).toContain('No route to host');
    expect(await refusal('198.51.100.10', 2223)).toContain('open failed');
    // The control: a server of a cloud has no other port.
    expect(await refusal('203.0.113.10', 2222)).toContain('open failed');
    (await login(lab, { hostKey: bootstrapKey.public })).close();
  });

  test('may be known by a DNS name', async () => {
    await started([machine({ address: 'edge.example.net' })]);
    const host = await drive(lab, at({ address: 'edge.example.net' }));
    expect((await host.run('facts')).json).toMatchObject({ interfaces: { public: { name: 'eth0', address: null } } });
  });

  test('lets in the declared account with the deploy key, and nobody else', async () => {
    await started();
    (await login(lab, at())).close();
    await expect(login(lab, at({ user: 'root' }))).rejects.toThrow('authentication');
    await expect(login(lab, at({ user: 'ops' }))).rejects.toThrow('authentication');
    await expect(login(lab, at({ key: rootKey.private }))).rejects.toThrow('authentication');
  });

  test('the declared account may use sudo; root needs none', async () => {
    await started([machine(), machine({ name: 'gra-edge-02', address: '198.51.100.11', port: 22, user: 'root' })]);
    const debian = await login(lab, at());
    expect((await debian.exec(INSTALL, TOOL_SOURCE)).code).toBe(126);
    expect((await debian.exec(`sudo -n ${INSTALL}`, TOOL_SOURCE)).code).toBe(0);
    const root = await login(lab, at({ address: '198.51.100.11', port: 22, user: 'root' }));
    expect((await root.exec(INSTALL, TOOL_SOURCE)).code).toBe(0);
    debian.close();
    root.close();
  });

  test('has booted long ago, keeps its key under a release and brings no bootstrap key to retire', async () => {
    await started();
    const hash = await activated({ '/etc/site-mesh/a.conf': file('a\n') });
    const host = await drive(lab, at());
    const line = publicLine(machineKey.privateKey);
    expect((await host.run(`apply confirm ${hash}`)).json).toMatchObject({ hostKey: line });
    const { json } = await host.run('facts');
    expect(json).toMatchObject({ firstBoot: 'done', hostKeys: { ed25519: line } });
    expect(json.hostKeys).not.toMatchObject({ ecdsa: null });
  });

  test('is told apart by its LAN address: a release for another one is refused', async () => {
    await started();
    const host = await drive(lab, at());
    const wrong = await host.run('apply stage', staged({}, '10.77.40.3'));
    expect(wrong).toMatchObject({ code: 3, json: { error: { code: 'check-failed' } } });
    expect((await host.run('apply stage', staged({}))).code).toBe(0);
  });

  test('obeys its SSH configuration: a release that shuts its account out, and comes back by its timer', async () => {
    await started();
    await activated({ '/etc/ssh/sshd_config.d/10-site-mesh.conf': file('AllowUsers ops\n') });
    await expect(login(lab, at())).rejects.toThrow('authentication');
    lab.pass(120_000);
    (await login(lab, at())).close();
  });

  test('restore brings back what was there before the first release', async () => {
    await started();
    const id = 'existing-198.51.100.10-2222';
    const disks = lab.store.collection<Disk>('host-disks');
    disks.put(id, { files: { '/etc/motd': file('theirs\n') }, units: {}, packages: {}, originals: {} });
    const hash = await activated({ '/etc/motd': file('ours\n'), '/etc/site-mesh/a.conf': file('a\n') });
    const host = await drive(lab, at());
    await host.run(`apply confirm ${hash}`);
    expect(disks.get(id)?.files['/etc/motd']).toEqual(file('ours\n'));
    expect((await host.run('apply restore')).json).toEqual({
      kept: [],
      restored: ['/etc/motd', '/etc/site-mesh/a.conf'],
    });
    expect(disks.get(id)?.files).toEqual({ '/etc/motd': file('theirs\n') });
    expect((await host.run('apply status')).json).toMatchObject({ active: null, confirmed: null });
  });

  test('is the same machine under another name and for another account', async () => {
    const machines = [machine()];
    await started(machines);
    const first = await drive(lab, at());
    const boot = (await first.run('facts')).json.bootId;
    machines[0] = machine({ name: 'gra-router', user: 'ops' });
    await expect(login(lab, at())).rejects.toThrow('authentication');
    const again = await drive(lab, at({ user: 'ops' }));
    expect((await again.run('facts')).json).toMatchObject({ bootId: boot, hostname: 'gra-router' });
  });
});

describe('faults, by the host’s name', () => {
  test('other-host-key and no-answer hit it, and only while they are set', async () => {
    await started();
    lab.faults.set('other-host-key', 'gra-edge-01');
    await expect(login(lab, at())).rejects.toThrow(/verification/);
    lab.faults.clear();
    lab.faults.set('no-answer', 'gra-edge-01');
    await expect(login(lab, at({ timeout: 300 }))).rejects.toThrow('Timed out');
    (await login(lab, { key: deployKey.private })).close();
    lab.faults.clear();
    (await login(lab, at())).close();
  });
});
