import { expect, test } from 'vitest';
import { sections } from '../../components/settings.ts';
import { recordStaging, SENTINELS, stagingConfig, without } from './staging.ts';

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
  const rest = without(config, 'hcloud:token', 'tailscale:oauthClientSecret');
  const message = await failure({
    ...rest,
    'site-mesh:network': JSON.stringify({ name: 'acme', supernet: '10.78.0.0/16', domain: 'nodots' }),
    'site-mesh:acces': '[]',
  });
  expect(message).toContain('site-mesh:network.domain = nodots');
  expect(message).toContain('did you mean access?');
  expect(message).toContain('hcloud:token');
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
