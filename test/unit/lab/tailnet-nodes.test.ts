import { describe, expect, it } from 'vitest';
import { POLICY, join, startTailnet, type Lab } from './tailnet-fixtures.ts';

const ROUTE = '10.77.10.0/24';
const node = (lab: Lab, id: string): NonNullable<ReturnType<Lab['tailnet']['nodes']['node']>> => {
  const found = lab.tailnet.nodes.node(id);
  if (found === undefined) throw new Error(`${id} is gone`);
  return found;
};
async function started(): Promise<Lab> {
  const lab = startTailnet();
  await lab.policy();
  return lab;
}
const attempt = (lab: Lab, authKey: string, hostname = 'a'): string => {
  const answer = lab.tailnet.nodes.join({ authKey, hostname, os: 'linux', advertiseRoutes: [] });
  return answer.ok ? 'joined' : answer.message;
};

describe('peers', () => {
  it('are all others of the tailnet that are logged in, with the routes that they carry', async () => {
    const lab = await started();
    const a = join(lab, await lab.key(), 'fra-edge-01', [ROUTE]);
    const b = join(lab, await lab.key(), 'fra-edge-02', [ROUTE]);
    const seen = (id: string): [string, string[]][] =>
      lab.tailnet.nodes.peers(id).map(({ hostname, primaryRoutes }) => [hostname, primaryRoutes]);
    expect(seen(a)).toEqual([['fra-edge-02', []]]);
    expect(seen(b)).toEqual([['fra-edge-01', [ROUTE]]]);
    lab.tailnet.nodes.setAdvertisedRoutes(a, []);
    expect([seen(a), seen(b)]).toEqual([[['fra-edge-02', [ROUTE]]], [['fra-edge-01', []]]]);
    lab.tailnet.nodes.leave(a);
    expect([seen(b), seen('gone')]).toEqual([[], []]);
  });
});

describe('a join', () => {
  it('answers name, addresses of both families and the tags of the key', async () => {
    const lab = await started();
    const answer = lab.tailnet.nodes.join({
      authKey: await lab.key(),
      hostname: 'fra-edge-01',
      os: 'linux',
      advertiseRoutes: [],
    });
    expect(answer).toMatchObject({ ok: true, tags: ['tag:router'] });
    if (!answer.ok) return;
    expect(answer.name).toMatch(/^fra-edge-01\.tail[0-9a-f]{6}\.ts\.net$/);
    expect(answer.addresses[0]).toMatch(/^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./);
    expect(answer.addresses[1]).toMatch(/^fd7a:115c:a1e0::/);
  });

  it('spends a one-off key, and the API shows it', async () => {
    const lab = await started();
    const key = await lab.key();
    const id = key.split('-')[2] ?? '';
    expect((await lab.call('GET', `/tailnet/-/keys/${id}`)).json.invalid).toBeUndefined();
    expect(attempt(lab, key)).toBe('joined');
    expect((await lab.call('GET', `/tailnet/-/keys/${id}`)).json.invalid).toBe(true);
    expect(attempt(lab, key)).toContain(`API key ${id} not valid`);
  });

  it('takes a reusable key again', async () => {
    const lab = await started();
    const key = await lab.key({ reusable: true });
    expect([attempt(lab, key), attempt(lab, key)]).toEqual(['joined', 'joined']);
  });

  it('refuses an expired, a deleted and an invented key', async () => {
    const lab = await started();
    const [late, deleted, real] = [await lab.key({ seconds: 60 }), await lab.key(), await lab.key()];
    lab.pass(59_000);
    expect(attempt(lab, await lab.key({ seconds: 60 }))).toBe('joined');
    lab.pass(1000);
    expect(attempt(lab, late)).toContain('not valid');
    await lab.call('DELETE', `/tailnet/-/keys/${deleted.split('-')[2] ?? ''}`);
    expect(attempt(lab, deleted)).toContain('not valid');
    expect(attempt(lab, `${real}x`)).toContain('not valid');
    expect(attempt(lab, 'nonsense')).toContain('not valid');
    expect(attempt(lab, real)).toBe('joined');
  });

  it('never repeats the secret part of a key that it refuses', async () => {
    const lab = await started();
    const key = await lab.key();
    attempt(lab, key);
    expect(attempt(lab, key)).not.toContain(key.split('-')[3]);
  });

  it('refuses a key whose tag the policy has dropped meanwhile', async () => {
    const lab = await started();
    const key = await lab.key({ reusable: true });
    await lab.policy(POLICY.replaceAll('tag:router', 'tag:gateway'));
    expect(attempt(lab, key)).toContain('requested tags [tag:router] are invalid or not permitted');
    await lab.policy();
    expect(attempt(lab, key)).toBe('joined');
  });

  it('gets a suffix while a device of that name is listed, logged out or not', async () => {
    const lab = await started();
    const first = join(lab, await lab.key(), 'edge');
    lab.tailnet.nodes.leave(first);
    const second = join(lab, await lab.key(), 'edge');
    expect(node(lab, second).name).toMatch(/^edge-1\./);
    expect(node(lab, second).hostname).toBe('edge');
    await lab.call('DELETE', `/device/${first}`);
    expect(node(lab, join(lab, await lab.key(), 'edge')).name).toMatch(/^edge\./);
  });

  it('fails on the host of the fault key-spent only, and the key is then really spent', async () => {
    const lab = await started();
    lab.faults.set('key-spent', 'b');
    const [forA, forB] = [await lab.key(), await lab.key()];
    expect(attempt(lab, forA, 'a')).toBe('joined');
    expect(attempt(lab, forB, 'b')).toContain('not valid');
    lab.faults.clear();
    expect(attempt(lab, forB, 'b')).toContain('not valid');
    expect(attempt(lab, await lab.key(), 'b')).toBe('joined');
  });

  it('keeps no key in the journal', async () => {
    const lab = await started();
    const key = await lab.key();
    join(lab, key, 'a');
    const kept = ['tailnet-keys', 'tailnet-devices', 'tailnets'].map((name) => lab.store.collection(name).all());
    expect(JSON.stringify(kept)).not.toContain(key);
    expect(JSON.stringify(kept)).toContain(key.split('-')[2]);
  });
});

describe('a logout', () => {
  it('leaves the device listed, offline, its key expired', async () => {
    const lab = await started();
    const id = join(lab, await lab.key(), 'a');
    expect((await lab.call('GET', `/device/${id}`)).json).toMatchObject({
      connectedToControl: true,
      expires: '0001-01-01T00:00:00Z',
    });
    lab.tailnet.nodes.leave(id);
    expect((await lab.call('GET', `/device/${id}`)).json).toMatchObject({
      connectedToControl: false,
      expires: '2026-11-22T12:00:00Z',
    });
    lab.tailnet.nodes.setOnline(id, true);
    expect(node(lab, id).online).toBe(false);
  });

  it('removes an ephemeral device at once', async () => {
    const lab = await started();
    const id = join(lab, await lab.key({ ephemeral: true }), 'a');
    lab.tailnet.nodes.leave(id);
    expect((await lab.call('GET', `/device/${id}`)).status).toBe(404);
  });
});

describe('routes', () => {
  it('are approved at their first advertisement by autoApprovers, others are not', async () => {
    const lab = await started();
    const id = join(lab, await lab.key(), 'a', [ROUTE, '10.9.0.0/16']);
    expect(node(lab, id)).toMatchObject({ advertisedRoutes: [ROUTE, '10.9.0.0/16'], enabledRoutes: [ROUTE] });
  });

  it('stay with a device that calls itself otherwise; its name follows, but for one that was given by hand', async () => {
    const lab = await started();
    const id = join(lab, await lab.key(), 'a', [ROUTE]);
    const name = (): string | undefined => node(lab, id).name.split('.')[0];
    join(lab, await lab.key(), 'b', []);
    lab.tailnet.nodes.setHostname(id, 'b');
    expect([name(), node(lab, id).enabledRoutes]).toEqual(['b-1', [ROUTE]]);
    lab.tailnet.nodes.setHostname(id, 'c');
    expect(name()).toBe('c');
    await lab.call('POST', `/device/${id}/name`, { name: 'by-hand' });
    lab.tailnet.nodes.setHostname(id, 'd');
    expect([name(), node(lab, id).hostname]).toEqual(['by-hand', 'd']);
  });

  it('are not approved by a policy that comes after them', async () => {
    const lab = await started();
    await lab.policy(POLICY.replace('10.77.10.0/24', '10.99.0.0/24'));
    const id = join(lab, await lab.key(), 'a', [ROUTE]);
    await lab.policy();
    lab.tailnet.nodes.setAdvertisedRoutes(id, []);
    lab.tailnet.nodes.setAdvertisedRoutes(id, [ROUTE]);
    expect(node(lab, id).enabledRoutes).toEqual([]);
    const later = join(lab, await lab.key(), 'b', [ROUTE]);
    expect(node(lab, later).enabledRoutes).toEqual([ROUTE]);
  });

  it('stay approved while they are not advertised', async () => {
    const lab = await started();
    const id = join(lab, await lab.key(), 'a', [ROUTE]);
    lab.tailnet.nodes.setAdvertisedRoutes(id, []);
    expect(node(lab, id)).toMatchObject({ enabledRoutes: [ROUTE], primaryRoutes: [] });
    lab.tailnet.nodes.setAdvertisedRoutes(id, [ROUTE]);
    expect(node(lab, id).primaryRoutes).toEqual([ROUTE]);
  });

  it('are carried by the elder, by the other one after 15 s without it, and by the elder again on its return', async () => {
    const lab = await started();
    const [a, b] = [join(lab, await lab.key(), 'a', [ROUTE]), join(lab, await lab.key(), 'b', [ROUTE])];
    const primary = (): string[] => [a, b].filter((id) => node(lab, id).primaryRoutes.includes(ROUTE));
    expect(primary()).toEqual([a]);
    lab.tailnet.nodes.setOnline(a, false);
    lab.pass(15_000);
    expect(primary()).toEqual([a]);
    lab.pass(1);
    expect(primary()).toEqual([b]);
    lab.tailnet.nodes.setOnline(a, true);
    expect(primary()).toEqual([a]);
  });

  it.each<[what: string, take: (lab: Lab, id: string) => unknown]>([
    ['drains', (lab, id) => lab.tailnet.nodes.setAdvertisedRoutes(id, [])],
    ['leaves', (lab, id) => lab.tailnet.nodes.leave(id)],
    ['is deleted', (lab, id) => lab.call('DELETE', `/device/${id}`)],
    ['loses its approval', (lab, id) => lab.call('POST', `/device/${id}/routes`, { routes: [] })],
    ['is no longer authorized', (lab, id) => lab.call('POST', `/device/${id}/authorized`, { authorized: false })],
  ])('go to the partner at once when the primary %s', async (_what, take) => {
    const lab = await started();
    const [a, b] = [join(lab, await lab.key(), 'a', [ROUTE]), join(lab, await lab.key(), 'b', [ROUTE])];
    expect(node(lab, b).primaryRoutes).toEqual([]);
    await take(lab, a);
    expect(node(lab, b).primaryRoutes).toEqual([ROUTE]);
  });

  it('of a broader prefix are no fallback', async () => {
    const lab = await started();
    const a = join(lab, await lab.key(), 'a', [ROUTE]);
    const b = join(lab, await lab.key(), 'b', ['10.77.0.0/16']);
    await lab.call('POST', `/device/${b}/routes`, { routes: ['10.77.0.0/16'] });
    lab.tailnet.nodes.leave(a);
    expect(node(lab, b).primaryRoutes).toEqual(['10.77.0.0/16']);
  });
});
