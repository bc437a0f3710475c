import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { obtainPulumi } from '../../engine/index.ts';
import type { HostRecord } from '../../lab/sshd/types.ts';
import { connection } from '../unit/lab/command-driver.ts';
import { deployKey, jumpKey, sha256, startLab, type Lab } from '../unit/lab/sshd-fixtures.ts';
import { ToyProject } from './toy/project.ts';

// One project, one story: each test goes on from the state that the one before left.
let lab: Lab;
let project: ToyProject;
beforeAll(async () => {
  const { cli } = await obtainPulumi({ onProgress: () => undefined });
  lab = await startLab();
  project = new ToyProject(cli, 'commands.ts');
  writeFileSync(join(project.directory, 'connection.json'), JSON.stringify(connection(lab)));
  await ok('stack', 'init', 'dev');
});
afterAll(async () => {
  await lab.sshd.close();
  rmSync(project.directory, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const { code, output } = await project.run(...args);
  expect(output, `pulumi ${args.join(' ')}`).not.toMatch(/warning:/i);
  expect(code, output).toBe(0);
  return output;
}
const up = () => ok('up', '--yes', '--skip-preview', '--suppress-outputs');
const set = (key: string, value: string) => ok('config', 'set', key, value);
/** sha256 of the script that the host got last. */
const script = () => lab.store.collection<HostRecord>('hosts').get('hetzner-1001')?.ownCommands?.motd?.sha256;

it('a preview runs nothing and does not know the output', async () => {
  expect(await ok('preview')).toMatch(/stdout: \[unknown\]/);
  expect(script()).toBeUndefined();
});

it('an up runs it on the host, and no key stands in state in plain', async () => {
  await up();
  expect(script()).toBe(sha256('echo hi\n'));
  const lines = [deployKey, jumpKey].map((key) => key.private.split('\n')[3] ?? '');
  const state = await ok('stack', 'export');
  for (const line of lines) expect(state).not.toContain(line);
  // The control: it is there where the engine is asked to show it.
  const shown = await ok('stack', 'export', '--show-secrets');
  for (const line of lines) expect(shown).toContain(line);
});

it('a second up changes nothing; another script is an update, another trigger a replacement', async () => {
  expect(await up()).toMatch(/2 unchanged/);
  await set('script', 'echo ho\n');
  expect(await up()).toMatch(/~ 1 updated/);
  expect(script()).toBe(sha256('echo ho\n'));
  await set('trigger', 'two');
  expect(await up()).toMatch(/\+-1 replaced/);
});

it('one that fails says so with its text, and runs again the next time', async () => {
  lab.faults.set('command-fails', 'fra-edge-01');
  await set('script', 'echo third\n');
  const { code, output } = await project.run('up', '--yes', '--skip-preview');
  expect(code).not.toBe(0);
  expect(output).toContain('Process exited with status 1: running "timeout -k 10 60 sh -eu -s # motd"');
  expect(output).not.toContain('echo third');
  lab.faults.clear();
  expect(await up()).toMatch(/~ 1 updated/);
  expect(script()).toBe(sha256('echo third\n'));
});

it('what the lab cannot do is refused as that', async () => {
  await set('copy', 'true');
  const { code, output } = await project.run('preview');
  expect(code).not.toBe(0);
  expect(output).toContain('command:remote:CopyToRemote: hosts of the lab take no files');
});

it('a destroy takes it away', async () => {
  expect(await ok('destroy', '--yes', '--skip-preview')).toMatch(/- 2 deleted/);
});
