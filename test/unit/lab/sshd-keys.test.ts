import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Release } from '../../../lab/sshd/types.ts';
import { deployKey, drive, login, rootKey, startLab, type Driven, type Lab } from './sshd-fixtures.ts';
import { file, hashOf, release, request } from './sshd-releases.ts';

let lab: Lab;
let host: Driven;
beforeEach(async () => {
  lab = await startLab();
  host = await drive(lab);
});
afterEach(() => lab.sshd.close());

/** Stage and activate over the present connection, confirm over a new one with this key. */
async function roll(wanted: Release, key = deployKey.private): Promise<string> {
  const { json } = await host.run('apply stage', request(wanted));
  const hash = String(json.hash);
  await host.run(`apply activate ${hash} 120`);
  const again = await drive(lab, { key });
  expect((await again.run(`apply confirm ${hash}`)).code).toBe(0);
  again.login.close();
  return hash;
}

describe('the keys that a release lets in', () => {
  const KEYS = '/etc/ssh/authorized_keys.d/ops';
  const keys = (...lines: string[]): Release =>
    release({
      files: {
        '/etc/ssh/sshd_config.d/00-x.conf': file('AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u\n'),
        [KEYS]: file(lines.map((line) => `${line} comment\n`).join('')),
      },
      units: {},
    });
  const enters = (key?: string) =>
    login(lab, key === undefined ? {} : { key }).then(
      (one) => (one.close(), true),
      (error: unknown) => (expect(String(error)).toContain('authentication'), false),
    );

  test('count instead of those of the first boot: rotated over both, the old one is out', async () => {
    expect(await enters(rootKey.private), 'before it has come').toBe(false);
    await roll(keys(deployKey.public, rootKey.public));
    expect([await enters(), await enters(rootKey.private)]).toEqual([true, true]);
    await roll(keys(rootKey.public), rootKey.private);
    expect([await enters(), await enters(rootKey.private)]).toEqual([false, true]);
  });

  test('a release without ours cannot be confirmed, and the old one comes back by itself', async () => {
    const before = await roll(keys(deployKey.public));
    await host.run('apply stage', request(keys(rootKey.public)));
    await host.run(`apply activate ${hashOf(keys(rootKey.public))} 60`);
    expect(await enters()).toBe(false);
    lab.pass(60_000);
    expect((await (await drive(lab)).run('apply status')).json).toMatchObject({ active: before, confirmed: before });
  });

  test('an account that is not there has no keys, whatever stands in its file', async () => {
    const nobody = release({
      files: {
        '/etc/ssh/sshd_config.d/00-x.conf': file(`AuthorizedKeysFile ${KEYS} .ssh/authorized_keys\n`),
        [KEYS]: file(rootKey.public),
      },
      units: {},
    });
    await roll(nobody);
    await expect(login(lab, { user: 'nobody', key: rootKey.private })).rejects.toThrow('authentication');
    expect(await enters(), 'its home counts too when it is named').toBe(true);
  });
});
