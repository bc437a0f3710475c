import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, mesh, type Ended } from './cli.ts';

/** A machine without a Pulumi, without Go, and without the vendor's host. */
let folder: Folder;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  folder = new Folder();
  const made = (name: string): string => {
    const path = join(folder.root, name);
    mkdirSync(path);
    return path;
  };
  const bin = made('bin');
  for (const tool of ['dirname', 'readlink', 'ps']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(bin, tool));
  }
  // Nothing listens on port 9 of loopback: every request through this proxy is refused at once.
  const nowhere = 'http://127.0.0.1:9';
  env = {
    ...folder.env,
    PATH: bin,
    HOME: made('home'),
    XDG_CACHE_HOME: made('cache'),
    HTTPS_PROXY: nowhere,
    https_proxy: nowhere,
    NO_PROXY: undefined,
    no_proxy: undefined,
  };
});
afterAll(() => folder.remove());

/** Files below a folder; empty folders do not count. */
function files(name: string): string[] {
  return readdirSync(join(folder.root, name), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function timed(work: Promise<Ended>): Promise<Ended & { seconds: number }> {
  const began = performance.now();
  return { ...(await work), seconds: (performance.now() - began) / 1000 };
}

test.each([[['engine']], [['try']], [['env', 'staging']]])(
  'without any way to an engine, mesh %j exits 3 within seconds with one message, and leaves nothing',
  async (args) => {
    const ended = await timed(mesh(args, { env }));
    expect(ended.code, ended.text).toBe(3);
    expect(ended.seconds).toBeLessThan(10);
    expect(ended.stderr.match(/^mesh: /gm)).toHaveLength(1);
    expect(ended.stderr).toMatch(/is not here and could not be obtained\. Any one of these ways is enough:/);
    for (const way of ['1. an installed Pulumi', '2. the official download', '3. a build from Go modules']) {
      expect(ended.stderr).toContain(way);
    }
    expect(ended.stderr).toContain('there is no `go` on PATH');
    expect(ended.stderr.match(/needs: /g)).toHaveLength(3);
    expect(ended.text).not.toMatch(/ at .*\.ts:\d+/);
    expect(files('cache')).toEqual([]);
    expect(files('home')).toEqual([]);
    expect(existsSync(folder.lab)).toBe(false);
    expect(await folder.leftovers()).toEqual([]);
  },
);

test('without a way to the daemons of machines it is the same: 3, one message, nothing left', async () => {
  const ended = await mesh(['engine', '--daemons'], { env });
  expect(ended.code, ended.text).toBe(3);
  expect(ended.stdout).toBe('');
  expect(ended.stderr.match(/^mesh: /gm)).toHaveLength(1);
  expect(ended.stderr).toMatch(/^mesh: tailscaled .* with headscale .* is not here[^]*there is no `go` on PATH/m);
  expect(files('cache')).toEqual([]);
});

test('control: what needs no engine works there', async () => {
  const ended = await mesh(['plan', 'staging'], { env });
  expect(ended.code, ended.text).toBe(0);
});

test('control: with a machine that has a way, mesh engine prints the path of an engine and nothing else', async () => {
  const ended = await folder.mesh('engine');
  expect(ended.code, ended.text).toBe(0);
  expect(ended.stdout).toMatch(/^\/.*pulumi\n$/);
  expect(execFileSync(ended.stdout.trim(), ['version'], { encoding: 'utf8' })).toMatch(/^v?3\.259\.0$/m);
});
