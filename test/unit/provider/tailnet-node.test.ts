import { beforeEach, afterEach, describe, expect, test, vi } from 'vitest';
import { PartialFailure, UNKNOWN } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { HostToolError } from '../../../io/ssh/host-tool.ts';
import { TailscaleError } from '../../../io/tailscale/errors.ts';
import { tailnetNode } from '../../../provider/tailnet-node.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, nodeInputs as inputs, connection, operation, recorded, thrownBy } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

function world() {
  const tailnet = new FakeTailnet();
  return { tailnet, host: new FakeHost(tailnet) };
}
const create = (host: FakeHost, news = inputs, op = operation()) => tailnetNode.create(op, news, false, host.client());
const update = (host: FakeHost, id: string, olds: Inputs, news: Inputs) =>
  tailnetNode.update(operation(), id, olds, inputs, news, false, host.client());
const read = (host: FakeHost, outputs: Inputs) => tailnetNode.read(operation(), 'n1', outputs, inputs, host.client());
const diff = (olds: Inputs, news: Inputs) =>
  tailnetNode.diff(operation(), 'n1', olds, inputs, news, world().host.client());

async function joined() {
  const both = world();
  const outputs = recorded((await create(both.host)).outputs);
  both.host.verbs.length = 0;
  both.tailnet.calls.length = 0;
  return { ...both, outputs };
}

describe('joining', () => {
  test('asks the host, makes a key, joins with it and records what the tailnet says; the key is spent', async () => {
    const { tailnet, host } = world();
    const { id, outputs } = await create(host);
    expect(host.verbs).toEqual(['ask', 'node status', 'join', 'advertise', 'node status']);
    expect([id, outputs.nodeId, outputs.name, outputs.addresses]).toEqual([
      'n1',
      'n1',
      'fra-edge-01.acme.ts.net',
      ['100.64.0.1'],
    ]);
    expect([...tailnet.keys.values()]).toMatchObject([{ invalid: true, tags: ['tag:router'] }]);
    expect(JSON.stringify(outputs)).not.toContain('tskey');
  });

  test('a host that joined in a run that was killed is adopted without a key', async () => {
    const { tailnet, host } = await joined();
    const { id } = await create(host);
    expect([id, host.verbs]).toEqual(['n1', ['ask', 'advertise', 'node status']]);
    expect(tailnet.calls).not.toContain('keys.create');
  });

  test('a host whose device was deleted leaves and joins anew', async () => {
    const { tailnet, host } = await joined();
    tailnet.devices.delete('n1');
    tailnet.devices.set('n9', { nodeId: 'n9', name: 'other', hostname: 'fra-edge-01', addresses: [], tags: [] });
    const { id } = await create(host);
    expect(host.verbs).toEqual(['ask', 'leave', 'join', 'advertise', 'node status']);
    expect(id).toBe('n2');
  });

  test('but not where the tailnet has no name to tell it from somebody else’s', async () => {
    const { tailnet, host } = await joined();
    tailnet.devices.clear();
    const client = host.client();
    await expect(
      tailnetNode.create(operation(), inputs, false, {
        ...client,
        tailnet: { state: 'known', api: tailnet.api, name: null, home: '-' },
      }),
    ).rejects.toThrow('somebody else');
    expect(host.verbs).not.toContain('leave');
  });

  test('a member with other tags is retagged and keeps its identity', async () => {
    const { tailnet, host } = await joined();
    const { id } = await create(host, { ...inputs, tags: ['tag:db', 'tag:router'] });
    expect([id, host.verbs]).toEqual(['n1', ['ask', 'node status', 'ask', 'advertise', 'node status']]);
    expect(tailnet.devices.get('n1')?.tags).toEqual(['tag:db', 'tag:router']);
  });

  test('a key that was not spent when the join failed is deleted', async () => {
    const { tailnet, host } = world();
    host.throws.join = [new HostToolError('command-failed', 5, 'tailscaled is not running')];
    expect((await thrownBy(create(host))).message).toBe('tailscaled is not running');
    expect(tailnet.keys.size).toBe(0);
  });

  test('a key that somebody else spent is reported as that', async () => {
    const { tailnet, host } = world();
    const make = tailnet.api.keys.create.bind(tailnet.api.keys);
    vi.spyOn(tailnet.api.keys, 'create').mockImplementation(async (request, signal) => {
      const key = await make(request, signal);
      const stored = tailnet.keys.get(key.id);
      if (stored !== undefined) stored.invalid = true;
      return key;
    });
    const error = await thrownBy(create(host));
    expect(error.message).toContain('invalid key');
    expect(error.message).toContain('The join key of fra-edge-01 is spent, but the host did not join');
  });

  test('a host in another tailnet is left alone', async () => {
    const { tailnet, host } = world();
    host.throws.ask = [new HostToolError('wrong-tailnet', 4, 'fra-edge-01: in tailnet other.example')];
    expect((await thrownBy(create(host))).message).toContain('other.example');
    expect(tailnet.calls).toEqual([]);
  });

  test('a join that could not be verified is recorded, and the next update finishes it', async () => {
    const { tailnet, host } = world();
    host.after.join = () => (tailnet.fail = new TailscaleError(503, 'unavailable'));
    const error = await thrownBy(create(host));
    expect(error).toBeInstanceOf(PartialFailure);
    const outputs = error instanceof PartialFailure ? error.outputs : {};
    expect(outputs).toMatchObject({ nodeId: 'n1' });
    tailnet.fail = undefined;
    const finished = await update(host, 'n1', recorded(outputs), inputs);
    expect(finished.outputs.name).toBe('fra-edge-01.acme.ts.net');
  });

  test('a join key lives an hour unless told, and never more than a day', async () => {
    const { tailnet, host } = world();
    const spy = vi.spyOn(tailnet.api.keys, 'create');
    await create(host);
    expect(spy.mock.calls[0]?.[0].expirySeconds).toBe(3600);
    const { failures } = await tailnetNode.check(
      operation(),
      { ...inputs, keySeconds: 86_401 },
      undefined,
      host.client(),
    );
    expect(failures.map(({ property }) => property)).toEqual(['keySeconds']);
    expect(
      (await tailnetNode.check(operation(), { ...inputs, keySeconds: 86_400 }, undefined, host.client())).failures,
    ).toEqual([]);
  });

  test('a preview asks nobody', async () => {
    const { tailnet, host } = world();
    const { outputs } = await tailnetNode.create(operation(), { ...inputs, serverId: UNKNOWN }, true, host.client());
    expect([outputs.nodeId, outputs.addresses]).toEqual([UNKNOWN, UNKNOWN]);
    expect([tailnet.calls, host.connections]).toEqual([[], []]);
  });

  test('without a credential it says what to set', async () => {
    await expect(create(new FakeHost())).rejects.toThrow('tailscale:apiKey');
  });
});

describe('changing', () => {
  test('another server replaces, the old device first', async () => {
    const { outputs } = await joined();
    expect(await diff(outputs, { ...inputs, serverId: UNKNOWN })).toEqual({
      changes: { serverId: 'update-replace' },
      deleteBeforeReplace: true,
    });
    expect((await diff(outputs, inputs)).changes).toEqual({});
  });

  test('tags change at the tailnet, without asking the host', async () => {
    const { tailnet, host, outputs } = await joined();
    const news = { ...inputs, tags: ['tag:db', 'tag:router'] };
    expect((await update(host, 'n1', outputs, news)).outputs.tags).toEqual(news.tags);
    expect(tailnet.devices.get('n1')?.tags).toEqual(news.tags);
    expect(host.verbs).toEqual([]);
  });

  test('routes change on the host, without a key', async () => {
    const { tailnet, host, outputs } = await joined();
    await update(host, 'n1', outputs, { ...inputs, advertiseRoutes: [] });
    expect(host.verbs).toEqual(['ask', 'node status']);
    expect(host.node?.settings?.advertiseRoutes).toEqual([]);
    expect(tailnet.calls).not.toContain('keys.create');
  });

  test('Tailscale SSH comes and goes on the host, without a key; a node that never had it has no change', async () => {
    const { tailnet, host, outputs } = await joined();
    expect(host.node?.settings?.ssh).toBe(false);
    const news = { ...inputs, ssh: true };
    expect((await diff(outputs, news)).changes).toEqual({ ssh: 'add' });
    const { outputs: on } = await update(host, 'n1', outputs, news);
    expect([host.node?.settings?.ssh, on.nodeId]).toEqual([true, 'n1']);
    expect(Object.keys((await diff(on, inputs)).changes)).toEqual(['ssh']);
    await update(host, 'n1', on, inputs);
    expect(host.node?.settings?.ssh).toBe(false);
    expect(tailnet.calls).not.toContain('keys.create');
  });

  test('tags and routes together: the tailnet first, or the host would not know itself', async () => {
    const { host, outputs } = await joined();
    await update(host, 'n1', outputs, { ...inputs, tags: ['tag:db'], advertiseRoutes: [] });
    expect(host.verbs).toEqual(['ask', 'node status']);
  });

  test('another connection is only recorded', async () => {
    const { tailnet, host, outputs } = await joined();
    const news = { ...inputs, connection: { ...connection, port: 2222 } };
    expect((await update(host, 'n1', outputs, news)).outputs).toMatchObject({
      connection: news.connection,
      nodeId: 'n1',
    });
    expect([host.verbs, tailnet.calls]).toEqual([[], []]);
  });

  test('a host that was logged out by hand is not silently joined to something', async () => {
    const { host, outputs } = await joined();
    host.node = undefined;
    expect((await thrownBy(update(host, 'n1', outputs, { ...inputs, snat: false }))).message).toContain('--replace');
  });

  test('the order of tags and routes means nothing', async () => {
    const news = { ...inputs, tags: ['tag:router', 'tag:db', 'tag:db'] };
    const { inputs: checked } = await tailnetNode.check(operation(), news, undefined, world().host.client());
    expect(checked.tags).toEqual(['tag:db', 'tag:router']);
    expect(
      (await tailnetNode.check(operation(), { ...inputs, tags: UNKNOWN }, undefined, world().host.client())).inputs
        .tags,
    ).toBe(UNKNOWN);
  });
});

describe('reading', () => {
  test('a device that is gone is gone; one that is there is not', async () => {
    const { tailnet, host, outputs } = await joined();
    expect((await read(host, outputs))?.outputs).toEqual(outputs);
    tailnet.devices.clear();
    expect(await read(host, outputs)).toBeUndefined();
  });

  test('tags that somebody changed are a diff that the next update undoes', async () => {
    const { tailnet, host, outputs } = await joined();
    const device = tailnet.devices.get('n1');
    if (device !== undefined) tailnet.devices.set('n1', { ...device, tags: ['tag:evil'] });
    const found = await read(host, outputs);
    expect((await diff(recorded(found?.outputs ?? {}), inputs)).changes).toEqual({ 'tags[0]': 'update' });
    await update(host, 'n1', recorded(found?.outputs ?? {}), inputs);
    expect(tailnet.devices.get('n1')?.tags).toEqual(['tag:router']);
  });
});

describe('leaving', () => {
  const remove = (host: FakeHost, outputs: Inputs, op = operation()) =>
    tailnetNode.delete(op, 'n1', outputs, inputs, host.client());

  test('leaves and removes the device; again it is nothing', async () => {
    const { tailnet, host, outputs } = await joined();
    await remove(host, outputs);
    expect(host.verbs).toEqual(['leave']);
    expect(tailnet.devices.size).toBe(0);
    await remove(host, outputs);
  });

  test('a host that is gone is a warning, and the device is removed all the same', async () => {
    const { tailnet, host, outputs } = await joined();
    host.reachable = false;
    const op = operation();
    await remove(host, outputs, op);
    expect(op.logs[0]?.severity).toBe('warning');
    expect(tailnet.devices.size).toBe(0);
  });
});
