import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, Running, type Ended } from './cli.ts';
import { changedFiles, commitAll, copyTree } from './tree-copy.ts';

/** Ctrl-C and worse, at every stage of a try, in order: each test begins where the one before ended. */
let folder: Folder;
beforeAll(() => {
  folder = new Folder();
  folder.tree = copyTree(join(folder.root, 'tree'));
  commitAll(folder.tree);
});
afterAll(() => folder.remove());

/** The locks of engines on the stack. */
function locks(): string[] {
  const path = join(folder.lab, 'state', '.pulumi', 'locks', 'organization', 'site-mesh', 'staging');
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
}

async function expectInterrupted(ended: Ended): Promise<void> {
  expect(ended.code, ended.text).toBe(130);
  expect(ended.stderr).toMatch(/^mesh: interrupted; nothing is left running\..* npm run try$/m);
  expect(ended.text).not.toMatch(/ at .*\.ts:\d+/);
  expect(await folder.leftovers()).toEqual([]);
  expect(locks()).toEqual([]);
}

test.each([
  ['SIGINT', 'starts the lab', /starting the lab/],
  ['SIGTERM', 'starts the lab', /starting the lab/],
  ['SIGINT', 'makes the stack and its secrets', /the lab answers/],
] as const)('a %s while try %s ends it with 130 and leaves no process', async (signal, _, moment) => {
  const run = folder.try();
  await run.says(moment);
  run.signalGroup(signal);
  await expectInterrupted(await run.ended);
});

test('a stack whose making was killed half way is taken up by the next run', async () => {
  const run = await folder.mesh('env', 'staging');
  expect(run.code, run.text).toBe(0);
  // As after a kill between the engine's record and our config file.
  rmSync(join(folder.lab, 'Pulumi.staging.yaml'));
  const again = await folder.mesh('env', 'staging');
  expect(again.code, again.text).toBe(0);
  await folder.mesh('lab', 'down');
});

test('Ctrl-C on npm run try during the up: the engine ends what is under way, and the next run finishes', async () => {
  const run = new Running('npm', ['run', 'try'], { env: folder.env, cwd: folder.tree });
  await run.says(/^3\/5[^]*\+ .*hcloud:index:Server fra-edge-01 creating/m);
  run.signalGroup('SIGINT');
  const ended = await run.ended;
  await expectInterrupted(ended);
  expect(ended.text, 'one interrupt, not two').not.toContain('received; terminating');
  expect(ended.text).toContain('^C received; cancelling');

  const again = await folder.try().ended;
  expect(again.code, again.text).toBe(0);
  expect(again.text).toMatch(/\+ \d+ created\n +\d+ unchanged/);
  expect(again.text).toContain('All of it works.');
  expect(changedFiles(folder.tree)).toBe('');
});

test('a try that found the lab running leaves it running when it is interrupted', async () => {
  const run = folder.try();
  await run.says(/^2\/5/m);
  run.signalGroup('SIGINT');
  const ended = await run.ended;
  expect(ended.code, ended.text).toBe(130);
  expect(ended.stderr).toContain('mesh: interrupted; the lab runs on, as before.');
  expect((await folder.mesh('lab', 'status')).stdout).toMatch(/lab +up, process \d+/);
});

test('all killed hard during the up: the next try takes the lock off and finishes', async () => {
  const run = folder.try('--fresh');
  // Everything under way by then may be done twice; a server may not, and hcloud would refuse its name.
  await run.says(/^3\/5[^]*\+ .*mesh:index:HostRelease fra-edge-02 creating/m);
  for (const { pid } of await folder.processes()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended when its parent did.
    }
  }
  await run.ended;
  expect(await folder.leftovers()).toEqual([]);
  expect(locks(), 'precondition: the engine left its lock').toHaveLength(1);

  const again = await folder.try().ended;
  expect(again.code, again.text).toBe(0);
  expect(again.text).toContain('unlocking it (pulumi cancel)');
  expect(again.text).toContain('All of it works.');
});
