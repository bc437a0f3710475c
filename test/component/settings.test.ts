import * as pulumi from '@pulumi/pulumi';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readSettings, sections } from '../../components/settings.ts';
import { leaks, one, Secret } from './record.ts';
import { recordProd, recordStaging, SENTINELS, stackConfig, stagingConfig, without } from './staging.ts';

afterEach(() => void vi.unstubAllEnvs());

const failure = async (config: Record<string, string>): Promise<string> => {
  try {
    await recordStaging({ config });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'no failure';
};

test('every fault and every missing credential comes in one message, and the program stops there', async () => {
  const { config } = stagingConfig();
  const rest = without(config, 'hcloud:token', 'digitalocean:token', 'tailscale:oauthClientSecret');
  const message = await failure({
    ...rest,
    'site-mesh:network': JSON.stringify({ name: 'acme', supernet: '10.78.0.0/16', domain: 'nodots' }),
    'site-mesh:acces': '[]',
  });
  expect(message).toContain('site-mesh:network.domain = nodots');
  expect(message).toContain('did you mean access?');
  expect(message).toContain('hcloud:token (Hetzner Cloud token): pulumi config set --secret hcloud:token');
  expect(message).toContain('digitalocean:token (DigitalOcean token)');
  expect(message).toContain('tailscale:oauthClientSecret');
  for (const sentinel of Object.values(SENTINELS)) expect(message).not.toContain(sentinel);
});

test('the checked-in stack with credentials has no fault', async () => {
  expect(await failure(stagingConfig().config)).toBe('no failure');
});

test('an API key does instead of an OAuth client', async () => {
  const rest = without(stagingConfig().config, 'tailscale:oauthClientId', 'tailscale:oauthClientSecret');
  expect(await failure(rest)).toContain('Credentials are missing');
  expect(await failure({ ...rest, 'tailscale:apiKey': 'tskey-api-x' })).toBe('no failure');
});

test('sections are the keys of our namespace, read as JSON where they are JSON', () => {
  expect(sections({ 'site-mesh:groups': '{"a":[]}', 'site-mesh:network': 'flat', 'hcloud:token': 'x' })).toEqual({
    groups: { a: [] },
    network: 'flat',
  });
});

describe('the token of an account of its own', () => {
  const message = async (config: Record<string, string>): Promise<string> => {
    const { secretConfig } = stackConfig('prod');
    return recordProd({ config, secretConfig }).then(
      () => 'no failure',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  };
  const { config } = stackConfig('prod');

  test('is wanted by its name, and the cloud’s default token is not', async () => {
    expect(await message(without(config, 'hcloud:token'))).toBe('no failure');
    const missing = await message(without(config, 'site-mesh:accountTokens'));
    expect(missing).toContain('site-mesh:accountTokens.fra (Hetzner Cloud token of account fra)');
    expect(missing).toContain(`pulumi config set --secret --path 'site-mesh:accountTokens["fra"]'`);
  });

  test.each([
    ['another account’s', JSON.stringify({ gra: 'x' })],
    ['empty', JSON.stringify({ fra: '' })],
    ['inherited from the mapping itself', '{"__proto__":{"fra":"x"}}'],
    ['no mapping', 'text'],
  ])('is missing when what stands there is %s', async (_, tokens) => {
    expect(await message({ ...config, 'site-mesh:accountTokens': tokens })).toContain('site-mesh:accountTokens.fra');
  });
});

test('every credential is a secret before anybody is handed it, though the stack does not say so', async () => {
  const { config } = stackConfig('prod');
  const given: Record<string, pulumi.Output<string> | undefined> = {};
  const read = (): void => {
    const { accounts, sshPrivateKey, jumpPrivateKey, tailscale } = readSettings();
    for (const { cloud, account, token } of accounts) given[`${cloud} ${account}`] = token;
    Object.assign(given, { sshPrivateKey, jumpPrivateKey });
    Object.assign(given, { id: tailscale.oauthClientId, secret: tailscale.oauthClientSecret });
  };
  await recordProd({ config, secretConfig: [] }, read);
  expect(Object.keys(given)).toEqual([
    'digitalocean default',
    'hetzner fra',
    'sshPrivateKey',
    'jumpPrivateKey',
    'id',
    'secret',
  ]);
  for (const [name, value] of Object.entries(given))
    expect([name, value && (await pulumi.isSecret(value))]).toEqual([name, true]);
});

describe('credentials come from one place', () => {
  const VARIABLES = {
    HCLOUD_TOKEN: 'sentinel-env-hcloud',
    HCLOUD_TOKEN_FRA: 'sentinel-env-fra',
    DIGITALOCEAN_TOKEN: 'sentinel-env-ocean',
    TAILSCALE_API_KEY: 'sentinel-env-tailscale',
    MESH_SSH_PRIVATE_KEY: 'sentinel-env-key',
  };
  const stub = (): void => Object.entries(VARIABLES).forEach(([name, value]) => void vi.stubEnv(name, value));
  const token = async (options: object, type: string, name: string): Promise<unknown> =>
    one(await recordProd(options), `pulumi:providers:${type}`, name).inputs.token;

  test('the stack, though the environment has them as well', async () => {
    stub();
    expect(await token({}, 'hcloud', 'hetzner-fra')).toEqual(new Secret(SENTINELS.accountToken));
    expect(await failure(without(stagingConfig().config, 'hcloud:token'))).toContain('hcloud:token');
  });

  test('the environment where the stack says so, and then the stack’s own are not used', async () => {
    const { config, secretConfig } = stackConfig('prod', { 'site-mesh:credentials': { from: 'environment' } });
    const missing = await recordProd({ config, secretConfig }).catch(String);
    expect(missing).toContain('HCLOUD_TOKEN_FRA');
    expect(missing).toContain('DIGITALOCEAN_TOKEN');
    expect(missing).not.toContain('site-mesh:accountTokens.fra');
    stub();
    expect(await token({ config, secretConfig }, 'hcloud', 'hetzner-fra')).toEqual(new Secret('sentinel-env-fra'));
    expect(await token({ config, secretConfig }, 'digitalocean', 'digitalocean')).toEqual(
      new Secret('sentinel-env-ocean'),
    );
    const recording = await recordProd({ config, secretConfig });
    for (const sentinel of Object.values(VARIABLES)) expect(leaks(recording, sentinel)).toEqual([]);
    const { connection } = one(recording, 'mesh:index:HostRelease', 'fra-edge-01').inputs as {
      connection: { privateKey: unknown };
    };
    expect(connection.privateKey).toEqual(new Secret('sentinel-env-key'));
  });
});
