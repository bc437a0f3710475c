import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { installLanguageHost, installStandIns } from '../../../lab/plugins/install.ts';

let dir: string;
let tree: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-install-'));
  // A path with a blank and a quote: launchers are shell.
  tree = join(dir, "it's a tree");
  mkdirSync(join(tree, 'node_modules/.bin'), { recursive: true });
  writeFileSync(join(tree, 'node_modules/.bin/node'), '#!/bin/sh\necho "$@"\n');
  chmodSync(join(tree, 'node_modules/.bin/node'), 0o755);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('puts each stand-in where the engine looks for its exact version, and starts it with its arguments', () => {
  const home = join(dir, 'home');
  installStandIns(home, tree);
  installStandIns(home, tree);
  for (const [plugin, entry] of [
    ['resource-hcloud-v1.41.0/pulumi-resource-hcloud', 'lab/plugins/hcloud.ts'],
    ['resource-digitalocean-v4.80.1/pulumi-resource-digitalocean', 'lab/plugins/digitalocean.ts'],
    ['resource-tailscale-v0.29.1/pulumi-resource-tailscale', 'lab/plugins/tailscale.ts'],
    ['resource-command-v1.2.1/pulumi-resource-command', 'lab/plugins/command.ts'],
  ] as const) {
    const answer = execFileSync(join(home, 'plugins', plugin), ['127.0.0.1:1'], { encoding: 'utf8' });
    expect(answer.trim()).toBe(`${join(tree, entry)} 127.0.0.1:1`);
  }
});

it('puts the language host as a real file beside the CLI, and takes a newer CLI over', () => {
  const cli = join(dir, 'cli');
  const bin = join(dir, 'bin');
  writeFileSync(cli, '#!/bin/sh\necho one\n', { mode: 0o755 });
  const installed = installLanguageHost(bin, cli, tree);
  expect(statSync(installed).ino).toBe(statSync(cli).ino);
  expect(installLanguageHost(bin, cli, tree)).toBe(installed);
  expect(lstatSync(join(bin, 'pulumi-language-nodejs')).isFile()).toBe(true);
  expect(execFileSync(join(bin, 'pulumi-language-nodejs'), ['-x'], { encoding: 'utf8' }).trim()).toBe(
    `${join(tree, 'lab/plugins/language-nodejs.ts')} -x`,
  );

  rmSync(cli);
  writeFileSync(cli, '#!/bin/sh\necho another\n', { mode: 0o755 });
  installLanguageHost(bin, cli, tree);
  expect(execFileSync(installed, { encoding: 'utf8' }).trim()).toBe('another');
  expect(existsSync(join(bin, `pulumi.${process.pid}.new`))).toBe(false);
});
