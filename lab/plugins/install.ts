import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { needOfficialPlugin, officialLanguageHost, officialWanted } from './official.ts';

/** Versions of the SDKs in package.json: the engine looks plugins up by exactly these. */
const STAND_INS = [
  { name: 'hcloud', version: '1.41.0', entry: 'lab/plugins/hcloud.ts' },
  { name: 'digitalocean', version: '4.80.1', entry: 'lab/plugins/digitalocean.ts' },
  { name: 'tailscale', version: '0.29.1', entry: 'lab/plugins/tailscale.ts' },
  { name: 'command', version: '1.2.1', entry: 'lab/plugins/command.ts' },
] as const;

/** A value as one word of sh. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Written aside and renamed: an engine that starts meanwhile sees the old file or the new one. */
function writeExecutable(path: string, lines: readonly string[]): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${lines.join('\n')}\n`);
  chmodSync(draft, 0o755);
  renameSync(draft, path);
}

/** `exec` keeps one process, so that the engine's signals reach the plugin itself. */
function launcher(treeRoot: string, entry: string): string[] {
  return ['#!/bin/sh', `exec ${quote(join(treeRoot, 'node_modules/.bin/node'))} ${quote(join(treeRoot, entry))} "$@"`];
}

/** The official plugins that MESH_PLUGINS asks for, by name. */
export const officialNames = (): Set<string> => officialWanted(STAND_INS.map(({ name }) => name));

/**
 * Fills the plugin cache of a PULUMI_HOME for the versions that the SDKs ask for: stand-ins as real executables, or the
 * official plugins that are wanted. Safe to repeat and to run twice at once.
 * @param treeRoot checkout with node_modules; the stand-ins run from there
 * @throws Error that says how to get an official plugin that is wanted and not there
 */
export function installPlugins(pulumiHome: string, treeRoot: string, official: ReadonlySet<string>): void {
  for (const { name, version, entry } of STAND_INS) {
    const dir = join(pulumiHome, 'plugins', `resource-${name}-v${version}`);
    const file = join(dir, `pulumi-resource-${name}`);
    mkdirSync(dir, { recursive: true });
    if (official.has(name)) placeFile(needOfficialPlugin(name, version), file);
    else writeExecutable(file, launcher(treeRoot, entry));
    // The engine takes a cache directory for half installed while this marker of its own is beside it.
    rmSync(`${dir}.partial`, { force: true });
  }
}

function sameFile(a: string, b: string): boolean {
  if (!existsSync(b)) return false;
  const [one, other] = [statSync(a), statSync(b)];
  return (one.ino === other.ino && one.dev === other.dev) || (one.size === other.size && one.mtimeMs <= other.mtimeMs);
}

/** A program under another path: one file of two names where that works, so that it costs no room. */
function placeFile(from: string, to: string): void {
  if (sameFile(from, to)) return;
  const draft = `${to}.${process.pid}.new`;
  rmSync(draft, { force: true });
  try {
    linkSync(from, draft);
  } catch {
    // Another file system.
    copyFileSync(from, draft);
    chmodSync(draft, 0o755);
  }
  renameSync(draft, to);
}

/**
 * Makes `binDir` hold the CLI and, beside it, the language host as a real file: the engine resolves symbolic links before
 * it looks beside itself, and warns about a language host from PATH. The host is ours, unless the official one is wanted.
 * @returns path of the CLI to run
 */
export function installLanguageHost(
  binDir: string,
  cliPath: string,
  treeRoot: string,
  official: ReadonlySet<string>,
): string {
  mkdirSync(binDir, { recursive: true });
  const cli = join(binDir, 'pulumi');
  placeFile(cliPath, cli);
  const host = join(binDir, 'pulumi-language-nodejs');
  const theirs = officialLanguageHost(official);
  if (theirs === undefined) writeExecutable(host, launcher(treeRoot, 'lab/plugins/language-nodejs.ts'));
  else placeFile(theirs, host);
  return cli;
}
