import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configPath, loadConfig, readConfig } from '../../../lab/api/config.ts';
import { ensureTenant } from '../../../lab/api/tenants.ts';
import { controlAddress, tailnetNames } from '../../../lab/machines/types.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-config-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('lab.json', () => {
  it('is made once, for the owner alone, and stays what it is', async () => {
    const first = await loadConfig(dir);
    expect(statSync(configPath(dir)).mode & 0o777).toBe(0o600);
    expect(await loadConfig(dir)).toEqual(first);
    expect(readConfig(dir)).toEqual(first);
    expect(readdirSync(dir)).toEqual(['lab.json']);
  });

  it('is the same one for everybody who makes it at once', async () => {
    const configs = await Promise.all(Array.from({ length: 6 }, () => loadConfig(dir)));
    expect(new Set(configs.map((config) => JSON.stringify(config))).size).toBe(1);
    expect(readdirSync(dir)).toEqual(['lab.json']);
  });

  it('differs between labs in everything that tells them apart', async () => {
    const other = mkdtempSync(join(tmpdir(), 'mesh-config-'));
    try {
      const [one, two] = [await ensureTenant(dir, 'staging', 'acme'), await ensureTenant(other, 'staging', 'acme')];
      expect(one.tenant.hcloudToken).not.toBe(two.tenant.hcloudToken);
      expect(one.tenant.tailscale.oauthClientSecret).not.toBe(two.tenant.tailscale.oauthClientSecret);
      const [a, b] = [await loadConfig(dir), await loadConfig(other)];
      expect(a.labToken).not.toBe(b.labToken);
      expect(a.jump.hostKey.publicKey).not.toBe(b.jump.hostKey.publicKey);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it('has what the plugins and the SSH library accept', async () => {
    const { tenant } = await ensureTenant(dir, 'staging', 'acme-staging');
    expect([tenant.name, tenant.hcloudToken.length, tenant.tailscale.tailnet]).toEqual(['staging', 64, 'acme-staging']);
    const config = await loadConfig(dir);
    expect(config.apiPort).not.toBe(config.jump.port);
    for (const pair of [config.deployKey, config.jump.hostKey, config.jump.clientKey]) {
      const key = ssh2.utils.parseKey(pair.privateKey);
      if (key instanceof Error) throw key;
      expect(key.type).toBe('ssh-ed25519');
      expect(pair.publicKey).toContain(key.getPublicSSH().toString('base64'));
    }
  });

  it('gives a stack its accounts once, and another stack others', async () => {
    const first = await ensureTenant(dir, 'staging', 'acme-staging');
    expect(first.added).toBe(true);
    expect(await ensureTenant(dir, 'staging', 'acme-staging')).toEqual({ tenant: first.tenant, added: false });
    const prod = await ensureTenant(dir, 'prod', 'acme-prod');
    expect(prod.tenant.hcloudToken).not.toBe(first.tenant.hcloudToken);
    expect(readConfig(dir)?.tenants).toEqual([first.tenant, prod.tenant]);
    expect(statSync(configPath(dir)).mode & 0o777).toBe(0o600);
  });

  it('gives stacks of one tailnet the same credentials, but for a client with tags of its own', async () => {
    const guest = { oauthTags: ['tag:iac-staging'] };
    const staging = (await ensureTenant(dir, 'staging', 'acme', guest)).tenant.tailscale;
    const prod = (await ensureTenant(dir, 'prod', 'acme')).tenant.tailscale;
    expect(staging.oauthTags).toEqual(['tag:iac-staging']);
    expect(prod.oauthTags).toBeUndefined();
    expect(prod.apiKey).toBe(staging.apiKey);
    expect(prod.oauthClientId).not.toBe(staging.oauthClientId);
    expect((await ensureTenant(dir, 'dev', 'acme')).tenant.tailscale).toEqual(prod);
    expect(await ensureTenant(dir, 'staging', 'acme', guest)).toMatchObject({
      tenant: { tailscale: staging },
      added: false,
    });
    const alone = (await ensureTenant(dir, 'staging', 'acme-staging')).tenant.tailscale;
    expect(alone.oauthTags).toBeUndefined();
    expect([alone.apiKey, alone.oauthClientId]).not.toContain(staging.apiKey);
  });

  it('loses no accounts when stacks ask at once', async () => {
    const names = ['a', 'b', 'c', 'a', 'b', 'c'];
    const answers = await Promise.all(names.map((name) => ensureTenant(dir, name, `acme-${name}`)));
    expect(
      readConfig(dir)
        ?.tenants.map((tenant) => tenant.name)
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    expect(answers.slice(3).map((answer) => answer.tenant)).toEqual(answers.slice(0, 3).map((answer) => answer.tenant));
    expect(readdirSync(dir)).toEqual(['lab.json']);
  });

  it('gives a stack its further accounts and its existing hosts once, and keeps what it names no more', async () => {
    const host = { name: 'gra-edge-01', address: '198.51.100.10', port: 2222, user: 'debian', lan: '10.77.40.2' };
    const demands = { accounts: ['acme-eu', 'acme-us'], existing: [host] };
    const first = await ensureTenant(dir, 'prod', 'acme-prod', demands);
    expect(first.added).toBe(true);
    const tokens = Object.values(first.tenant.accounts).flatMap((account) => [
      account.hcloudToken,
      account.digitaloceanToken,
    ]);
    expect(new Set([first.tenant.hcloudToken, ...tokens]).size).toBe(5);
    expect(first.tenant.accounts['acme-eu']?.hcloudToken).toHaveLength(64);
    expect(first.tenant.accounts['acme-us']?.digitaloceanToken).toMatch(/^dop_v1_[0-9a-f]{64}$/);
    const { existing } = await loadConfig(dir);
    expect(existing).toEqual([{ ...host, hostKey: existing[0]?.hostKey }]);
    expect(ssh2.utils.parseKey(existing[0]?.hostKey.privateKey ?? '')).not.toBeInstanceOf(Error);

    expect(await ensureTenant(dir, 'prod', 'acme-prod', demands)).toEqual({ tenant: first.tenant, added: false });
    expect(await ensureTenant(dir, 'prod', 'acme-prod')).toEqual({ tenant: first.tenant, added: false });
    expect((await loadConfig(dir)).existing).toEqual(existing);
    expect((await ensureTenant(dir, 'prod', 'acme-prod', { accounts: ['acme-ap'] })).added).toBe(true);
    expect((await ensureTenant(dir, 'prod', 'acme-prod', { existing: [{ ...host, user: 'root' }] })).added).toBe(true);
  });

  it('moves a stack to the tailnet that it names now, and shares a tailnet', async () => {
    const first = await ensureTenant(dir, 'staging', 'acme-staging');
    const moved = await ensureTenant(dir, 'staging', 'acme-prod');
    expect(moved.tenant.hcloudToken).toBe(first.tenant.hcloudToken);
    expect(moved.tenant.tailscale.tailnet).toBe('acme-prod');
    expect((await ensureTenant(dir, 'prod', 'acme-prod')).tenant.tailscale).toEqual(moved.tenant.tailscale);
  });

  it('keeps the tailnets that stacks have left, in their places: hosts are members there still', async () => {
    const first = (await ensureTenant(dir, 'staging', 'acme-staging')).tenant.tailscale;
    await ensureTenant(dir, 'prod', 'acme-prod');
    await ensureTenant(dir, 'staging', 'acme');
    const { tailnets } = await loadConfig(dir);
    expect(tailnetNames(tailnets)).toEqual(['acme-staging', 'acme-prod', 'acme']);
    expect(controlAddress(tailnets, 'acme-prod')).toBe('198.18.0.17');
    expect((await ensureTenant(dir, 'staging', 'acme-staging')).tenant.tailscale).toEqual(first);
    expect((await loadConfig(dir)).tailnets).toEqual(tailnets);
  });

  it('of an earlier version is read as one without further accounts and existing hosts', async () => {
    const { tenant } = await ensureTenant(dir, 'staging', 'acme-staging');
    const config = await loadConfig(dir);
    // What is undefined is not written.
    const old = { ...config, tailnets: undefined, existing: undefined, tenants: [{ ...tenant, accounts: undefined }] };
    writeFileSync(configPath(dir), JSON.stringify(old));
    expect(readFileSync(configPath(dir), 'utf8')).not.toMatch(/existing|accounts/);
    expect(readConfig(dir)).toEqual(config);
  });

  it('of a lab without DigitalOcean gets a token, the same one for everybody who reads it', async () => {
    const { tenant } = await ensureTenant(dir, 'staging', 'acme');
    expect(tenant.digitaloceanToken).toMatch(/^dop_v1_[0-9a-f]{64}$/);
    const config = await loadConfig(dir);
    const without = (one: object) =>
      Object.fromEntries(Object.entries(one).filter(([key]) => key !== 'digitaloceanToken'));
    writeFileSync(configPath(dir), JSON.stringify({ ...config, tenants: config.tenants.map(without) }));
    const derived = readConfig(dir)?.tenants[0]?.digitaloceanToken;
    expect(derived).toMatch(/^dop_v1_[0-9a-f]{64}$/);
    expect(derived).not.toBe(tenant.digitaloceanToken);
    expect((await ensureTenant(dir, 'staging', 'acme')).tenant.digitaloceanToken).toBe(derived);
    expect((await ensureTenant(dir, 'prod', 'acme-prod')).tenant.digitaloceanToken).not.toBe(derived);
    expect(readConfig(dir)?.tenants[0]?.digitaloceanToken).toBe(derived);
  });

  it('that is damaged is named, with the way out', () => {
    writeFileSync(configPath(dir), '{"apiPort": "x"}');
    expect(() => readConfig(dir)).toThrow(/lab\.json: not a lab config .*Remove the directory/);
  });

  it('is absent before the first use', () => {
    expect(readConfig(dir)).toBeUndefined();
  });
});
