import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { syncStack } from '../../../cli/lab/stack.ts';

/**
 * An engine that knows `stack init` and `config set`, and notes what it is asked. "Encrypted" is base64: a test can read it,
 * and a value in plain is still told apart.
 */
const ENGINE = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from '${import.meta.resolve('yaml')}';
const args = process.argv.slice(2);
appendFileSync(process.env.MESH_TEST_CALLS, JSON.stringify(args) + '\\n');
if (args[0] === 'stack') {
  const folder = fileURLToPath(process.env.PULUMI_BACKEND_URL) + '/.pulumi/stacks/site-mesh';
  mkdirSync(folder, { recursive: true });
  const latest = { secrets_providers: { state: { salt: 'v1:salt' } } };
  writeFileSync(folder + '/' + args[2] + '.json', JSON.stringify({ checkpoint: { latest } }));
} else {
  const path = process.env.PULUMI_OPTION_CONFIG_FILE;
  const file = parse(readFileSync(path, 'utf8'));
  const value = { secure: Buffer.from(readFileSync(0, 'utf8')).toString('base64') };
  const key = args.at(-1);
  const member = args.includes('--path') ? /^(.*)\\["(.*)"\\]$/.exec(key) : null;
  if (member === null) file.config[key] = value;
  else file.config[member[1]] = { ...file.config[member[1]], [member[2]]: value };
  writeFileSync(path, stringify(file));
}
`;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-stack-'));
  mkdirSync(join(dir, 'bin'));
  writeFileSync(join(dir, 'engine.mjs'), ENGINE);
  const run = `MESH_TEST_CALLS=${dir}/calls exec node ${dir}/engine.mjs "$@"`;
  writeFileSync(join(dir, 'bin', 'pulumi'), `#!/bin/sh\n${run}\n`);
  chmodSync(join(dir, 'bin', 'pulumi'), 0o755);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const TOKENS = {
  'hcloud:token': 'token-default',
  'site-mesh:accountTokens["eu.1"]': 'token-eu',
  'site-mesh:accountTokens["us"]': 'token-us',
};
const overlay = (secrets: Record<string, string> = TOKENS) => ({
  plain: { 'hcloud:endpoint': 'http://127.0.0.1:1' },
  secrets,
});
const tracked = (config: Record<string, unknown>) => ({
  stack: 'prod',
  path: '',
  config: { 'site-mesh:network': { name: 'acme' }, ...config },
});
const calls = (): string[][] =>
  readFileSync(join(dir, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
const written = (): Record<string, unknown> =>
  (parse(readFileSync(join(dir, 'Pulumi.prod.yaml'), 'utf8')) as { config: Record<string, unknown> }).config;
const encrypted = (text: string) => ({ secure: Buffer.from(text).toString('base64') });

test('secrets of a mapping are set one by one, on stdin, and kept while they are the same', async () => {
  await syncStack(dir, tracked({}), overlay());
  const expected = {
    'site-mesh:network': { name: 'acme' },
    'hcloud:endpoint': 'http://127.0.0.1:1',
    'hcloud:token': encrypted('token-default'),
    'site-mesh:accountTokens': { 'eu.1': encrypted('token-eu'), us: encrypted('token-us') },
  };
  expect(written()).toEqual(expected);
  expect(calls().slice(1)).toEqual([
    ['config', 'set', '--secret', 'hcloud:token'],
    ['config', 'set', '--secret', '--path', 'site-mesh:accountTokens["eu.1"]'],
    ['config', 'set', '--secret', '--path', 'site-mesh:accountTokens["us"]'],
  ]);
  await syncStack(dir, tracked({}), overlay());
  expect(written()).toEqual(expected);
  expect(calls()).toHaveLength(4);
});

test('a token that changes or goes is told by the fingerprint, and all are set anew', async () => {
  await syncStack(dir, tracked({}), overlay());
  await syncStack(dir, tracked({}), overlay({ ...TOKENS, 'site-mesh:accountTokens["us"]': 'another' }));
  expect(written()['site-mesh:accountTokens']).toEqual({ 'eu.1': encrypted('token-eu'), us: encrypted('another') });
  await syncStack(
    dir,
    tracked({}),
    overlay({ 'hcloud:token': 'token-default', 'site-mesh:accountTokens["us"]': 'another' }),
  );
  expect(written()['site-mesh:accountTokens']).toEqual({ us: encrypted('another') });
  await syncStack(dir, tracked({}), overlay({ 'hcloud:token': 'token-default' }));
  expect(written()).not.toHaveProperty('site-mesh:accountTokens');
});

test('secrets of the tracked file, encrypted for another salt, are left out, in mappings too', async () => {
  const theirs = {
    'hcloud:token': encrypted('theirs'),
    'site-mesh:accountTokens': { old: encrypted('theirs'), us: encrypted('theirs') },
  };
  await syncStack(dir, tracked(theirs), overlay({ 'site-mesh:accountTokens["us"]': 'ours' }));
  expect(written()).not.toHaveProperty('hcloud:token');
  expect(written()['site-mesh:accountTokens']).toEqual({ us: encrypted('ours') });
  await syncStack(dir, tracked(theirs), overlay({ 'site-mesh:sshPrivateKey': 'x' }));
  expect(written()).not.toHaveProperty('site-mesh:accountTokens');
});
