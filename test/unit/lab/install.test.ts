import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installLanguageHost, installPlugins } from '../../../lab/plugins/install.ts';
import { officialLanguageHost, officialPlugin, officialWanted } from '../../../lab/plugins/official.ts';

const NONE = new Set<string>();
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
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

it('puts each stand-in where the engine looks for its exact version, and starts it with its arguments', () => {
  const home = join(dir, 'home');
  installPlugins(home, tree, NONE);
  installPlugins(home, tree, NONE);
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
  const installed = installLanguageHost(bin, cli, tree, NONE);
  expect(statSync(installed).ino).toBe(statSync(cli).ino);
  expect(installLanguageHost(bin, cli, tree, NONE)).toBe(installed);
  expect(lstatSync(join(bin, 'pulumi-language-nodejs')).isFile()).toBe(true);
  expect(execFileSync(join(bin, 'pulumi-language-nodejs'), ['-x'], { encoding: 'utf8' }).trim()).toBe(
    `${join(tree, 'lab/plugins/language-nodejs.ts')} -x`,
  );

  rmSync(cli);
  writeFileSync(cli, '#!/bin/sh\necho another\n', { mode: 0o755 });
  installLanguageHost(bin, cli, tree, NONE);
  expect(execFileSync(installed, { encoding: 'utf8' }).trim()).toBe('another');
  expect(existsSync(join(bin, `pulumi.${process.pid}.new`))).toBe(false);
});

describe('official plugins', () => {
  const KNOWN = ['hcloud', 'tailscale'];
  /** A folder as `pulumi plugin install` fills it. */
  const folder = (...files: string[]): string => {
    const plugins = join(dir, 'plugins');
    for (const file of files) {
      mkdirSync(join(plugins, file, '..'), { recursive: true });
      writeFileSync(join(plugins, file), `#!/bin/sh\necho official ${file}\n`, { mode: 0o755 });
    }
    vi.stubEnv('MESH_PLUGIN_DIR', plugins);
    return plugins;
  };
  const run = (file: string): string => execFileSync(file, { encoding: 'utf8' }).trim();

  it.each([
    [undefined, []],
    ['', []],
    ['official', ['official', 'hcloud', 'tailscale']],
    ['tailscale,nodejs', ['tailscale', 'nodejs']],
  ])('MESH_PLUGINS=%s wants %j', (said, wanted) => {
    expect([...officialWanted(KNOWN, { MESH_PLUGINS: said })]).toEqual(wanted);
  });

  it('of another name are refused, with the names that there are', () => {
    expect(() => officialWanted(KNOWN, { MESH_PLUGINS: 'hcluod' })).toThrow(
      /hcluod.*"official".*hcloud, tailscale, nodejs/,
    );
  });

  it('take the place of the stand-ins that they are wanted for, and give it back', () => {
    folder('resource-hcloud-v1.41.0/pulumi-resource-hcloud', 'pulumi-resource-tailscale');
    const home = join(dir, 'home');
    const [hcloud, tailscale] = [
      join(home, 'plugins/resource-hcloud-v1.41.0/pulumi-resource-hcloud'),
      join(home, 'plugins/resource-tailscale-v0.29.1/pulumi-resource-tailscale'),
    ];
    installPlugins(home, tree, new Set(['hcloud']));
    expect([run(hcloud), run(tailscale)]).toEqual([
      'official resource-hcloud-v1.41.0/pulumi-resource-hcloud',
      join(tree, 'lab/plugins/tailscale.ts'),
    ]);
    installPlugins(home, tree, new Set(['tailscale']));
    expect([run(hcloud), run(tailscale)]).toEqual([
      join(tree, 'lab/plugins/hcloud.ts'),
      'official pulumi-resource-tailscale',
    ]);
  });

  it('that are missing, or there in another version only, are an error that says how to get them', () => {
    const plugins = folder('resource-hcloud-v1.40.0/pulumi-resource-hcloud');
    expect(() => installPlugins(join(dir, 'home'), tree, new Set(['hcloud']))).toThrow(
      `the official plugin hcloud 1.41.0 is not in ${plugins}: "pulumi plugin install resource hcloud 1.41.0"`,
    );
    expect(officialPlugin('hcloud', '1.40.0').path).toBe(
      join(plugins, 'resource-hcloud-v1.40.0/pulumi-resource-hcloud'),
    );
  });

  it('are looked for in the user’s own home, not in the PULUMI_HOME of a lab', () => {
    const env = { PULUMI_HOME: '/a/lab/pulumi-home' };
    expect(officialPlugin('hcloud', '1.41.0', env).folder).toMatch(/\/\.pulumi\/plugins$/);
  });

  it('come with a language host: the folder’s, or the one beside the user’s pulumi; ours where there is none', () => {
    const bin = join(dir, 'user-bin');
    mkdirSync(bin);
    const env = { MESH_PLUGIN_DIR: join(dir, 'plugins'), PATH: bin };
    expect(officialLanguageHost(new Set(['official']), env)).toBeUndefined();
    expect(() => officialLanguageHost(new Set(['nodejs']), env)).toThrow('pulumi-language-nodejs is in none of');
    for (const file of ['pulumi', 'pulumi-language-nodejs']) writeFileSync(join(bin, file), '', { mode: 0o755 });
    expect(officialLanguageHost(new Set(['official']), env)).toBe(join(bin, 'pulumi-language-nodejs'));
    expect(officialLanguageHost(new Set(['hcloud']), env)).toBeUndefined();
    const plugins = folder('pulumi-language-nodejs');
    expect(officialLanguageHost(new Set(['nodejs']), env)).toBe(join(plugins, 'pulumi-language-nodejs'));
    const cli = join(dir, 'cli');
    writeFileSync(cli, '#!/bin/sh\n', { mode: 0o755 });
    installLanguageHost(join(dir, 'bin'), cli, tree, new Set(['nodejs']));
    expect(run(join(dir, 'bin/pulumi-language-nodejs'))).toBe('official pulumi-language-nodejs');
  });
});
