import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, Running, type Ended } from './cli.ts';
import { changedFiles, commitAll, copyTree } from './tree-copy.ts';

/**
 * A person at a shell, in order: each test begins where the one before ended. Everything has a name that a shell has to
 * quote: the checkout, the lab's directory. The shell's own Node is not ours, and fails whoever starts it.
 */
let folder: Folder;
let tree: string;
let path: string;
beforeAll(() => {
  folder = new Folder('my "lab" (50%)');
  tree = copyTree(join(folder.root, "a team's mesh"));
  commitAll(tree);
  const bin = join(folder.root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'node'), '#!/bin/sh\necho "this is not the pinned Node" >&2\nexit 99\n');
  chmodSync(join(bin, 'node'), 0o755);
  path = [bin, process.env.PATH ?? ''].join(delimiter);
});
afterAll(() => folder.remove());

function shell(name: 'sh' | 'bash', script: string): Promise<Ended> {
  return new Running(name, ['-c', `set -e\n${script}`], { cwd: tree, env: { ...folder.env, PATH: path } }).ended;
}

function expectGood(ended: Ended): void {
  expect(ended.code, ended.text).toBe(0);
  expect(ended.text).not.toMatch(/warning/i);
}

test('control: the shell has another Node, and no stack of ours', async () => {
  expect((await shell('sh', 'node --version')).code).toBe(99);
  expect((await shell('sh', 'command -v pulumi && pulumi stack --show-name')).code).not.toBe(0);
});

test('after eval "$(mesh env …)" in sh, pulumi preview shows the site and nothing is written to the checkout', async () => {
  const ended = await shell('sh', 'eval "$(bin/mesh env staging)"\nnode --version\npulumi preview\nmesh lab status');
  expectGood(ended);
  expect(ended.stdout).toMatch(/^v24\./);
  expect(ended.stdout).toMatch(/\+ .*mesh:index:HostRelease fra-edge-01 create/);
  // mesh means the same lab as pulumi does.
  expect(ended.stdout).toContain(`in ${folder.lab}`);
  expect(changedFiles(tree)).toBe('');
});

test('and in bash, pulumi up builds it under the guardrails', async () => {
  const ended = await shell('bash', 'eval "$(bin/mesh env staging)"\npulumi up --yes --skip-preview');
  expectGood(ended);
  expect(ended.stdout).toMatch(/\+ \d+ created/);
  expect(ended.stdout).toContain('site-mesh@v');
  expect(changedFiles(tree)).toBe('');
});

test('an edit of the stack file is seen after mesh env, and not before', async () => {
  const stackFile = join(tree, 'Pulumi.staging.yaml');
  const edited = readFileSync(stackFile, 'utf8').replace('platform: [ada@', 'platform: [lin@example.com, ada@');
  expect(edited).toContain('lin@example.com');
  const ended = await shell(
    'bash',
    [
      'eval "$(bin/mesh env staging)"',
      `cat > Pulumi.staging.yaml <<'EDITED'\n${edited}EDITED`,
      'pulumi preview --expect-no-changes',
      'eval "$(mesh env staging)"',
      'echo "after mesh env"',
      'pulumi preview --diff',
    ].join('\n'),
  );
  expectGood(ended);
  const [before, after] = ended.stdout.split('after mesh env');
  expect(before).not.toContain('lin@example.com');
  expect(after).toMatch(/\+ .*lin@example\.com/);
  expect(changedFiles(tree)).toBe(' M Pulumi.staging.yaml\n');
  expect(readFileSync(stackFile, 'utf8')).toBe(edited);
});
