import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drive, server, startLab, type Driven, type Lab } from './sshd-fixtures.ts';
import { release, request as stageRequest } from './sshd-releases.ts';

let lab: Lab;
let host: Driven;
beforeEach(async () => {
  lab = await startLab();
  host = await drive(lab);
  await firstRelease();
});
afterEach(() => lab.sshd.close());

const request = (part: Record<string, unknown> = {}) => ({
  authKey: 'key-1',
  loginServer: null,
  hostname: 'fra-edge-01',
  tags: ['tag:router'],
  advertiseRoutes: ['10.77.10.0/24'],
  acceptRoutes: true,
  snat: true,
  ssh: false,
  tailnet: 'acme',
  ...part,
});
const refusal = (code: string) => ({ code: code === 'command-failed' ? 5 : 4, json: { error: { code } } });

/** A release that brings tailscaled, confirmed: it also made the ed25519 host key. */
async function firstRelease(packages: Record<string, string> = { tailscale: '1.102.3' }): Promise<void> {
  const { json } = await host.run('apply stage', stageRequest(release({ packages })));
  await host.run(`apply activate ${String(json.hash)} 60`);
  const other = await drive(lab);
  await other.run(`apply confirm ${String(json.hash)}`);
  other.login.close();
}

describe('node join', () => {
  test('spends the key and tells the node', async () => {
    const { code, json } = await host.run('node join', request());
    expect(code).toBe(0);
    expect(json).toEqual({
      nodeId: 'n1CNTRL',
      name: 'fra-edge-01.acme.ts.net',
      addresses: ['100.64.0.1'],
      tags: ['tag:router'],
      adopted: false,
      retired: ['ecdsa'],
    });
    expect(lab.tailnet.joins).toEqual([
      { authKey: 'key-1', hostname: 'fra-edge-01', os: 'linux', advertiseRoutes: ['10.77.10.0/24'] },
    ]);
    expect((await host.run('node status')).json).toMatchObject({
      state: 'Running',
      nodeId: 'n1CNTRL',
      tailnet: 'acme',
      online: true,
    });
  });

  test('with Tailscale SSH says that nobody is answered, as long as the node is to answer', async () => {
    const told = (): string[] => lab.sshd.unexecuted().map(({ what }) => what);
    await host.run('node join', request({ ssh: true }));
    expect(told()).toContain('Tailscale SSH answers nobody');
    await host.run('node join', request());
    expect(told()).not.toContain('Tailscale SSH answers nobody');
  });

  test('a spent key is refused by the tailnet, and the host stays out', async () => {
    lab.tailnet.join({ authKey: 'key-1', hostname: 'thief', os: 'linux', advertiseRoutes: [] });
    expect(await host.run('node join', request())).toMatchObject(refusal('command-failed'));
    expect((await host.run('node status')).json).toMatchObject({ state: 'NeedsLogin', nodeId: null });
    expect((await host.run('node join', request({ authKey: 'key-2' }))).code).toBe(0);
  });

  test('a node with these tags is adopted: no key is spent, the routes are applied', async () => {
    await host.run('node join', request());
    const again = await host.run('node join', request({ authKey: 'key-2', advertiseRoutes: ['10.77.11.0/24'] }));
    expect(again.json).toMatchObject({ adopted: true, nodeId: 'n1CNTRL' });
    expect(lab.tailnet.joins).toHaveLength(1);
    expect(lab.tailnet.nodes.get('n1CNTRL')?.advertisedRoutes).toEqual(['10.77.11.0/24']);
  });

  test('an adopted node is called what the request says', async () => {
    await host.run('node join', request());
    await host.run('node join', request({ authKey: '', hostname: 'fra-edge-09' }));
    expect([...lab.tailnet.nodes.values()].map(({ nodeId, hostname }) => [nodeId, hostname])).toEqual([
      ['n1CNTRL', 'fra-edge-09'],
    ]);
  });

  test('an empty key adopts or says not-joined', async () => {
    expect(await host.run('node join', request({ authKey: '' }))).toMatchObject(refusal('not-joined'));
    await host.run('node join', request());
    expect((await host.run('node join', request({ authKey: '' }))).json).toMatchObject({ adopted: true });
    expect(await host.run('node join', request({ authKey: '', tags: ['tag:db'] }))).toMatchObject(
      refusal('not-joined'),
    );
  });

  test('a host of another tailnet is not taken over; with no tailnet asked for, or that one, it is adopted', async () => {
    await host.run('node join', request({ authKey: 'key-foreign', tailnet: null }));
    expect(await host.run('node join', request({ authKey: 'key-2' }))).toMatchObject(refusal('wrong-tailnet'));
    expect(lab.tailnet.joins).toHaveLength(1);
    for (const tailnet of [null, 'elsewhere']) {
      expect((await host.run('node join', request({ authKey: '', tailnet }))).json).toMatchObject({ adopted: true });
    }
  });

  test('a device that was removed from the tailnet joins anew', async () => {
    await host.run('node join', request());
    lab.tailnet.remove('n1CNTRL');
    expect(await host.run('node join', request({ authKey: '' }))).toMatchObject(refusal('not-joined'));
    expect((await host.run('node join', request({ authKey: 'key-2' }))).json).toMatchObject({ adopted: false });
  });

  test('retires the bootstrap key, once', async () => {
    (await drive(lab)).login.close();
    expect((await host.run('node join', request())).json).toMatchObject({ retired: ['ecdsa'] });
    expect((await host.run('node join', request())).json).toMatchObject({ retired: [] });
    await expect(drive(lab)).rejects.toThrow('no matching host key format');
  });

  test('leaves no key in the journal', async () => {
    await host.run('node join', request());
    await host.run('node join', request({ authKey: 'key-unused', tags: ['tag:db'] }));
    expect(lab.store.text()).toContain('n1CNTRL');
    expect(lab.store.text()).not.toMatch(/key-1|key-unused/);
  });

  test.each<[string, unknown]>([
    ['no JSON', '{'],
    ['an unknown key', request({ exitNode: true })],
    ['a tag without its prefix', request({ tags: ['router'] })],
    ['a route that is none', request({ advertiseRoutes: ['lan'] })],
  ])('refuses %s and spends nothing', async (_what, stdin) => {
    expect(await host.run('node join', stdin)).toMatchObject({ code: 2, json: { error: { code: 'usage' } } });
    expect(lab.tailnet.joins).toHaveLength(0);
    expect((await host.run('node join', request())).code).toBe(0);
  });
});

describe('a fresh host', () => {
  test('keeps its bootstrap key over a join as long as no release was confirmed', async () => {
    lab.servers[0] = server({ id: 'hetzner-1002' });
    host = await drive(lab);
    const { json } = await host.run('apply stage', stageRequest(release()));
    await host.run(`apply activate ${String(json.hash)} 60`);
    expect((await host.run('node join', request())).json).toMatchObject({ retired: [] });
    await (await drive(lab)).run(`apply confirm ${String(json.hash)}`);
    expect((await host.run('node join', request())).json).toMatchObject({ retired: ['ecdsa'] });
  });

  test('has no tailscaled and cannot join, until a release brings it', async () => {
    lab.servers[0] = server({ id: 'hetzner-1002' });
    host = await drive(lab);
    await firstRelease({});
    expect((await host.run('node status')).json).toMatchObject({ state: 'NoDaemon' });
    expect(await host.run('node join', request())).toMatchObject(refusal('command-failed'));
    expect(lab.tailnet.joins).toHaveLength(0);
    await firstRelease();
    expect((await host.run('node status')).json).toMatchObject({ state: 'NeedsLogin' });
    expect((await host.run('node join', request())).code).toBe(0);
  });
});

describe('routes', () => {
  const advertised = (): string[] | undefined => lab.tailnet.nodes.get('n1CNTRL')?.advertisedRoutes;

  test('drain withdraws, and stays over joins and boots until advertise', async () => {
    await host.run('node join', request());
    expect((await host.run('route status')).json).toEqual({
      wanted: ['10.77.10.0/24'],
      advertised: ['10.77.10.0/24'],
      drained: false,
    });
    expect((await host.run('route drain')).json).toEqual({ advertised: [], drained: true });
    expect(advertised()).toEqual([]);
    await host.run('node join', request());
    expect(advertised()).toEqual([]);
    await host.run('route resume');
    expect(advertised()).toEqual([]);
    expect((await host.run('route advertise')).json).toEqual({ advertised: ['10.77.10.0/24'], drained: false });
    expect(advertised()).toEqual(['10.77.10.0/24']);
  });

  test('only a joined host drains or advertises', async () => {
    expect(await host.run('route drain')).toMatchObject(refusal('not-joined'));
    expect(await host.run('route advertise')).toMatchObject(refusal('not-joined'));
    expect((await host.run('route status')).json).toEqual({ wanted: [], advertised: [], drained: false });
    await host.run('node join', request());
    expect((await host.run('route drain')).code).toBe(0);
  });
});

describe('leaving and power', () => {
  test('leave drains and logs out, once', async () => {
    await host.run('node join', request());
    expect((await host.run('node leave')).json).toEqual({ left: true });
    expect(lab.tailnet.nodes.get('n1CNTRL')).toMatchObject({ online: false, advertisedRoutes: [] });
    expect((await host.run('node status')).json).toMatchObject({ state: 'NeedsLogin', nodeId: null });
    expect((await host.run('node leave')).json).toEqual({ left: false });
  });

  test('the node goes offline with its server, and comes back with it', async () => {
    await host.run('node join', request());
    const online = (): boolean | undefined => lab.tailnet.nodes.get('n1CNTRL')?.online;
    lab.servers[0] = server({ running: false });
    await expect.poll(online).toBe(false);
    lab.servers[0] = server();
    await expect.poll(online).toBe(true);
  });

  test('a deleted server takes its node offline and is forgotten', async () => {
    await host.run('node join', request());
    expect(lab.sshd.unexecuted()).not.toHaveLength(0);
    lab.servers.length = 0;
    await expect.poll(() => lab.tailnet.nodes.get('n1CNTRL')?.online).toBe(false);
    expect(lab.sshd.unexecuted()).toHaveLength(0);
  });
});
