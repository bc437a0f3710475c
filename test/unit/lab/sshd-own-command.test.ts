import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HostRecord } from '../../../lab/sshd/types.ts';
import { login, rootKey, sha256, startLab, TOOL, type Lab, type Login } from './sshd-fixtures.ts';

const LINE = 'timeout -k 10 60 sh -eu -s # install-agent';
const SCRIPT = 'apt-get install -y agent\n';

let lab: Lab;
let host: Login;
beforeEach(async () => {
  lab = await startLab();
  host = await login(lab);
});
afterEach(() => lab.sshd.close());

const record = (): HostRecord | undefined => lab.store.collection<HostRecord>('hosts').get('hetzner-1001');

test('its script is accepted, remembered and told, never run', async () => {
  expect(await host.exec(LINE, SCRIPT)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(record()?.ownCommands).toEqual({ 'install-agent': { sha256: sha256(SCRIPT), bytes: SCRIPT.length } });
  expect(lab.sshd.unexecuted()).toEqual([
    {
      host: 'fra-edge-01',
      what: 'own command install-agent was accepted, not run',
      why: expect.stringContaining(`${SCRIPT.length} bytes, sha256 ${sha256(SCRIPT).slice(0, 12)}`) as string,
    },
  ]);
  expect(lab.store.text()).not.toContain('apt-get');
});

test('the last script of a name counts, and each name for itself', async () => {
  await host.exec(LINE, SCRIPT);
  await host.exec(LINE, 'true\n');
  await host.exec(LINE.replace('install-agent', 'motd'), SCRIPT);
  expect(record()?.ownCommands).toMatchObject({ 'install-agent': { sha256: sha256('true\n') }, motd: { bytes: 25 } });
});

test('every login that may enter may send one: it needs no sudo', async () => {
  for (const part of [{ user: 'guest' }, { user: 'root', key: rootKey.private }]) {
    const other = await login(lab, part);
    expect((await other.exec(LINE, SCRIPT)).code).toBe(0);
    other.close();
  }
  // The control: a line of the protocol needs it.
  const guest = await login(lab, { user: 'guest' });
  expect((await guest.exec(`sudo -n ${TOOL} facts`)).code).toBe(1);
  guest.close();
});

test.each([
  ['another shell', 'timeout -k 10 60 bash -eu -s # a'],
  ['no name', 'timeout -k 10 60 sh -eu -s'],
  ['a name that a shell would read', 'timeout -k 10 60 sh -eu -s # a;b'],
  ['a second line', 'timeout -k 10 60 sh -eu -s # a\nreboot'],
  ['a line feed behind it', 'timeout -k 10 60 sh -eu -s # a\n'],
  ['a capital in the name', 'timeout -k 10 60 sh -eu -s # Agent'],
  ['no time', 'timeout -k 10 0 sh -eu -s # a'],
  ['more than a day', 'timeout -k 10 86401 sh -eu -s # a'],
  ['another grace', 'timeout -k 20 60 sh -eu -s # a'],
  ['sudo before it', 'sudo -n timeout -k 10 60 sh -eu -s # a'],
])('a line with %s is none of ours', async (_what, line) => {
  expect((await host.exec(line, SCRIPT)).code).toBe(127);
  expect(record()?.ownCommands).toBeUndefined();
});

test('a day is the longest that one may take', async () => {
  expect((await host.exec('timeout -k 10 86400 sh -eu -s # a', SCRIPT)).code).toBe(0);
});

test('command-fails: it ends with exit 1 on this host, until the fault is cleared', async () => {
  lab.faults.set('command-fails', 'fra-edge-01');
  const failed = await host.exec(LINE, SCRIPT);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('install-agent');
  expect(lab.sshd.unexecuted()).toEqual([]);
  lab.faults.clear();
  lab.faults.set('command-fails', 'fra-edge-02');
  expect((await host.exec(LINE, SCRIPT)).code).toBe(0);
});
