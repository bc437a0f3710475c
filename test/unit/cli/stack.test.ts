import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { syncStack } from '../../../cli/lab/stack.ts';

const PASSPHRASE = 'five small words';
const SALT = randomBytes(8);
const KEY = pbkdf2Sync(PASSPHRASE, SALT, 1_000_000, 32, 'sha256');

function sealed(text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
  const parts = [cipher.update(text), cipher.final(), cipher.getAuthTag()];
  return `v1:${nonce.toString('base64')}:${Buffer.concat(parts).toString('base64')}`;
}

function opened(value: string): string {
  const [version, nonce = '', text = ''] = value.split(':');
  expect(version).toBe('v1');
  const all = Buffer.from(text, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(nonce, 'base64'));
  decipher.setAuthTag(all.subarray(-16));
  return decipher.update(all.subarray(0, -16)).toString() + decipher.final().toString();
}

/** An engine that knows `stack init`, and notes what it is asked. */
const ENGINE = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const args = process.argv.slice(2);
appendFileSync(process.env.MESH_TEST_CALLS, args.join(' ') + '\\n');
const folder = fileURLToPath(process.env.PULUMI_BACKEND_URL) + '/.pulumi/stacks/site-mesh';
mkdirSync(folder, { recursive: true });
const latest = { secrets_providers: { state: { salt: process.env.MESH_TEST_SALT } } };
writeFileSync(folder + '/' + args[2] + '.json', JSON.stringify({ checkpoint: { latest } }));
`;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-stack-'));
  mkdirSync(join(dir, 'bin'));
  writeFileSync(join(dir, 'engine.mjs'), ENGINE);
  writeFileSync(join(dir, 'passphrase'), PASSPHRASE);
  salted(`v1:${SALT.toString('base64')}:${sealed('pulumi')}`);
});
function salted(state: string): void {
  const run = `MESH_TEST_CALLS=${dir}/calls MESH_TEST_SALT=${state} exec node ${dir}/engine.mjs "$@"`;
  writeFileSync(join(dir, 'bin', 'pulumi'), `#!/bin/sh\n${run}\n`);
  chmodSync(join(dir, 'bin', 'pulumi'), 0o755);
}
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
type Config = Record<string, unknown>;
const written = (): Config => (parse(readFileSync(join(dir, 'Pulumi.prod.yaml'), 'utf8')) as { config: Config }).config;
/** What is encrypted comes out in angle brackets. */
const read = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value;
  if ('secure' in value) return `<${opened(String(value.secure))}>`;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, read(inner)]));
};
const config = (): Config => read(written()) as Config;

test('secrets are encrypted as the engine does it, of a mapping one by one, and kept while they are the same', async () => {
  await syncStack(dir, tracked({}), overlay());
  expect(config()).toEqual({
    'site-mesh:network': { name: 'acme' },
    'hcloud:endpoint': 'http://127.0.0.1:1',
    'hcloud:token': '<token-default>',
    'site-mesh:accountTokens': { 'eu.1': '<token-eu>', us: '<token-us>' },
  });
  const first = written();
  await syncStack(dir, tracked({}), overlay());
  expect(written()).toEqual(first);
  expect(readFileSync(join(dir, 'calls'), 'utf8')).toBe('stack init prod --no-select\n');
});

test.each([
  ['of another passphrase', () => writeFileSync(join(dir, 'passphrase'), 'other'), 'the passphrase is not the one'],
  ['of another time', () => salted('v2:x'), 'version v2'],
])('secrets %s end with the reason, and nothing is written', async (_, change, why) => {
  change();
  await expect(syncStack(dir, tracked({}), overlay())).rejects.toThrow(why);
  expect(existsSync(join(dir, 'Pulumi.prod.yaml'))).toBe(false);
});

test('a token that changes or goes is told by the fingerprint, and all are set anew', async () => {
  await syncStack(dir, tracked({}), overlay());
  await syncStack(dir, tracked({}), overlay({ ...TOKENS, 'site-mesh:accountTokens["us"]': 'another' }));
  expect(config()['site-mesh:accountTokens']).toEqual({ 'eu.1': '<token-eu>', us: '<another>' });
  await syncStack(
    dir,
    tracked({}),
    overlay({ 'hcloud:token': 'token-default', 'site-mesh:accountTokens["us"]': 'another' }),
  );
  expect(config()['site-mesh:accountTokens']).toEqual({ us: '<another>' });
  await syncStack(dir, tracked({}), overlay({ 'hcloud:token': 'token-default' }));
  expect(written()).not.toHaveProperty('site-mesh:accountTokens');
});

test('secrets of the tracked file, encrypted for another salt, are left out, in mappings too', async () => {
  const theirs = {
    'hcloud:token': { secure: 'v1:theirs' },
    'site-mesh:accountTokens': { old: { secure: 'v1:theirs' }, us: { secure: 'v1:theirs' } },
  };
  await syncStack(dir, tracked(theirs), overlay({ 'site-mesh:accountTokens["us"]': 'ours' }));
  expect(written()).not.toHaveProperty('hcloud:token');
  expect(config()['site-mesh:accountTokens']).toEqual({ us: '<ours>' });
  await syncStack(dir, tracked(theirs), overlay({ 'site-mesh:sshPrivateKey': 'x' }));
  expect(written()).not.toHaveProperty('site-mesh:accountTokens');
});
