import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { accessOf } from '../../../cli/recover/accounts.ts';
import { removeTorn, tornFiles } from '../../../cli/recover/torn.ts';
import { backendDirectory, locksInMessage, readLocks } from '../../../cli/recover/locks.ts';

/** Number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.once('close', resolve));
  return child.pid ?? 0;
}

test('locks of a file backend, each with what became of its holder', async () => {
  const backend = mkdtempSync(join(tmpdir(), 'mesh-locks-'));
  onTestFinished(() => rmSync(backend, { recursive: true }));
  expect(await readLocks(backend, 'site-mesh', 'staging')).toEqual([]);
  const folder = join(backend, '.pulumi', 'locks', 'organization', 'site-mesh', 'staging');
  mkdirSync(folder, { recursive: true });
  const lock = (name: string, content: object): void => writeFileSync(join(folder, name), JSON.stringify(content));
  const pid = await deadPid();
  lock('a.json', { pid, hostname: hostname(), username: 'ada', timestamp: '2026-11-25T23:05:11Z' });
  lock('b.json', { pid: 1, hostname: 'runner-7', username: 'ci' });
  writeFileSync(join(folder, 'a.json.attrs'), '{}');
  expect(await readLocks(backend, 'site-mesh', 'staging')).toEqual([
    { pid, host: hostname(), user: 'ada', since: '2026-11-25T23:05:11Z', holder: 'dead' },
    { pid: 1, host: 'runner-7', user: 'ci', holder: 'unknown' },
  ]);
});

test('side files of the state and of its locks that a kill has torn; control: whole ones, and those of other stacks', async () => {
  const backend = mkdtempSync(join(tmpdir(), 'mesh-torn-'));
  onTestFinished(() => rmSync(backend, { recursive: true }));
  expect(await tornFiles(backend, 'site-mesh', 'staging')).toEqual([]);
  const stacks = join(backend, '.pulumi', 'stacks', 'site-mesh');
  const locks = join(backend, '.pulumi', 'locks', 'organization', 'site-mesh', 'staging');
  for (const folder of [stacks, locks]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(stacks, 'staging.json'), '');
  writeFileSync(join(stacks, 'staging.json.attrs'), '');
  writeFileSync(join(stacks, 'staging.json.bak.attrs'), '{"user.content_type":"application/json"}');
  writeFileSync(join(stacks, 'prod.json.attrs'), '');
  writeFileSync(join(locks, 'a.json.attrs'), '{"user.con');
  const torn = await tornFiles(backend, 'site-mesh', 'staging');
  expect(torn).toEqual([join(stacks, 'staging.json.attrs'), join(locks, 'a.json.attrs')]);
  await removeTorn(torn);
  expect(await tornFiles(backend, 'site-mesh', 'staging')).toEqual([]);
});

test('a number that belongs to another program by now is no engine', async () => {
  const [lock] = await locksInMessage(
    `error: the stack is currently locked by 1 lock(s). … \n  s3://state/.pulumi/locks/x.json: created by ada@${hostname()} (pid ${process.pid}) at 2026-11-25T23:05:11Z`,
  );
  expect(lock).toMatchObject({ pid: process.pid, user: 'ada' });
  if (process.platform === 'linux') expect(lock?.holder).toBe('dead');
});

test('a message about something else names no lock', async () => {
  expect(await locksInMessage('error: no such stack')).toEqual([]);
});

test('only a directory of this machine is a file backend', () => {
  expect(backendDirectory('file:///tmp/a%20b')).toBe('/tmp/a b');
  expect(backendDirectory('file://~')).toBe(homedir());
  expect(backendDirectory('file://~/state')).toBe(join(homedir(), 'state'));
  for (const url of ['s3://bucket', 'https://api.example.com', '']) expect(backendDirectory(url), url).toBeUndefined();
});

test('a provider’s token is that of its account, from where the configuration says', async () => {
  const provider = (name: string): string => `urn:pulumi:s::site-mesh::pulumi:providers:hcloud::${name}::0-1-2-3-4`;
  const config = {
    'site-mesh:sites': {
      a: { cloud: 'hetzner' },
      b: { cloud: 'hetzner', account: 'fra' },
      c: { cloud: 'digitalocean' },
    },
  };
  const stack: Record<string, string> = {
    'hcloud:token': 'one',
    'site-mesh:accountTokens["fra"]': 'two',
    'hcloud:endpoint': 'http://127.0.0.1:1/v1',
  };
  const read = (key: string): Promise<string | undefined> => Promise.resolve(stack[key]);
  const endpoint = 'http://127.0.0.1:1/v1';
  expect(await accessOf(provider('hetzner'), config, read, {})).toEqual({ token: 'one', endpoint });
  expect(await accessOf(provider('hetzner-fra'), config, read, {})).toEqual({ token: 'two', endpoint });
  expect(await accessOf(provider('digitalocean'), config, read, {})).toContain('digitalocean:token');
  expect(await accessOf(provider('hetzner-gone'), config, read, {})).toContain('no site of the stack uses');
  const elsewhere = { ...config, 'site-mesh:credentials': { from: 'environment' } };
  expect(await accessOf(provider('hetzner-fra'), elsewhere, read, { HCLOUD_TOKEN_FRA: 'three' })).toEqual({
    token: 'three',
    endpoint,
  });
  expect(await accessOf(provider('hetzner'), elsewhere, read, {})).toContain('HCLOUD_TOKEN');
});
