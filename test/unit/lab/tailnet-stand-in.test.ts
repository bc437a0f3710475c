import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNKNOWN, type Inputs } from '../../../io/rpc/types.ts';
import { TAILSCALE } from '../../../lab/plugins/tailscale/definition.ts';
import { startDriver, type Driver } from './tailnet-driver.ts';
import { ACME, POLICY, join } from './tailnet-fixtures.ts';

let driver: Driver;
beforeEach(async () => {
  driver = await startDriver();
});
afterEach(() => driver.close());

/** A joined router, and no calls on record. */
async function router(): Promise<string> {
  await driver.lab.policy();
  const id = join(driver.lab, await driver.lab.key(), 'fra-edge-01', ['10.77.10.0/24']);
  driver.calls();
  return id;
}
describe('the provider', () => {
  it.each<[what: string, config: Inputs, words: string]>([
    ['empty credentials', {}, 'credentials are empty'],
    ['both kinds', { apiKey: 'a', oauthClientId: 'b', oauthClientSecret: 'c' }, 'conflicting'],
    ['a client without its secret', { oauthClientId: 'b' }, 'oauthClientSecret'],
    ['a secret without its client', { oauthClientSecret: 'b' }, "'oauthClientId' is empty"],
    ['a file that is not there', { apiKey: 'file:/nowhere/key' }, '/nowhere/key'],
    ['the real service', { apiKey: 'a', baseUrl: '' }, 'talks to the lab only'],
  ])('refuses %s when it is configured, so at preview too', (_what, config, words) => {
    expect(() => TAILSCALE.configure({ baseUrl: 'http://127.0.0.1:1', ...config })).toThrow(words);
    expect(() => TAILSCALE.configure({ baseUrl: 'http://127.0.0.1:1', apiKey: 'a' })).not.toThrow();
  });

  it('asks for one token and uses it for all calls', async () => {
    const oauth = await startDriver((baseUrl) => ({ ...ACME, apiKey: undefined, baseUrl, scopes: '["all"]' }));
    await oauth.create('DnsPreferences', { magicDns: true });
    await oauth.create('DnsSearchPaths', { searchPaths: ['acme.internal'] });
    const calls = oauth.calls();
    expect(calls.map((call) => call.headers.get('authorization')?.split(' ')[0])).toEqual(['Bearer', 'Bearer']);
    expect(new Set(calls.map((call) => call.headers.get('authorization'))).size).toBe(1);
    await oauth.close();
  });

  it('tells a wrong client in the words of OAuth', async () => {
    const wrong = await startDriver((baseUrl) => ({
      oauthClientId: ACME.oauthClientId,
      oauthClientSecret: 'no',
      baseUrl,
    }));
    await expect(wrong.create('DnsPreferences', { magicDns: true })).rejects.toThrow(
      'oauth2: "invalid_client" "API token invalid"',
    );
    await wrong.close();
  });
});

describe('TailnetKey', () => {
  const ARGS = { tags: ['tag:router'], preauthorized: true, expiry: 3600, description: 'edge' };
  beforeEach(async () => {
    await driver.lab.policy();
    driver.calls();
  });

  it('is made by one call, unchanged by an equal program, and secret', async () => {
    const key = await driver.create('TailnetKey', ARGS);
    const [call, ...more] = driver.calls();
    expect(more).toEqual([]);
    expect(JSON.parse(call?.body ?? '')).toEqual({
      capabilities: {
        devices: { create: { reusable: false, ephemeral: false, tags: ['tag:router'], preauthorized: true } },
      },
      expirySeconds: 3600,
      description: 'edge',
    });
    expect(key.outputs).toMatchObject({ reusable: false, ephemeral: false, expiry: 3600, invalid: false });
    expect(TAILSCALE.resources['tailscale:index/tailnetKey:TailnetKey']?.secretOutputs).toContain('key');
    expect((await driver.diff('TailnetKey', key, ARGS)).changes).toEqual({});
    expect(await driver.refresh('TailnetKey', key)).toMatchObject({ id: key.id, outputs: { ...key.outputs } });
  });

  it('leaves unknown at preview what only the service knows', async () => {
    expect(await driver.preview('TailnetKey', { tags: UNKNOWN })).toMatchObject({
      key: UNKNOWN,
      tags: UNKNOWN,
      expiry: UNKNOWN,
      reusable: false,
    });
    expect(driver.calls()).toEqual([]);
  });

  it.each([
    ['tags', ['tag:iac']],
    ['reusable', true],
    ['expiry', 60],
    ['description', 'other'],
    ['preauthorized', false],
  ])('is replaced when %s changes', async (property, value) => {
    const key = await driver.create('TailnetKey', ARGS);
    const { changes, deleteBeforeReplace } = await driver.diff('TailnetKey', key, { ...ARGS, [property]: value });
    expect(Object.values(changes).every((kind) => kind.endsWith('-replace'))).toBe(true);
    expect(Object.keys(changes)[0]).toMatch(new RegExp(`^${property}`));
    expect(deleteBeforeReplace ?? false).toBe(false);
  });

  it('stays in state as invalid when it is gone, and is made again only if the program wants that', async () => {
    const key = await driver.create('TailnetKey', ARGS);
    await driver.lab.call('DELETE', `/tailnet/-/keys/${key.id}`);
    const gone = await driver.refresh('TailnetKey', key);
    expect(gone?.outputs.invalid).toBe(true);
    if (gone === undefined) return;
    expect((await driver.diff('TailnetKey', gone, ARGS)).changes).toEqual({});
    const always = { ...ARGS, recreateIfInvalid: 'always' };
    expect((await driver.diff('TailnetKey', gone, always)).changes).toMatchObject({ id: 'update-replace' });
    await expect(driver.update('TailnetKey', gone, { ...ARGS, recreateIfInvalid: 'never' })).rejects.toThrow(
      'nil pointer',
    );
    await driver.remove('TailnetKey', gone);
  });

  it('is refused with the service’s reason', async () => {
    await expect(driver.create('TailnetKey', { ...ARGS, tags: ['tag:none'] })).rejects.toThrow(
      'requested tags [tag:none] are invalid or not permitted (400)',
    );
    await expect(driver.check('TailnetKey', { description: 'x'.repeat(51) })).rejects.toThrow('at most 50');
    await expect(driver.check('TailnetKey', { recreateIfInvalid: 'sometimes' })).rejects.toThrow('must be one of');
  });
});

describe('Acl', () => {
  it('guards the first write only: a later one overwrites what somebody else wrote', async () => {
    const acl = await driver.create('Acl', { acl: POLICY });
    const next = POLICY.replace('5432', '5433');
    await driver.lab.policy(POLICY.replace('5432', '1'));
    await driver.update('Acl', acl, { acl: next });
    const writes = driver.calls().filter((call) => call.method === 'POST');
    expect(writes.map((call) => call.headers.get('if-match'))).toEqual(['"ts-default"', null]);
    expect((await driver.refresh('Acl', acl))?.outputs.acl).toBe(next);
    expect(driver.calls().every((call) => !call.path.includes('validate'))).toBe(true);
  });

  it('refuses to overwrite a policy that is not the default, unless told to', async () => {
    await driver.lab.policy();
    await expect(driver.create('Acl', { acl: POLICY })).rejects.toThrow('Overwrite Protected');
    await driver.create('Acl', { acl: POLICY, overwriteExistingContent: true });
  });

  it('sees no change in another layout, one in a comment, and refuses what is no HuJSON', async () => {
    const acl = await driver.create('Acl', { acl: '{"grants":[]}' });
    expect((await driver.diff('Acl', acl, { acl: '{ "grants" : [] }' })).changes).toEqual({});
    expect((await driver.diff('Acl', acl, { acl: '/* why */{"grants":[]}' })).changes).toEqual({ acl: 'update' });
    await expect(driver.check('Acl', { acl: '{' })).rejects.toThrow('invalid HuJSON');
  });

  it('tells of a failing test without naming it', async () => {
    const acl = POLICY.replace('"grants"', '"tests": [{"src": "group:sre", "accept": ["fra-db-01:1"]}],\n"grants"');
    await expect(driver.create('Acl', { acl })).rejects.toThrow(/^Failed to set ACL: test\(s\) failed \(400\)$/);
  });

  it('is left alone by a destroy, or reset when the program says so', async () => {
    const acl = await driver.create('Acl', { acl: POLICY });
    await driver.remove('Acl', acl);
    expect((await driver.lab.call('GET', '/tailnet/-/acl', undefined, { 'if-match': '' })).text).toContain('fra-db-01');
    const reset = await driver.update('Acl', acl, { acl: POLICY, resetAclOnDestroy: true });
    await driver.remove('Acl', reset);
    expect((await driver.lab.call('GET', '/tailnet/-/acl')).text).not.toContain('fra-db-01');
  });
});

describe('resources on a device', () => {
  it.each<[type: string, path: string, args: Inputs, other: Inputs]>([
    ['DeviceTags', 'tags', { tags: ['tag:router', 'tag:iac'] }, { tags: ['tag:iac'] }],
    ['DeviceKey', 'key', { keyExpiryDisabled: true }, { keyExpiryDisabled: false }],
    ['DeviceAuthorization', 'authorized', { authorized: true }, { authorized: false }],
    ['DeviceSubnetRoutes', 'routes', { routes: ['10.77.10.0/24'] }, { routes: [] }],
  ])('%s sets, reads, changes, and is replaced for another device', async (type, path, args, other) => {
    const deviceId = await router();
    const made = await driver.create(type, { deviceId, ...args });
    expect(driver.lines()).toEqual([`POST /device/${deviceId}/${path}`]);
    if (type !== 'DeviceSubnetRoutes') expect(made.id).toBe(deviceId);
    expect((await driver.diff(type, made, { deviceId, ...args })).changes).toEqual({});
    const read = await driver.refresh(type, made);
    expect(read?.outputs).toMatchObject(args);
    const next = await driver.update(type, made, { deviceId, ...other });
    expect((await driver.refresh(type, next))?.outputs).toMatchObject(other);
    expect((await driver.diff(type, made, { deviceId: 'other', ...args })).changes).toMatchObject({
      deviceId: 'update-replace',
    });
    await driver.lab.call('DELETE', `/device/${deviceId}`);
    expect(await driver.refresh(type, made)).toBeUndefined();
  });

  it('fail to be destroyed where the official ones do, and do nothing where those do', async () => {
    const deviceId = await router();
    const tags = await driver.create('DeviceTags', { deviceId, tags: ['tag:router'] });
    await expect(driver.remove('DeviceTags', tags)).rejects.toThrow('(400)');
    const routes = await driver.create('DeviceSubnetRoutes', { deviceId, routes: ['10.77.10.0/24'] });
    const authorized = await driver.create('DeviceAuthorization', { deviceId, authorized: true });
    await driver.remove('DeviceSubnetRoutes', routes);
    expect(driver.lab.tailnet.nodes.node(deviceId)?.enabledRoutes).toEqual([]);
    await driver.lab.call('DELETE', `/device/${deviceId}`);
    await expect(driver.remove('DeviceSubnetRoutes', routes)).rejects.toThrow('(404)');
    driver.calls();
    await driver.remove('DeviceAuthorization', authorized);
    expect(driver.calls()).toEqual([]);
  });
});

describe('settings and DNS', () => {
  it('TailnetSettings sends what the program names and keeps the rest', async () => {
    const made = await driver.create('TailnetSettings', { regionalRoutingOn: false, devicesKeyDurationDays: 90 });
    const calls = driver.calls();
    expect(calls.map((call) => call.method)).toEqual(['PATCH', 'GET']);
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({
      aclsExternallyManagedOn: null,
      aclsExternalLink: null,
      regionalRoutingOn: false,
      devicesKeyDurationDays: 90,
    });
    expect(made.outputs).toMatchObject({ devicesKeyDurationDays: 90, usersRoleAllowedToJoinExternalTailnet: 'none' });
    expect((await driver.diff('TailnetSettings', made, made.inputs)).changes).toEqual({});
    await driver.update('TailnetSettings', made, { regionalRoutingOn: false, devicesKeyDurationDays: 30 });
    expect(JSON.parse(driver.calls()[0]?.body ?? '')).toEqual({
      aclsExternallyManagedOn: null,
      aclsExternalLink: null,
      devicesKeyDurationDays: 30,
    });
    await driver.lab.call('PATCH', '/tailnet/-/settings', { regionalRoutingOn: true });
    const drifted = await driver.refresh('TailnetSettings', made);
    expect(drifted?.outputs.regionalRoutingOn).toBe(true);
    if (drifted !== undefined)
      expect((await driver.diff('TailnetSettings', drifted, { regionalRoutingOn: false })).changes).toEqual({
        regionalRoutingOn: 'update',
      });
  });

  it.each<[type: string, path: string, args: Inputs, empty: object]>([
    ['DnsPreferences', 'preferences', { magicDns: true }, { magicDNS: false }],
    ['DnsNameservers', 'nameservers', { nameservers: ['10.77.10.10'] }, { dns: [] }],
    ['DnsSearchPaths', 'searchpaths', { searchPaths: ['acme.internal'] }, { searchPaths: [] }],
  ])('%s is set by one call and emptied by a destroy', async (type, path, args, empty) => {
    const made = await driver.create(type, args);
    expect(driver.lines()).toEqual([`POST /tailnet/-/dns/${path}`]);
    expect((await driver.refresh(type, made))?.outputs).toEqual(args);
    expect((await driver.diff(type, made, args)).changes).toEqual({});
    await driver.remove(type, made);
    expect((await driver.lab.call('GET', `/tailnet/-/dns/${path}`)).json).toEqual(empty);
  });

  it('DnsNameservers needs at least one', async () => {
    await expect(driver.check('DnsNameservers', { nameservers: [] })).rejects.toThrow('at least 1');
  });
});

describe('look-ups', () => {
  it('getDevice takes the first device that the filter lets through, and fails without one', async () => {
    const nodeId = await router();
    expect((await driver.invoke('getDevice', { hostname: 'fra-edge-01' })).result).toMatchObject({
      nodeId,
      tags: ['tag:router'],
      lastSeen: '',
    });
    expect(driver.lines()).toEqual(['GET /tailnet/-/devices?hostname=fra-edge-01']);
    await expect(driver.invoke('getDevice', { hostname: 'nobody' })).rejects.toThrow(
      'could not find device with hostname="nobody"',
    );
    expect((await driver.invoke('getDevice', {})).failures?.[0]?.reason).toContain('exactly one');
    expect((await driver.invoke('getDevice', { hostname: 'a', waitFor: '1s' })).failures?.[0]?.reason).toContain(
      'greater than 1 second',
    );
  });

  it('getDevice waits for a device that comes', async () => {
    await router();
    const found = driver.invoke('getDevice', { hostname: 'late', waitFor: '5s' });
    const nodeId = join(driver.lab, await driver.lab.key(), 'late');
    expect((await found).result.nodeId).toBe(nodeId);
    await expect(driver.invoke('getDevice', { hostname: 'never', waitFor: '1100ms' })).rejects.toThrow(
      'failed after maximum of retries within 1100ms',
    );
  });

  it('getDevices filters at the service and by prefix here', async () => {
    await router();
    join(driver.lab, await driver.lab.key({ tags: ['tag:iac'] }), 'ci');
    driver.calls();
    const names = async (args: Inputs): Promise<unknown> =>
      ((await driver.invoke('getDevices', args)).result.devices as { hostname: string }[]).map(
        (device) => device.hostname,
      );
    expect(await names({})).toEqual(['fra-edge-01', 'ci']);
    expect(await names({ namePrefix: 'fra' })).toEqual(['fra-edge-01']);
    expect(await names({ filters: [{ name: 'tags', values: ['tag:iac'] }] })).toEqual(['ci']);
    expect(driver.lines().at(-1)).toBe('GET /tailnet/-/devices?tags=tag%3Aiac');
  });
});
