import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { getRounds } from 'bcryptjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { obtainDaemons } from '../../../engine/daemons/index.ts';
import { ACME } from '../../unit/lab/tailnet-fixtures.ts';
import { DAEMONS, describeWith, NETWORKS } from '../requirements.ts';
import { Ground, type Server } from './bench.ts';

describeWith([...NETWORKS, ...DAEMONS], 'the lab’s key to its control server', () => {
  let ground: Ground;
  let server: Server;
  beforeAll(async () => {
    ground = await Ground.make();
    server = await ground.server(ACME.name);
  }, 900_000);
  afterAll(async () => {
    await server.close();
    await ground.close();
  });

  /** Rounds of bcrypt, as a power of two, that the server spends on each request with a key. */
  function rounds(key: string): number {
    const db = new DatabaseSync(server.paths.database, { readOnly: true });
    const row = db
      .prepare('SELECT hash FROM api_keys WHERE prefix = ?')
      .get(/^hskey-api-(.{12})-/.exec(key)?.[1] ?? '');
    db.close();
    return getRounds(Buffer.from(row?.hash as Uint8Array).toString());
  }

  test('is checked at once, and checked: another one is refused', async () => {
    const key = readFileSync(server.paths.apiKey, 'utf8');
    expect(rounds(key)).toBe(4);
    expect(await server.as(key).nodes()).toEqual([]);
    const other = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
    await expect(server.as(other).nodes()).rejects.toThrow(/401|unauthorized/i);
  });

  test('control: a key as the server makes it costs 64 times as much', async () => {
    const { headscale } = await obtainDaemons({ onProgress: () => undefined });
    const made = execFileSync(headscale, ['--config', server.paths.config, 'apikeys', 'create'], { encoding: 'utf8' });
    expect(rounds(made.trim())).toBe(10);
  });
});
