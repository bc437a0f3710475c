import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../lab/tailnet/policy/default.ts';
import { ACME, OTHER, POLICY, basic, join, startTailnet, type Lab } from './tailnet-fixtures.ts';

const HUJSON = { accept: 'application/hujson' };
const ACL = '/tailnet/-/acl';
const keyBody = (tags: string[], more: object = {}): object => ({
  capabilities: { devices: { create: { reusable: false, ephemeral: false, preauthorized: true, tags } } },
  expirySeconds: 3600,
  description: 'fra edge 01',
  ...more,
});
async function bearer(lab: Lab, client = ACME): Promise<Record<string, string>> {
  const auth = Buffer.from(`${client.oauthClientId}:${client.oauthClientSecret}`).toString('base64');
  const { json } = await lab.call('POST', '/oauth/token', 'grant_type=client_credentials', {
    authorization: `Basic ${auth}`,
  });
  return { authorization: `Bearer ${String(json.access_token)}` };
}

describe('credentials', () => {
  it('are the API key as the user of Basic, or a token', async () => {
    const lab = startTailnet();
    expect((await lab.call('GET', ACL)).status).toBe(200);
    expect((await lab.call('GET', ACL, undefined, await bearer(lab))).status).toBe(200);
    for (const wrong of [basic('tskey-api-wrong'), { authorization: 'Bearer x' }, { authorization: '' }])
      expect(await lab.call('GET', ACL, undefined, wrong)).toMatchObject({
        status: 401,
        json: { message: 'API token invalid' },
      });
  });

  it('take the client secret in the body too, and no wrong one', async () => {
    const lab = startTailnet();
    const form = (secret: string): string =>
      new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: ACME.oauthClientId,
        client_secret: secret,
      }).toString();
    expect(
      (await lab.call('POST', '/oauth/token', form(ACME.oauthClientSecret), { authorization: '' })).json,
    ).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(await lab.call('POST', '/oauth/token', form(OTHER.oauthClientSecret), { authorization: '' })).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    });
  });

  it('are one client for each entry of a tailnet, each with its own tags', async () => {
    const guest = { ...ACME, oauthClientId: 'kguest', oauthClientSecret: 'guest', oauthTags: ['tag:iac-staging'] };
    const lab = startTailnet({ tailnets: [ACME, guest] });
    const policy = (owner: string): string =>
      `{"tagOwners": {"tag:iac": ["autogroup:admin"], "tag:iac-staging": ["autogroup:admin"], "tag:db": ["${owner}"]}, "grants": []}`;
    const made = async (client: typeof ACME): Promise<number> =>
      (await lab.call('POST', '/tailnet/-/keys', keyBody(['tag:db']), await bearer(lab, client))).status;
    await lab.call('POST', ACL, policy('tag:iac'));
    expect([await made(ACME), await made(guest)]).toEqual([200, 400]);
    await lab.call('POST', ACL, policy('tag:iac-staging'));
    expect([await made(ACME), await made(guest)]).toEqual([400, 200]);
  });

  it('end after an hour when they are tokens', async () => {
    const lab = startTailnet();
    const token = await bearer(lab);
    lab.pass(3_599_000);
    expect((await lab.call('GET', ACL, undefined, token)).status).toBe(200);
    lab.pass(1000);
    expect((await lab.call('GET', ACL, undefined, token)).status).toBe(401);
  });

  it('open their own tailnet only', async () => {
    const lab = startTailnet();
    await lab.policy();
    const id = join(lab, await lab.key(), 'a');
    const key = await lab.key();
    expect((await lab.call('GET', '/tailnet/acme-prod/devices')).json.devices).toHaveLength(1);
    for (const other of [basic(OTHER.apiKey), await bearer(lab, OTHER)]) {
      expect((await lab.call('GET', '/tailnet/acme-prod/devices', undefined, other)).status).toBe(404);
      expect((await lab.call('GET', '/tailnet/-/devices', undefined, other)).json.devices).toEqual([]);
      expect((await lab.call('GET', `/device/${id}`, undefined, other)).status).toBe(404);
      expect((await lab.call('GET', `/tailnet/-/keys/${key.split('-')[2] ?? ''}`, undefined, other)).status).toBe(404);
      expect((await lab.call('GET', ACL, undefined, { ...other, ...HUJSON })).text).toBe(DEFAULT_POLICY);
    }
  });

  it('do not matter for a path that is none: JSON 404', async () => {
    expect(await startTailnet().call('GET', '/nothing')).toMatchObject({
      status: 404,
      json: { message: '404 page not found' },
    });
  });
});

describe('keys', () => {
  it('answer their text once, and what was asked', async () => {
    const lab = startTailnet();
    await lab.policy();
    const made = (await lab.call('POST', '/tailnet/-/keys', keyBody(['tag:router']))).json;
    expect(made).toMatchObject({
      keyType: 'auth',
      expirySeconds: 3600,
      created: '2026-11-22T12:00:00Z',
      expires: '2026-11-22T13:00:00Z',
    });
    const read = (await lab.call('GET', `/tailnet/-/keys/${String(made.id)}`)).json;
    const { key, ...rest } = made;
    expect(key).toMatch(/^tskey-auth-k/);
    expect(read).toEqual(rest);
    expect((await lab.call('GET', '/tailnet/-/keys')).json).toEqual({ keys: [read] });
    expect((await lab.call('DELETE', `/tailnet/-/keys/${String(made.id)}`)).status).toBe(200);
    expect((await lab.call('DELETE', `/tailnet/-/keys/${String(made.id)}`)).status).toBe(404);
  });

  it.each<[what: string, bad: object, words: string, good: object]>([
    [
      'an undefined tag',
      keyBody(['tag:none']),
      'requested tags [tag:none] are invalid or not permitted',
      keyBody(['tag:router']),
    ],
    [
      'more than 90 days',
      keyBody([], { expirySeconds: 7_776_001 }),
      'expirySeconds',
      keyBody([], { expirySeconds: 7_776_000 }),
    ],
    [
      'a long description',
      keyBody([], { description: 'x'.repeat(51) }),
      'description',
      keyBody([], { description: 'x'.repeat(50) }),
    ],
    ['a special description', keyBody([], { description: 'a;b' }), 'description', keyBody([], { description: 'a-b' })],
    ['another type', keyBody([], { keyType: 'client' }), 'keyType', keyBody([], { keyType: 'auth' })],
    ['no capabilities', { expirySeconds: 1 }, 'capabilities', keyBody([])],
  ])('are refused for %s', async (_what, bad, words, good) => {
    const lab = startTailnet();
    await lab.policy();
    const refused = await lab.call('POST', '/tailnet/-/keys', bad);
    expect(refused.status).toBe(400);
    expect(refused.json.message).toContain(words);
    expect((await lab.call('POST', '/tailnet/-/keys', good)).status).toBe(200);
  });

  it('of an OAuth client carry its own tags or tags that those own, and never none', async () => {
    const lab = startTailnet();
    await lab.policy();
    const token = await bearer(lab);
    const status = async (tags: string[]): Promise<number> =>
      (await lab.call('POST', '/tailnet/-/keys', keyBody(tags), token)).status;
    expect([await status(['tag:router']), await status(['tag:iac'])]).toEqual([200, 200]);
    expect([await status(['tag:foreign']), await status([]), await status(['tag:router', 'tag:foreign'])]).toEqual([
      400, 400, 400,
    ]);
    // The owner, an admin, may use any tag that exists.
    expect((await lab.call('POST', '/tailnet/-/keys', keyBody(['tag:foreign']))).status).toBe(200);
  });
});

describe('devices', () => {
  it('are listed as the filters say, and by no property that they do not have', async () => {
    const lab = startTailnet();
    await lab.policy();
    const [a] = [join(lab, await lab.key(), 'a'), join(lab, await lab.key({ tags: ['tag:iac'] }), 'b')];
    const list = async (query: string): Promise<unknown[]> =>
      ((await lab.call('GET', `/tailnet/-/devices${query}`)).json.devices as { hostname: string }[]).map(
        (device) => device.hostname,
      );
    expect(await list('')).toEqual(['a', 'b']);
    expect(await list('?hostname=a')).toEqual(['a']);
    expect(await list('?tags=tag%3Aiac')).toEqual(['b']);
    expect(await list('?tags=tag%3Aiac&hostname=a')).toEqual([]);
    expect(await list('?isEphemeral=false&hostname=a&hostname=b')).toEqual(['a', 'b']);
    expect(await list(`?name=${lab.tailnet.nodes.node(a)?.name ?? ''}`)).toEqual(['a']);
    expect((await lab.call('GET', '/tailnet/-/devices?colour=red')).status).toBe(400);
  });

  it('answer to both of their ids and show routes when asked for all fields', async () => {
    const lab = startTailnet();
    await lab.policy();
    const id = join(lab, await lab.key(), 'a', ['10.77.10.0/24']);
    const { json } = await lab.call('GET', `/device/${id}?fields=all`);
    expect(json).toMatchObject({
      nodeId: id,
      user: 'tagged-devices',
      tags: ['tag:router'],
      keyExpiryDisabled: true,
      enabledRoutes: ['10.77.10.0/24'],
    });
    expect((await lab.call('GET', `/device/${String(json.id)}`)).json.nodeId).toBe(id);
    expect((await lab.call('GET', `/device/${id}/routes`)).json).toEqual({
      advertisedRoutes: ['10.77.10.0/24'],
      enabledRoutes: ['10.77.10.0/24'],
    });
  });

  it.each<[what: string, path: string, bad: object, good: object]>([
    ['tags that are not ours', 'tags', { tags: ['tag:foreign'] }, { tags: ['tag:router', 'tag:iac'] }],
    ['no tags at all', 'tags', { tags: [] }, { tags: ['tag:iac'] }],
    ['a route that is none', 'routes', { routes: ['10.77.10.1/24'] }, { routes: ['10.77.10.0/24'] }],
    ['a name that is none', 'name', { name: 'Not A Name' }, { name: 'new-name' }],
    ['a key setting of another type', 'key', { keyExpiryDisabled: 'no' }, { keyExpiryDisabled: false }],
    ['an authorization of another type', 'authorized', {}, { authorized: true }],
  ])('refuse %s', async (_what, path, bad, good) => {
    const lab = startTailnet();
    await lab.policy(POLICY.replace('"tag:iac": ["autogroup:admin"]', '"tag:iac": ["tag:iac"]'));
    const id = join(lab, await lab.key(), 'a');
    const token = await bearer(lab);
    expect((await lab.call('POST', `/device/${id}/${path}`, bad, token)).status).toBe(400);
    expect((await lab.call('POST', `/device/${id}/${path}`, good, token)).status).toBe(200);
    expect((await lab.call('POST', `/device/nobody/${path}`, good, token)).status).toBe(404);
  });

  it('are gone after a delete', async () => {
    const lab = startTailnet();
    await lab.policy();
    const id = join(lab, await lab.key(), 'a');
    expect((await lab.call('DELETE', `/device/${id}`)).status).toBe(200);
    expect((await lab.call('DELETE', `/device/${id}`)).status).toBe(404);
    expect(lab.tailnet.nodes.node(id)).toBeUndefined();
  });
});

describe('settings and DNS', () => {
  it('keep what a patch leaves out or sets to null, and refuse what is none', async () => {
    const lab = startTailnet();
    const path = '/tailnet/-/settings';
    await lab.call('PATCH', path, { devicesKeyDurationDays: 90, aclsExternalLink: 'https://example.com' });
    const { json } = await lab.call('PATCH', path, { devicesApprovalOn: true, aclsExternalLink: null });
    expect(json).toMatchObject({
      devicesKeyDurationDays: 90,
      devicesApprovalOn: true,
      aclsExternalLink: 'https://example.com',
    });
    expect((await lab.call('GET', path)).json).toEqual(json);
    for (const bad of [{ devicesKeyDurationDays: 181 }, { colour: 'red' }, { devicesApprovalOn: 'yes' }])
      expect((await lab.call('PATCH', path, bad)).status).toBe(400);
  });

  it('hold a device back until it is authorized, when approval is on and the key is not preauthorized', async () => {
    const lab = startTailnet();
    await lab.policy();
    await lab.call('PATCH', '/tailnet/-/settings', { devicesApprovalOn: true });
    const create = { reusable: true, ephemeral: false, preauthorized: false, tags: ['tag:router'] };
    const { json } = await lab.call('POST', '/tailnet/-/keys', {
      ...keyBody([]),
      capabilities: { devices: { create } },
    });
    const [held, free] = [join(lab, String(json.key), 'a'), join(lab, await lab.key(), 'b')];
    expect((await lab.call('GET', `/device/${held}`)).json.authorized).toBe(false);
    expect((await lab.call('GET', `/device/${free}`)).json.authorized).toBe(true);
  });

  it.each<[path: string, good: object, bad: object]>([
    ['preferences', { magicDNS: false }, { magicDNS: 'no' }],
    ['nameservers', { dns: ['10.77.10.10', '2001:db8::1'] }, { dns: ['nobody'] }],
    ['searchpaths', { searchPaths: ['mesh.acme.internal'] }, { searchPaths: ['a b'] }],
  ])('read back dns/%s', async (path, good, bad) => {
    const lab = startTailnet();
    expect((await lab.call('POST', `/tailnet/-/dns/${path}`, good)).status).toBe(200);
    expect((await lab.call('POST', `/tailnet/-/dns/${path}`, bad)).status).toBe(400);
    expect((await lab.call('GET', `/tailnet/-/dns/${path}`)).json).toEqual(good);
  });
});
