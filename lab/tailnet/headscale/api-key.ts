import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { hash } from 'bcryptjs';
import type { HeadscalePaths } from './config.ts';

const exec = promisify(execFile);

/** The lab's own key to its own control server: as long as a lab lives. */
const KEY_LIFE = '87600h';
/** `hskey-api-PREFIX-SECRET`; the prefix is kept in plain, of the secret a hash. */
const KEY = /^hskey-api-([\w-]{12})-([\w-]{64})$/;
/** The lowest that bcrypt has: slowness guards words that people choose, and these are 64 random characters. */
const COST = 4;
/** The server writes to its database too. */
const LOCKED_MS = 5000;

/** The lab's key, made over the server's own socket at the first start; undefined while that does not answer. */
export async function apiKeyOf(binary: string, paths: HeadscalePaths): Promise<string | undefined> {
  if (existsSync(paths.apiKey)) return readFileSync(paths.apiKey, 'utf8');
  if (!existsSync(paths.socket)) return undefined;
  const made = await exec(binary, ['--config', paths.config, 'apikeys', 'create', '--expiration', KEY_LIFE]).catch(
    () => undefined,
  );
  if (made === undefined) return undefined;
  const key = made.stdout.trim().split('\n').at(-1) ?? '';
  await makeQuick(paths.database, key);
  writeFileSync(paths.apiKey, key, { mode: 0o600 });
  return key;
}

/**
 * Every request is held against the key's hash, and at the server's cost of 10 that is 60 ms of a processor (measured with
 * 0.29.3): most of what a control server does in a lab. It reads the hash anew each time.
 * @throws Error when keys are kept in another way than 0.29.3 does
 */
async function makeQuick(database: string, key: string): Promise<void> {
  const [, prefix, secret] = KEY.exec(key) ?? [];
  if (prefix === undefined || secret === undefined) throw new Error('headscale answers with a key of another form');
  const db = new DatabaseSync(database, { timeout: LOCKED_MS });
  try {
    const row = db.prepare('UPDATE api_keys SET hash = ? WHERE prefix = ?');
    const { changes } = row.run(Buffer.from(await hash(secret, COST)), prefix);
    if (changes !== 1) throw new Error('headscale keeps its keys in another way');
  } finally {
    db.close();
  }
}
