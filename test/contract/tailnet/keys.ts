import { expect, test } from 'vitest';
import {
  basic,
  bearer,
  benchOf,
  device,
  eventually,
  joinNew,
  keyBody,
  makeKey,
  must,
  POLICY,
  sameTime,
  setPolicy,
} from './bench.ts';
import type { KeyWish, Open, TailnetAbilities } from './bench.ts';

/** Making and deleting keys, and whom they let in. */
export function keyContract(open: Open, { holdsBack, endsKeyOnLogout }: TailnetAbilities): void {
  const bench = benchOf(open);

  test('answer their text once, and then what was asked', async () => {
    await setPolicy(bench());
    const { json: made } = await must(bench(), 'POST', '/tailnet/-/keys', keyBody({ reusable: true, ephemeral: true }));
    const { key, ...rest } = made;
    expect(String(key).length).toBeGreaterThan(20);
    expect(rest).toMatchObject({
      keyType: 'auth',
      description: 'fra edge 01',
      expirySeconds: 3600,
      capabilities: {
        devices: { create: { reusable: true, ephemeral: true, preauthorized: true, tags: ['tag:router'] } },
      },
    });
    expect(Date.parse(String(made.expires)) - Date.parse(String(made.created))).toBe(3_600_000);
    expect((await must(bench(), 'GET', `/tailnet/-/keys/${String(made.id)}`)).json).toEqual(rest);
    expect((await must(bench(), 'GET', '/tailnet/-/keys')).json).toEqual({ keys: [rest] });
  });

  test('are gone after a delete, let nobody in, and are there no more for a second one', async () => {
    await setPolicy(bench());
    const [gone, kept] = [await makeKey(bench()), await makeKey(bench())];
    await must(bench(), 'DELETE', `/tailnet/-/keys/${gone.id}`);
    expect((await bench().call('GET', `/tailnet/-/keys/${gone.id}`)).status).toBe(404);
    expect((await bench().call('DELETE', `/tailnet/-/keys/${gone.id}`)).status).toBe(404);
    expect((await must(bench(), 'GET', '/tailnet/-/keys')).json.keys).toMatchObject([{ id: kept.id }]);
    await expect(bench().join(gone.key, 'a')).rejects.toThrow();
    await bench().join(kept.key, 'a');
  });

  test('that are deleted leave the devices that they let in', async () => {
    await setPolicy(bench());
    const { id, key } = await makeKey(bench(), { reusable: true });
    const member = await bench().join(key, 'a');
    await must(bench(), 'DELETE', `/tailnet/-/keys/${id}`);
    expect(await device(bench(), member.nodeId)).toMatchObject({ tags: ['tag:router'], isEphemeral: false });
    await expect(bench().join(key, 'b')).rejects.toThrow();
  });

  test('of one use are spent by it, and say so', async () => {
    await setPolicy(bench());
    const { id, key } = await makeKey(bench());
    const shown = async (): Promise<unknown> => (await must(bench(), 'GET', `/tailnet/-/keys/${id}`)).json.invalid;
    expect(await shown()).toBeUndefined();
    await bench().join(key, 'a');
    expect(await shown()).toBe(true);
    await expect(bench().join(key, 'b')).rejects.toThrow();
    expect((await must(bench(), 'GET', '/tailnet/-/devices')).json.devices).toHaveLength(1);
  });

  test('that are reusable let several in, and stay good', async () => {
    await setPolicy(bench());
    const { id, key } = await makeKey(bench(), { reusable: true });
    const members = [await bench().join(key, 'a'), await bench().join(key, 'b')];
    expect(new Set(members.map(({ nodeId }) => nodeId)).size).toBe(2);
    expect((await must(bench(), 'GET', `/tailnet/-/keys/${id}`)).json.invalid).toBeUndefined();
  });

  test('end when their time is over', async () => {
    await setPolicy(bench());
    const wish: KeyWish = { reusable: true, expirySeconds: 5 };
    const { id, key } = await makeKey(bench(), wish);
    await bench().join(key, 'a');
    await bench().pass(6);
    expect((await must(bench(), 'GET', `/tailnet/-/keys/${id}`)).json.invalid).toBe(true);
    await expect(bench().join(key, 'b')).rejects.toThrow();
  });

  test('that nobody made let nobody in', async () => {
    await setPolicy(bench());
    const { key } = await makeKey(bench());
    await expect(bench().join(`${key.slice(0, -4)}zzzz`, 'a')).rejects.toThrow();
    await expect(bench().join('nonsense', 'a')).rejects.toThrow();
    await bench().join(key, 'a');
  });

  test('of ephemeral devices make such, and these are gone when they leave', async () => {
    await setPolicy(bench());
    const short = await joinNew(bench(), 'a', { ephemeral: true });
    const long = await joinNew(bench(), 'b');
    expect(await device(bench(), short.nodeId)).toMatchObject({ isEphemeral: true });
    expect(await device(bench(), long.nodeId)).toMatchObject({ isEphemeral: false });
    await Promise.all([short.leave(), long.leave()]);
    await eventually(async () => (await bench().call('GET', `/device/${short.nodeId}`)).status).toBe(404);
    // The other one stays listed.
    await eventually(async () => (await device(bench(), long.nodeId)).connectedToControl).toBe(false);
    const { expires, lastSeen } = await device(bench(), long.nodeId);
    expect(Date.parse(String(expires)) > 0).toBe(endsKeyOnLogout);
    expect(Date.parse(String(lastSeen))).toBeGreaterThan(0);
  });

  test.each<[what: string, bad: object, words: string, good: object]>([
    [
      'a tag that the policy does not define',
      keyBody({ tags: ['tag:none'] }),
      'requested tags [tag:none] are invalid or not permitted',
      keyBody(),
    ],
    ['one such tag among others', keyBody({ tags: ['tag:router', 'tag:none'] }), 'not permitted', keyBody()],
    [
      'more than 90 days',
      keyBody({ expirySeconds: 7_776_001 }),
      'expirySeconds',
      keyBody({ expirySeconds: 7_776_000 }),
    ],
    ['a negative time', keyBody({ expirySeconds: -1 }), 'expirySeconds', keyBody({ expirySeconds: 0 })],
    ['another type', { ...keyBody(), keyType: 'client' }, 'keyType', { ...keyBody(), keyType: 'auth' }],
    ['no capabilities', { expirySeconds: 1 }, 'capabilities', keyBody()],
  ])('are refused for %s', async (_what, bad, words, good) => {
    await setPolicy(bench());
    const refused = await bench().call('POST', '/tailnet/-/keys', bad);
    expect(refused.status).toBe(400);
    expect(refused.json.message).toContain(words);
    expect((await must(bench(), 'GET', '/tailnet/-/keys')).json).toEqual({ keys: [] });
    await must(bench(), 'POST', '/tailnet/-/keys', good);
  });

  test('of an OAuth client carry tags that it has or owns, and never none', async () => {
    await setPolicy(bench());
    const token = await bearer(bench());
    const status = async (tags: string[]): Promise<number> =>
      (await bench().call('POST', '/tailnet/-/keys', keyBody({ tags }), token)).status;
    expect([await status(['tag:router']), await status(['tag:iac'])]).toEqual([200, 200]);
    expect([await status(['tag:foreign']), await status([]), await status(['tag:router', 'tag:foreign'])]).toEqual([
      400, 400, 400,
    ]);
    // The owner, an admin, may use any tag that exists, also one that a group owns.
    await makeKey(bench(), { tags: ['tag:foreign'] });
  });

  test('without tags make a device of the person whose they are, with a key that ends', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'laptop', { tags: [] });
    const shown = await device(bench(), member.nodeId);
    expect(shown).not.toHaveProperty('tags');
    expect(shown).toMatchObject({ keyExpiryDisabled: false });
    expect(shown.user).toMatch(/^owner@/);
    const days = (Date.parse(String(shown.expires)) - Date.parse(String(shown.created))) / 86_400_000;
    expect(Math.round(days)).toBe(180);
    await eventually(async () => sameTime((await member.self()).keyEnds, shown.expires)).toBe(true);
  });

  test('let nobody in with a tag that the policy has dropped since', async () => {
    await setPolicy(bench());
    const [dropped, kept] = [await makeKey(bench(), { tags: ['tag:spare'] }), await makeKey(bench())];
    await setPolicy(bench(), POLICY.replace('"tag:spare": ["tag:iac"],', ''));
    await expect(bench().join(dropped.key, 'a')).rejects.toThrow();
    await bench().join(kept.key, 'a');
  });

  test('that are not preauthorised make devices that wait, where approval is on', async () => {
    await setPolicy(bench());
    await must(bench(), 'PATCH', '/tailnet/-/settings', { devicesApprovalOn: true });
    const routes = ['10.77.10.0/24'];
    const held = await joinNew(bench(), 'a', { preauthorized: false, routes });
    expect(await device(bench(), held.nodeId)).toMatchObject({ authorized: false });
    expect(await bench().carried(held.nodeId)).toEqual(holdsBack ? [] : routes);
    await must(bench(), 'POST', `/device/${held.nodeId}/authorized`, { authorized: true });
    expect(await device(bench(), held.nodeId)).toMatchObject({ authorized: true });
    expect(await bench().carried(held.nodeId)).toEqual(routes);
    expect(await device(bench(), (await joinNew(bench(), 'b')).nodeId)).toMatchObject({ authorized: true });
  });

  test('are those of the own tailnet only', async () => {
    await setPolicy(bench());
    const { id } = await makeKey(bench());
    const other = basic(bench().other.apiKey);
    expect((await bench().call('GET', `/tailnet/-/keys/${id}`, undefined, other)).status).toBe(404);
    expect((await bench().call('DELETE', `/tailnet/-/keys/${id}`, undefined, other)).status).toBe(404);
    expect((await bench().call('GET', `/tailnet/${bench().acme.name}/keys`, undefined, other)).status).toBe(404);
    expect((await bench().call('GET', '/tailnet/-/keys', undefined, basic('tskey-api-wrong'))).status).toBe(401);
    await must(bench(), 'GET', `/tailnet/${bench().acme.name}/keys/${id}`);
  });
}
