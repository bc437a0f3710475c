import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { serverReady } from '../../../provider/server-ready.ts';
import { make, SERVER, startCloud, TOKENS, type Cloud } from '../lab/cloud.ts';
import { FakeHost, operation, recorded, thrownBy } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));

/** The lab's cloud: what it refuses, the resource has to live with. */
let cloud: Cloud;
let inputs: Inputs;
let serverId: string;
const client = new FakeHost().client();
const ACTION_MS = 500;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  cloud = await startCloud({ actionMs: ACTION_MS, clock: () => Date.now() });
  serverId = String(await make(cloud, 'servers', SERVER));
  inputs = {
    cloud: 'hetzner',
    serverId,
    serverType: 'cx23',
    host: 'fra-edge-01',
    token: TOKENS.staging,
    endpoint: `${cloud.base}/v1`,
  };
});
afterEach(async () => {
  vi.useRealTimers();
  await cloud.close();
});

const settle = (): void => void vi.setSystemTime(Date.now() + 3 * ACTION_MS);
const act = async (name: string, body?: object): Promise<string> => {
  settle();
  const { code } = await cloud.call('POST', `/servers/${serverId}/actions/${name}`, body);
  settle();
  return code;
};
/** What the plugin does with a changed serverType. */
const resize = async (server_type: string): Promise<void> => {
  await act('poweroff');
  expect(await act('change_type', { server_type, upgrade_disk: true })).toBe('ok');
};
const status = async (): Promise<unknown> => {
  const { json } = await cloud.call('GET', `/servers/${serverId}`);
  return (json.server as { status: string }).status;
};
const asked = (command: string): number => cloud.log.filter(({ path }) => path.endsWith(`/actions/${command}`)).length;

const create = (news = inputs, op = operation()) => serverReady.create(op, news, false, client);
const created = async (): Promise<Inputs> => recorded((await create()).outputs);
const diff = (olds: Inputs, news: Inputs) => serverReady.diff(operation(), 'id', olds, inputs, news, client);
const update = (olds: Inputs, news: Inputs, preview = false, op = operation()) =>
  serverReady.update(op, 'id', olds, inputs, news, preview, client);
const read = (olds: Inputs, news = inputs) => serverReady.read(operation(), serverId, olds, news, client);

describe('creating', () => {
  test('waits for a server that is starting, and powers on nothing', async () => {
    expect(await status()).toBe('initializing');
    const { id, outputs } = await create();
    expect([id, outputs.status, outputs.generation]).toEqual([serverId, 'running', 1]);
    expect(asked('poweron')).toBe(0);
  });

  test('a server whose start failed when it was made is powered on', async () => {
    await act('poweroff');
    expect((await create()).outputs.status).toBe('running');
    expect(await status()).toBe('running');
    expect(asked('poweron')).toBe(1);
  });

  test('a preview asks nobody', async () => {
    cloud.log.length = 0;
    const { outputs } = await serverReady.create(operation(), { ...inputs, serverId: UNKNOWN }, true, client);
    expect([outputs.status, outputs.generation]).toEqual([UNKNOWN, 1]);
    expect(cloud.log).toEqual([]);
  });
});

describe('what counts as a change', () => {
  test('nothing when nothing changed', async () => {
    expect((await diff(await created(), inputs)).changes).toEqual({});
  });

  test('another server replaces, an unknown one too', async () => {
    const olds = await created();
    for (const serverId of ['4711', UNKNOWN])
      expect((await diff(olds, { ...inputs, serverId })).changes).toEqual({ serverId: 'update-replace' });
  });

  test('another type is an update, and a server that was found off is one', async () => {
    const olds = await created();
    expect((await diff(olds, { ...inputs, serverType: 'cx33' })).changes).toEqual({ serverType: 'update' });
    expect((await diff({ ...olds, status: 'off' }, inputs)).changes).toEqual({ status: 'update' });
  });

  test('another token is recorded, and the server is not touched', async () => {
    const olds = await created();
    cloud.log.length = 0;
    const news = { ...inputs, token: TOKENS.prod };
    expect((await diff(olds, news)).changes).toEqual({ token: 'update' });
    const { outputs } = await update(olds, news);
    expect([outputs.token, outputs.status, outputs.generation]).toEqual([TOKENS.prod, 'running', 1]);
    expect(cloud.log).toEqual([]);
  });
});

describe('after a resize', () => {
  test('the server is powered on and counts one restart more', async () => {
    const olds = await created();
    await resize('cx33');
    expect(await status(), 'control: the plugin’s own calls leave it off').toBe('off');
    const { outputs } = await update(olds, { ...inputs, serverType: 'cx33' });
    expect([outputs.status, outputs.generation, outputs.serverType]).toEqual(['running', 2, 'cx33']);
    expect(await status()).toBe('running');
  });

  test('one that is on already is left on, and counted all the same: an earlier run may have ended there', async () => {
    const olds = await created();
    await resize('cx33');
    await act('poweron');
    const { outputs } = await update(olds, { ...inputs, serverType: 'cx33' });
    expect([outputs.generation, asked('poweron')]).toEqual([2, 1]);
  });

  test('a preview says so and asks nobody', async () => {
    const olds = await created();
    cloud.log.length = 0;
    const { outputs } = await update(olds, { ...inputs, serverType: 'cx33' }, true);
    expect([outputs.status, outputs.generation]).toEqual(['running', 2]);
    expect(cloud.log).toEqual([]);
  });
});

describe('reading', () => {
  test('a server that is on is no drift', async () => {
    const olds = await created();
    expect(await read(olds)).toEqual({ id: serverId, inputs, outputs: olds });
  });

  test('a server that somebody switched off is found, and the next update powers it on', async () => {
    const olds = await created();
    await act('poweroff');
    const found = recorded((await read(olds))?.outputs ?? {});
    expect(found.status).toBe('off');
    expect((await update(found, inputs)).outputs).toMatchObject({ status: 'running', generation: 2 });
    expect(await status()).toBe('running');
  });

  test('a type that somebody changed is found: putting it back leaves the server off once more', async () => {
    const olds = await created();
    await resize('cx33');
    const found = await read(olds);
    expect([found?.inputs.serverType, found?.outputs.serverType]).toEqual(['cx33', 'cx33']);
  });

  test('a server that is gone is gone', async () => {
    const olds = await created();
    settle();
    await cloud.call('DELETE', `/servers/${serverId}`);
    expect(await read(olds)).toBeUndefined();
  });

  test('an import is refused in words', async () => {
    expect((await thrownBy(read({}, {}))).message).toContain('cannot be imported');
  });
});

test('deleting asks nobody', async () => {
  await created();
  cloud.log.length = 0;
  await serverReady.delete(operation(), serverId, {}, inputs, client);
  expect(cloud.log).toEqual([]);
});

describe('what goes wrong is said', () => {
  test('a token that is wrong', async () => {
    const error = await thrownBy(create({ ...inputs, token: 'SENTINEL' }));
    expect(error.message).toMatch(/unauthorized.*hcloud:token/s);
    expect(error.message).not.toContain('SENTINEL');
  });

  test('a server that is gone, or of another project', async () => {
    expect((await thrownBy(create({ ...inputs, serverId: '4711' }))).message).toMatch(
      /^fra-edge-01: Hetzner has no server 4711 in this project\..*--refresh.*another project/s,
    );
    expect((await thrownBy(create({ ...inputs, token: TOKENS.prod }))).message).toContain('another project');
  });

  test('a server of another type than the program says', async () => {
    settle();
    expect((await thrownBy(create({ ...inputs, serverType: 'cx33' }))).message).toMatch(
      /^fra-edge-01: server \d+ is a cx23, not a cx33: .*--refresh.*serverType: cx23/s,
    );
  });

  test('a power-on that fails; the next one succeeds', async () => {
    await act('poweroff');
    cloud.faults.set('action-error', 'fra-edge-01');
    expect((await thrownBy(create())).message).toMatch(
      /^fra-edge-01: server \d+ is off and could not be powered on\. Hetzner: start_server failed: .*The next up tries again/s,
    );
    cloud.faults.clear();
    expect((await create()).outputs.status).toBe('running');
  });

  test('a server that stays locked', async () => {
    await act('poweroff');
    const record = cloud.store.collection<{ busyUntil: number }>('hetzner/staging/servers');
    const server = record.get(serverId);
    if (server !== undefined) record.put(serverId, { ...server, busyUntil: Number.MAX_SAFE_INTEGER });
    expect((await thrownBy(create())).message).toMatch(/fra-edge-01.*is locked.*Another action.*look at it/s);
  });

  test('a server that does not come up', async () => {
    const record = cloud.store.collection<{ power: object }>('hetzner/staging/servers');
    const server = record.get(serverId);
    const power = { before: 'starting', after: 'running', at: Number.MAX_SAFE_INTEGER };
    if (server !== undefined) record.put(serverId, { ...server, power });
    const op = { ...operation(), timeout: 60 };
    expect((await thrownBy(create(inputs, op))).message).toMatch(/does not run after 60 s, its status is "starting"/);
  });

  test('inputs, by their paths', async () => {
    const news = { ...inputs, cloud: 'ovh', serverId: 'server-1', endpoint: 'nowhere' };
    const { failures } = await serverReady.check(operation(), news, undefined, client);
    expect(failures.map(({ property }) => property).sort()).toEqual(['cloud', 'endpoint', 'serverId']);
    expect((await serverReady.check(operation(), inputs, undefined, client)).failures).toEqual([]);
  });
});
