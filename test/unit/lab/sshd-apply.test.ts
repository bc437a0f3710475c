import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateKey, publicLine, usablePrivateKey } from '../../../lab/sshd/keys.ts';
import type { KeyType, Release } from '../../../lab/sshd/types.ts';
import { bootstrapKey, drive, login, server, startLab, userData, type Driven, type Lab } from './sshd-fixtures.ts';
import { file, hashOf, release, request } from './sshd-releases.ts';

let lab: Lab;
let host: Driven;
beforeEach(async () => {
  lab = await startLab();
  host = await drive(lab);
});
afterEach(() => lab.sshd.close());

/** Stage and activate over the present connection, confirm over a new one. */
async function roll(wanted: Release, part: Record<string, unknown> = {}, hostKey?: string): Promise<string> {
  const { json } = await host.run('apply stage', request(wanted, part));
  const hash = String(json.hash);
  await host.run(`apply activate ${hash} 120`);
  const again = await drive(lab, hostKey === undefined ? {} : { hostKey });
  expect((await again.run(`apply confirm ${hash}`)).code).toBe(0);
  again.login.close();
  return hash;
}

describe('activate and confirm', () => {
  test('an activated release is live, and confirmed only over a new connection', async () => {
    const hash = hashOf(release());
    await host.run('apply stage', request(release()));
    const activated = await host.run(`apply activate ${hash} 120`);
    expect(activated.json).toEqual({
      active: hash,
      previous: null,
      revertInSeconds: 120,
      restarted: ['site-mesh-a.service', 'ssh.service'],
    });
    expect((await host.run('apply status')).json).toMatchObject({
      active: hash,
      live: hash,
      confirmed: null,
      pendingRevert: true,
    });
    expect(await host.run(`apply confirm ${hash}`)).toMatchObject({
      code: 4,
      json: { error: { code: 'same-connection' } },
    });
    const other = await drive(lab);
    const confirmed = await other.run(`apply confirm ${hash}`);
    expect(confirmed).toMatchObject({
      code: 0,
      json: { confirmed: hash, hostKey: expect.stringMatching(/^ssh-ed25519 AAAA/) as string },
    });
    expect((await other.run('apply status')).json).toMatchObject({ confirmed: hash, pendingRevert: false });
    expect((await host.run(`apply confirm ${hash}`)).code).toBe(0);
  });

  test('only staged releases are activated, and only the active one is confirmed', async () => {
    const hash = hashOf(release());
    expect(await host.run(`apply activate ${hash} 120`)).toMatchObject({
      code: 4,
      json: { error: { code: 'not-staged' } },
    });
    expect(await host.run(`apply confirm ${hash}`)).toMatchObject({ code: 4, json: { error: { code: 'not-active' } } });
    await roll(release());
    expect(await host.run(`apply confirm ${'0'.repeat(64)}`)).toMatchObject({
      code: 4,
      json: { error: { code: 'not-active' } },
    });
  });

  test.each(['x 120', `${'0'.repeat(63)} 120`, 'HASH 9', 'HASH 3601', 'HASH 1e2', 'HASH -20'])(
    'refuses the arguments "%s"',
    async (args) => {
      const hash = hashOf(release());
      await host.run('apply stage', request(release()));
      expect((await host.run(`apply activate ${args.replace('HASH', hash)}`)).code).toBe(2);
      expect((await host.run(`apply activate ${hash} 10`)).code).toBe(0);
    },
  );

  test('the next release restarts what its changes touch, and removes what it lacks', async () => {
    const first = await roll(release());
    const next = release({ files: { '/etc/site-mesh/a.conf': file('a\n') } });
    const { json } = await host.run('apply stage', request(next));
    expect(json.changed).toEqual(['/etc/site-mesh/b.nft']);
    expect((await host.run(`apply activate ${String(json.hash)} 120`)).json).toMatchObject({
      previous: first,
      restarted: [],
    });
    const changed = release({ files: { '/etc/site-mesh/a.conf': file('A\n') } });
    const second = await host.run('apply stage', request(changed));
    expect((await host.run(`apply activate ${String(second.json.hash)} 120`)).json).toMatchObject({
      previous: json.hash,
      restarted: ['site-mesh-a.service'],
    });
  });

  test('a unit that is not enabled is not started, one that is becomes started', async () => {
    const unit = (enabled: boolean) => release({ units: { 'a.timer': { enabled, onChange: 'restart', watches: [] } } });
    await roll(unit(false));
    const { json } = await host.run('apply stage', request(unit(true)));
    expect((await host.run(`apply activate ${String(json.hash)} 60`)).json.restarted).toEqual(['a.timer']);
    const off = await host.run('apply stage', request(unit(false)));
    expect((await host.run(`apply activate ${String(off.json.hash)} 60`)).json.restarted).toEqual([]);
  });

  test('releases that nothing goes back to are dropped at a confirmation', async () => {
    const hashes = [];
    for (const content of ['1', '2', '3'])
      hashes.push(await roll(release({ files: { '/etc/a': file(content) }, units: {} })));
    expect(await host.run(`apply activate ${String(hashes[0])} 60`)).toMatchObject({
      code: 4,
      json: { error: { code: 'not-staged' } },
    });
    expect((await host.run(`apply activate ${String(hashes[1])} 60`)).code).toBe(0);
  });

  test('a node that goes while a release waits makes its data path fail; one that was gone before does not', async () => {
    await roll(release());
    const settings = { hostname: 'a', advertiseRoutes: [], acceptRoutes: true, snat: true, ssh: false };
    const join = { ...settings, authKey: 'key-1', loginServer: null, tags: [], tailnet: null };
    const nodeId = String((await host.run('node join', join)).json.nodeId);
    const hostKey = String((await host.run('apply status')).json.hostKey);
    const next = release({ files: { '/etc/a': file('') }, units: {} });
    const hash = await roll(next, {}, hostKey);
    await host.run('apply stage', request(next));
    await host.run(`apply activate ${hash} 60`);
    lab.tailnet.remove(nodeId);
    const other = await drive(lab, { hostKey });
    expect(await other.run(`apply confirm ${hash}`)).toMatchObject({
      code: 3,
      json: { error: { code: 'check-failed' } },
    });
    expect((await other.run('apply status')).json).toMatchObject({ pendingRevert: true });
    lab.pass(61_000); // the timer
    expect(await roll(next, {}, hostKey)).toBe(hash);
  });

  test('what was not run is told once per host, in words', async () => {
    await roll(release());
    await roll(release());
    const told = lab.sshd.unexecuted().map(({ what }) => what);
    expect(told).toContain('package tailscale 1.102.3 was not installed');
    expect(told).toContain('unit site-mesh-a.service was not started');
    expect(new Set(told).size).toBe(told.length);
  });
});

describe('the revert timer', () => {
  const worse = release({ files: { '/etc/site-mesh/a.conf': file('worse\n') }, units: {} });

  test('an unconfirmed release gives way to the confirmed one when its time is up, not before', async () => {
    const good = await roll(release());
    const { json } = await host.run('apply stage', request(worse));
    await host.run(`apply activate ${String(json.hash)} 120`);
    lab.pass(119_999);
    expect((await host.run('apply status')).json).toMatchObject({
      active: json.hash,
      confirmed: good,
      pendingRevert: true,
    });
    lab.pass(1);
    expect((await host.run('apply status')).json).toEqual(
      expect.objectContaining({ active: good, confirmed: good, live: good, drift: [], pendingRevert: false }),
    );
    expect((await host.run(`apply confirm ${String(json.hash)}`)).code).toBe(4);
  });

  test('a confirmed release stays', async () => {
    const hash = await roll(release());
    lab.pass(1_000_000);
    expect((await host.run('apply status')).json).toMatchObject({ active: hash, live: hash });
  });

  test('an unconfirmed first release leaves what was there before: nothing', async () => {
    const { json } = await host.run('apply stage', request(release()));
    await host.run(`apply activate ${String(json.hash)} 10`);
    lab.pass(10_000);
    expect((await host.run('apply status')).json).toMatchObject({ active: null, confirmed: null, live: null });
    expect((await host.run('apply stage', request(release()))).json.changed).toHaveLength(2);
  });

  test('two unconfirmed releases in a row give way to the last confirmed one', async () => {
    const good = await roll(release());
    for (const content of ['x', 'y']) {
      const { json } = await host.run(
        'apply stage',
        request(release({ files: { '/etc/x': file(content) }, units: {} })),
      );
      await host.run(`apply activate ${String(json.hash)} 60`);
    }
    lab.pass(60_000);
    expect((await host.run('apply status')).json).toMatchObject({ active: good, live: good });
  });

  test('it goes on while the server is off and while nobody looks', async () => {
    const { json } = await host.run('apply stage', request(release()));
    await host.run(`apply activate ${String(json.hash)} 60`);
    const up = lab.servers[0];
    if (up) lab.servers[0] = { ...up, running: false };
    lab.pass(60_000);
    if (up) lab.servers[0] = up;
    expect((await (await drive(lab)).run('apply status')).json).toMatchObject({ active: null });
  });

  test('a release that locks the deploying account out cannot be confirmed, and opens again by itself', async () => {
    const lockout = release({
      files: { '/etc/ssh/sshd_config.d/00-x.conf': file('AllowUsers somebody\n') },
      units: {},
    });
    const { json } = await host.run('apply stage', request(lockout));
    await host.run(`apply activate ${String(json.hash)} 60`);
    await expect(login(lab)).rejects.toThrow('authentication');
    lab.pass(60_000);
    (await login(lab)).close();
    const open = release({ files: { '/etc/ssh/sshd_config.d/00-x.conf': file('AllowUsers ops\n') }, units: {} });
    await roll(open);
  });
});

describe('drift and restore', () => {
  test('an edited file, a changed package and a stopped unit are drift; an untouched host has none', async () => {
    const hash = await roll(release());
    expect((await host.run('apply status')).json).toMatchObject({ live: hash, drift: [] });
    const disks = lab.store.collection<{ files: object; packages: object; units: object }>('host-disks');
    const disk = disks.get('hetzner-1001');
    disks.put('hetzner-1001', {
      ...disk,
      files: { ...disk?.files, '/etc/site-mesh/a.conf': file('edited\n') },
      packages: { tailscale: '1.0' },
      units: {},
    });
    const { json } = await host.run('apply status');
    expect(json.live).not.toBe(hash);
    expect(json.drift).toEqual(['/etc/site-mesh/a.conf', 'package tailscale', 'unit site-mesh-a.service']);
    await roll(release());
    expect((await host.run('apply status')).json).toMatchObject({ live: hash, drift: [] });
  });

  test('restore takes every file of the release away, once', async () => {
    await roll(release({ files: { '/etc/c': file('c') }, units: {} }));
    await roll(release());
    const paths = ['/etc/site-mesh/a.conf', '/etc/site-mesh/b.nft'];
    expect((await host.run('apply restore')).json).toEqual({ restored: paths, kept: [] });
    expect((await host.run('apply restore')).json).toEqual({ restored: [], kept: [] });
    expect((await host.run('apply status')).json).toMatchObject({ active: null, confirmed: null });
  });
});

describe('host keys', () => {
  test('the first release makes an ed25519 key; the bootstrap key goes at the confirmation that says so', async () => {
    expect((await host.run('facts')).json.hostKeys).toMatchObject({ ed25519: null });
    await roll(release());
    const hostKey = String((await host.run('apply status')).json.hostKey);
    (await login(lab, { hostKey })).close();
    (await login(lab, { hostKey: bootstrapKey.public })).close();
    await roll(release(), { retireBootstrapKey: true }, hostKey);
    (await login(lab, { hostKey })).close();
    await expect(login(lab)).rejects.toThrow('no matching host key format');
  });

  test('restore offers the bootstrap key again', async () => {
    await roll(release());
    const hostKey = String((await host.run('apply status')).json.hostKey);
    await roll(release(), { retireBootstrapKey: true }, hostKey);
    expect((await host.run('facts')).json.hostKeys).toEqual({ ed25519: hostKey, ecdsa: null });
    expect((await host.run('apply restore')).json.restored).toContain('/etc/ssh/ssh_host_ecdsa_key');
    (await login(lab)).close();
  });

  test('a key that nobody brought by user_data is not retired', async () => {
    lab.servers[0] = server({ id: 'hetzner-1002', userData: userData.slice(0, userData.indexOf('ssh_keys:')) });
    const hostKeys = lab.store.collection<{ hostKeys: Partial<Record<KeyType, string>> }>('hosts');
    await expect(login(lab)).rejects.toThrow('verification');
    const hostKey = publicLine(hostKeys.get('hetzner-1002')?.hostKeys.ecdsa) ?? '';
    host = await drive(lab, { hostKey });
    await roll(release(), { retireBootstrapKey: true }, hostKey);
    (await login(lab, { hostKey })).close();
  });

  test('the key stays over later releases', async () => {
    await roll(release());
    const { hostKey } = (await host.run('apply status')).json;
    await roll(release({ packages: {} }));
    expect((await host.run('apply status')).json.hostKey).toBe(hostKey);
  });
});

test('every key that the lab makes can be read again', () => {
  for (let count = 0; count < 1000; count += 1)
    expect(usablePrivateKey(generateKey('ed25519'), 'ed25519')).toBeDefined();
});
