import { expect, test } from 'vitest';
import { basic, bearer, benchOf, device, eventually, joinNew, LAN, must, sameTime, setPolicy } from './bench.ts';
import type { Open, TailnetAbilities } from './bench.ts';

/** Hostnames of a list of devices. */
const hostnames = (json: Record<string, unknown>): unknown =>
  (json.devices as { hostname: string }[]).map(({ hostname }) => hostname);

/** Devices as the API lists and changes them, and as their hosts see it. */
export function deviceContract(open: Open, { endsAtOnce }: TailnetAbilities): void {
  const bench = benchOf(open);

  test('are listed as they see themselves', async () => {
    await setPolicy(bench());
    expect((await must(bench(), 'GET', '/tailnet/-/devices')).json).toEqual({ devices: [] });
    const member = await joinNew(bench(), 'fra-edge-01', { routes: [LAN] });
    await eventually(async () => (await device(bench(), member.nodeId)).connectedToControl).toBe(true);
    const { json } = await must(bench(), 'GET', '/tailnet/-/devices?fields=all');
    const [shown, ...others] = json.devices as Record<string, unknown>[];
    expect(others).toEqual([]);
    const self = await member.self();
    expect(shown).toMatchObject({
      nodeId: member.nodeId,
      hostname: 'fra-edge-01',
      name: self.name,
      addresses: self.addresses,
      tags: ['tag:router'],
      user: 'tagged-devices',
      authorized: true,
      keyExpiryDisabled: true,
      isEphemeral: false,
      connectedToControl: true,
      advertisedRoutes: [LAN],
      enabledRoutes: [LAN],
    });
    expect(self).toMatchObject({ nodeId: member.nodeId, tags: ['tag:router'], offers: [LAN] });
    expect(self.name).toMatch(/^fra-edge-01\.tail[0-9a-f]{6}\.ts\.net$/);
    expect(self.addresses.map((address) => address.replace(/^(100\.|fd7a:115c:a1e0:).*/, '$1'))).toEqual([
      '100.',
      'fd7a:115c:a1e0:',
    ]);
    expect(shown).not.toHaveProperty('lastSeen');
    expect((await device(bench(), String(shown?.id))).nodeId).toBe(member.nodeId);
    expect((await must(bench(), 'GET', '/tailnet/-/devices')).json.devices).not.toHaveProperty('0.enabledRoutes');
  });

  test('are listed as the filters say, and by no property that they do not have', async () => {
    await setPolicy(bench());
    await joinNew(bench(), 'a');
    await joinNew(bench(), 'b', { tags: ['tag:spare'] });
    const list = async (query: string): Promise<unknown> =>
      hostnames((await must(bench(), 'GET', `/tailnet/-/devices${query}`)).json);
    expect(await list('')).toEqual(['a', 'b']);
    expect(await list('?hostname=a')).toEqual(['a']);
    expect(await list('?tags=tag%3Aspare')).toEqual(['b']);
    expect(await list('?tags=tag%3Aspare&hostname=a')).toEqual([]);
    expect((await bench().call('GET', '/tailnet/-/devices?colour=red')).status).toBe(400);
  });

  test('of one host name are told apart by a suffix, also once the first is away', async () => {
    await setPolicy(bench());
    const first = await joinNew(bench(), 'edge');
    const second = await joinNew(bench(), 'edge');
    const label = async (id: string): Promise<string> => String((await device(bench(), id)).name).replace(/\..*/, '');
    expect([await label(first.nodeId), await label(second.nodeId)]).toEqual(['edge', 'edge-1']);
    expect(hostnames((await must(bench(), 'GET', '/tailnet/-/devices?hostname=edge')).json)).toHaveLength(2);
    await first.leave();
    expect(await label((await joinNew(bench(), 'edge')).nodeId)).toBe('edge-2');
  });

  test('are gone after a delete, and the host has to join anew', async () => {
    await setPolicy(bench());
    const [gone, kept] = [await joinNew(bench(), 'a'), await joinNew(bench(), 'b')];
    await must(bench(), 'DELETE', `/device/${gone.nodeId}`);
    expect((await bench().call('DELETE', `/device/${gone.nodeId}`)).status).toBe(404);
    expect((await bench().call('GET', `/device/${gone.nodeId}`)).status).toBe(404);
    expect(hostnames((await must(bench(), 'GET', '/tailnet/-/devices')).json)).toEqual(['b']);
    const says = (): Promise<string> =>
      gone.self().then(
        ({ nodeId }) => nodeId,
        () => 'out',
      );
    expect(await says()).toBe(endsAtOnce ? 'out' : gone.nodeId);
    expect((await kept.self()).nodeId).toBe(kept.nodeId);
    // Its name is free again.
    const again = await joinNew(bench(), 'a');
    expect(again.nodeId).not.toBe(gone.nodeId);
    expect((await device(bench(), again.nodeId)).name).toMatch(/^a\./);
  });

  test('take tags, which their hosts see', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a');
    await must(bench(), 'POST', `/device/${member.nodeId}/tags`, { tags: ['tag:spare', 'tag:router'] });
    const sorted = ['tag:router', 'tag:spare'];
    expect((await device(bench(), member.nodeId)).tags).toEqual(expect.arrayContaining(sorted));
    await eventually(async () => (await member.self()).tags.toSorted()).toEqual(sorted);
    const refusals: [tags: string[], words: string][] = [
      [['tag:none'], 'requested tags [tag:none] are invalid or not permitted'],
      [[], 'cannot be removed'],
    ];
    for (const [tags, words] of refusals) {
      const refused = await bench().call('POST', `/device/${member.nodeId}/tags`, { tags });
      expect(refused).toMatchObject({ status: 400 });
      expect(refused.json.message).toContain(words);
    }
    const foreign = { tags: ['tag:foreign'] };
    const token = await bearer(bench());
    expect((await bench().call('POST', `/device/${member.nodeId}/tags`, foreign, token)).status).toBe(400);
    expect((await device(bench(), member.nodeId)).tags).toHaveLength(2);
    await must(bench(), 'POST', `/device/${member.nodeId}/tags`, foreign);
  });

  test('of a person belong to nobody once they are tagged, and their key ends no more', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { tags: [] });
    await must(bench(), 'POST', `/device/${member.nodeId}/tags`, { tags: ['tag:router'] });
    expect(await device(bench(), member.nodeId)).toMatchObject({
      tags: ['tag:router'],
      user: 'tagged-devices',
      keyExpiryDisabled: true,
    });
  });

  test('have keys that end or do not, as asked', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { tags: [] });
    const set = (keyExpiryDisabled: unknown) =>
      bench().call('POST', `/device/${member.nodeId}/key`, { keyExpiryDisabled });
    expect((await set('no')).status).toBe(400);
    expect(await device(bench(), member.nodeId)).toMatchObject({ keyExpiryDisabled: false });
    expect((await set(true)).status).toBe(200);
    expect(await device(bench(), member.nodeId)).toMatchObject({ keyExpiryDisabled: true });
    await eventually(async () => (await member.self()).keyEnds).toBeNull();
    expect((await set(false)).status).toBe(200);
    const { keyExpiryDisabled, expires } = await device(bench(), member.nodeId);
    expect(keyExpiryDisabled).toBe(false);
    expect(Date.parse(String(expires))).toBeGreaterThan(Date.UTC(2026, 0));
    await eventually(async () => sameTime((await member.self()).keyEnds, expires)).toBe(true);
  });

  test('with tags have keys that end when that is asked, and only then', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a');
    expect(await device(bench(), member.nodeId)).toMatchObject({ keyExpiryDisabled: true });
    await must(bench(), 'POST', `/device/${member.nodeId}/key`, { keyExpiryDisabled: false });
    const { keyExpiryDisabled, expires } = await device(bench(), member.nodeId);
    expect(keyExpiryDisabled).toBe(false);
    await eventually(async () => sameTime((await member.self()).keyEnds, expires)).toBe(true);
    await must(bench(), 'POST', `/device/${member.nodeId}/key`, { keyExpiryDisabled: true });
    expect(await device(bench(), member.nodeId)).toMatchObject({ keyExpiryDisabled: true });
  });

  test('take another name, no taken or impossible one, and their own one back', async () => {
    await setPolicy(bench());
    const [member, second] = [await joinNew(bench(), 'a'), await joinNew(bench(), 'b')];
    const name = (to: string) => bench().call('POST', `/device/${member.nodeId}/name`, { name: to });
    const label = async (): Promise<string> => String((await device(bench(), member.nodeId)).name).replace(/\..*/, '');
    expect((await name('gateway')).status).toBe(200);
    expect(await label()).toBe('gateway');
    expect((await device(bench(), member.nodeId)).hostname).toBe('a');
    await eventually(async () => (await member.self()).name).toMatch(/^gateway\./);
    expect((await name('b')).status).toBe(409);
    expect((await name('Not A Name')).status).toBe(400);
    expect(await label()).toBe('gateway');
    const full = String((await device(bench(), member.nodeId)).name).replace('gateway', 'way-out');
    expect((await name(full)).status).toBe(200);
    expect(await label()).toBe('way-out');
    expect((await name('')).status).toBe(200);
    expect(await label()).toBe('a');
    expect((await device(bench(), second.nodeId)).name).toMatch(/^b\./);
  });

  test('are held back and let in again', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a');
    const set = (authorized: unknown) => bench().call('POST', `/device/${member.nodeId}/authorized`, { authorized });
    expect((await set('no')).status).toBe(400);
    expect((await set(false)).status).toBe(200);
    expect(await device(bench(), member.nodeId)).toMatchObject({ authorized: false });
    expect((await set(true)).status).toBe(200);
    expect(await device(bench(), member.nodeId)).toMatchObject({ authorized: true });
  });

  test('that are none, or of another tailnet, are not found by any call', async () => {
    await setPolicy(bench());
    const { nodeId } = await joinNew(bench(), 'a');
    const other = basic(bench().other.apiKey);
    const calls: [method: string, path: string, body?: object][] = [
      ['GET', ''],
      ['GET', '/routes'],
      ['POST', '/routes', { routes: [] }],
      ['POST', '/tags', { tags: ['tag:iac'] }],
      ['POST', '/key', { keyExpiryDisabled: true }],
      ['POST', '/authorized', { authorized: true }],
      ['POST', '/name', { name: 'x' }],
      ['DELETE', ''],
    ];
    for (const [method, path, body] of calls) {
      expect((await bench().call(method, `/device/nobody${path}`, body)).status, path).toBe(404);
      expect((await bench().call(method, `/device/${nodeId}${path}`, body, other)).status, path).toBe(404);
    }
    expect((await bench().call('GET', '/tailnet/-/devices', undefined, other)).json).toEqual({ devices: [] });
    await device(bench(), nodeId);
  });
}
