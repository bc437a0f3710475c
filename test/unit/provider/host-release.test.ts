import { beforeEach, afterEach, describe, expect, test, vi } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { SshError } from '../../../io/ssh/errors.ts';
import { HostToolError } from '../../../io/ssh/host-tool.ts';
import { releaseHash } from '../../../mesh/host/hash.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { FakeHost, connection, operation, recorded, thrownBy } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

const release = { files: { '/etc/x': { content: 'one', mode: '0644' } }, units: {}, packages: {} };
const inputs: Inputs = {
  serverId: '1017',
  host: 'fra-edge-01',
  connection,
  lan: '10.77.10.2',
  lanPrefix: '10.77.10.0/24',
  ...release,
  provisioned: true,
  bootTimeout: 100,
};
const changed: Inputs = { ...inputs, files: { '/etc/x': { content: 'two', mode: '0644' } } };
const hash = releaseHash(release);
const lost = () => new SshError('lost', 'host', 'fra-edge-01: the connection broke');
const HOST_KEY = 'ssh-ed25519 OWN';

async function created(host = new FakeHost(), op = operation()): Promise<Inputs> {
  const { outputs } = await hostRelease.create(op, inputs, false, host.client());
  return recorded(outputs);
}
const diff = (olds: Inputs, news: Inputs) =>
  hostRelease.diff(operation(), 'id', olds, inputs, news, new FakeHost().client());
const update = (host: FakeHost, olds: Inputs, news: Inputs, op = operation()) =>
  hostRelease.update(op, '1017/fra-edge-01', olds, inputs, news, false, host.client());
const read = (host: FakeHost, outputs: Inputs, op = operation()) =>
  hostRelease.read(op, '1017/fra-edge-01', outputs, inputs, host.client());

describe('creating a release', () => {
  test('stages, activates and confirms over a new connection', async () => {
    const host = new FakeHost();
    const { id, outputs } = await hostRelease.create(operation(), inputs, false, host.client());
    expect(host.verbs).toEqual(['facts', 'stage', 'activate', 'confirm']);
    expect(host.connections).toHaveLength(2);
    expect([id, outputs.hash, outputs.hostKey, outputs.drift]).toEqual(['1017/fra-edge-01', hash, HOST_KEY, []]);
    expect(host.staged[0]).toMatchObject({ retireBootstrapKey: false, credentials: {}, lan: '10.77.10.2' });
    expect(host.connections[0]?.hostKey).toBe(connection.hostKey);
  });

  test('waits for the first boot to end', async () => {
    const host = new FakeHost();
    host.firstBoot = ['running', 'running', 'done'];
    await created(host);
    expect(host.verbs.slice(0, 4)).toEqual(['facts', 'facts', 'facts', 'stage']);
  });

  test('a connection that breaks while the first boot restarts sshd is opened again', async () => {
    const host = new FakeHost();
    host.throws.facts = [lost()];
    await created(host);
    expect(host.verbs.slice(0, 3)).toEqual(['facts', 'facts', 'stage']);
  });

  test('a first boot that never ends is given up after bootTimeout, and nothing was staged', async () => {
    const host = new FakeHost();
    host.firstBoot = ['running'];
    expect((await thrownBy(created(host))).message).toContain('did not end within 100 s');
    expect(host.staged).toEqual([]);
  });

  test('a release that changed on the way is not activated', async () => {
    const host = new FakeHost();
    host.computedHash = '0'.repeat(64);
    const error = await thrownBy(created(host));
    expect(error.message).toContain('changed on the way');
    expect(error.message).toContain('Nothing was activated');
    expect(host.verbs).not.toContain('activate');
  });

  test('an activation that cuts its own connection is confirmed over the next one', async () => {
    const host = new FakeHost();
    host.throws.activate = [];
    host.after.activate = () => {
      host.after.activate = undefined;
      throw lost();
    };
    await created(host);
    expect(host.confirmed).toBe(hash);
  });

  test('an activation that the host refuses is not confirmed', async () => {
    const host = new FakeHost();
    host.throws.activate = [new HostToolError('command-failed', 5, 'unit failed')];
    expect((await thrownBy(created(host))).message).toBe('unit failed');
    expect(host.verbs).not.toContain('confirm');
  });

  test('a host that is still busy activating, or restarts its sshd, is asked again to confirm', async () => {
    const host = new FakeHost();
    host.throws.confirm = [lost(), new HostToolError('busy', 4, 'busy')];
    await created(host);
    expect(host.verbs.filter((verb) => verb === 'confirm')).toHaveLength(3);
  });

  test('a confirmation that the host refuses says that it reverts by itself', async () => {
    const host = new FakeHost();
    host.throws.confirm = [new HostToolError('check-failed', 3, 'fra-edge-01: no default route')];
    const error = await thrownBy(created(host));
    expect(error.message).toContain('no default route');
    expect(error.message).toContain('goes back to the last confirmed release by itself within 120 s');
  });

  test('confirming stops before the host reverts', async () => {
    const host = new FakeHost();
    host.throws.confirm = Array.from({ length: 200 }, lost);
    const start = Date.now();
    await thrownBy(created(host));
    expect((Date.now() - start) / 1000).toBeLessThan(120);
  });

  test('cancelling stops it', async () => {
    const op = operation();
    const host = new FakeHost();
    host.after.stage = () => op.abort();
    host.throws.activate = [new SshError('cancelled', 'host', 'fra-edge-01: stopped')];
    expect((await thrownBy(created(host, op))).message).toContain('stopped');
    expect(host.confirmed).toBeNull();
  });

  test('a preview opens no connection and knows the hash', async () => {
    const host = new FakeHost();
    const { outputs } = await hostRelease.create(operation(), inputs, true, host.client());
    expect([outputs.hash, outputs.hostKey]).toEqual([hash, UNKNOWN]);
    const unknown = await hostRelease.create(operation(), { ...inputs, files: UNKNOWN }, true, host.client());
    expect(unknown.outputs.hash).toBe(UNKNOWN);
    expect(host.connections).toEqual([]);
  });
});

describe('what counts as a change', () => {
  test('nothing when nothing changed', async () => {
    expect((await diff(await created(), inputs)).changes).toEqual({});
  });

  test('a changed file is shown at its leaf, and the hash is not mentioned beside it', async () => {
    expect((await diff(await created(), changed)).changes).toEqual({ 'files["/etc/x"].content': 'update' });
  });

  test('another server replaces, an unknown one too', async () => {
    const olds = await created();
    expect((await diff(olds, { ...inputs, serverId: '1018' })).changes).toEqual({ serverId: 'update-replace' });
    expect((await diff(olds, { ...inputs, serverId: UNKNOWN })).changes).toEqual({ serverId: 'update-replace' });
  });

  test('another connection is an update that touches no host', async () => {
    const host = new FakeHost();
    const olds = await created(host);
    const news = { ...inputs, connection: { ...connection, port: 2222 } };
    expect((await diff(olds, news)).changes).toEqual({ 'connection.port': 'add' });
    host.verbs.length = 0;
    const { outputs } = await update(host, olds, news);
    expect(host.verbs).toEqual([]);
    expect([outputs.connection, outputs.hash, outputs.hostKey]).toEqual([news.connection, hash, HOST_KEY]);
  });

  test('changed credentials are brought to the host', async () => {
    const host = new FakeHost();
    const olds = await created(host);
    const news = { ...inputs, credentials: { token: 'SENTINEL' } };
    expect(Object.keys((await diff(olds, news)).changes)).toEqual(['credentials']);
    await update(host, olds, news);
    expect(host.staged.at(-1)?.credentials).toEqual({ token: 'SENTINEL' });
  });
});

describe('updating', () => {
  test('pins the host’s own key and retires the bootstrap key', async () => {
    const host = new FakeHost();
    const olds = await created(host);
    const { outputs } = await update(host, olds, changed);
    expect(host.connections.at(-1)?.hostKey).toBe(HOST_KEY);
    expect(host.staged.at(-1)?.retireBootstrapKey).toBe(true);
    expect(outputs.hash).toBe(host.confirmed);
    expect(outputs.hash).not.toBe(hash);
  });

  test('a preview says the new hash and opens no connection', async () => {
    const olds = await created();
    const host = new FakeHost();
    const { outputs } = await hostRelease.update(operation(), 'id', olds, inputs, changed, true, host.client());
    expect(outputs.hash).not.toBe(hash);
    expect(host.connections).toEqual([]);
  });
});

describe('reading', () => {
  test('a clean host is no drift', async () => {
    const host = new FakeHost();
    const olds = await created(host);
    const found = await read(host, olds);
    expect((await diff(recorded(found?.outputs ?? {}), inputs)).changes).toEqual({});
  });

  test('what somebody changed on the host is shown, and the next update brings it back', async () => {
    const host = new FakeHost();
    const olds = await created(host);
    host.active = 'f'.repeat(64);
    host.drift = ['/etc/x'];
    const found = recorded((await read(host, olds))?.outputs ?? {});
    expect(found.drift).toEqual(['/etc/x']);
    expect((await diff(found, inputs)).changes).toEqual({ drift: 'update', hash: 'update' });
    host.verbs.length = 0;
    const { outputs } = await update(host, found, inputs);
    expect(host.verbs).toEqual(['facts', 'stage', 'activate', 'confirm']);
    expect([outputs.hash, outputs.drift]).toEqual([hash, []]);
  });

  test('an unreachable host keeps its record and warns', async () => {
    const host = new FakeHost();
    const olds = await created(host);
    host.reachable = false;
    const op = operation();
    expect((await read(host, olds, op))?.outputs).toEqual(olds);
    expect(op.logs).toEqual([
      { severity: 'warning', message: expect.stringContaining('connection refused') as string },
    ]);
  });

  test('cannot import, and says why that is not needed', async () => {
    await expect(read(new FakeHost(), {})).rejects.toThrow('need not be');
  });
});

describe('deleting', () => {
  const remove = (host: FakeHost, provisioned: boolean, op = operation()) =>
    hostRelease.delete(
      op,
      'id',
      { ...inputs, provisioned, hostKey: HOST_KEY },
      { ...inputs, provisioned },
      host.client(),
    );

  test('does nothing on a server that goes away itself, and restores an existing host', async () => {
    const host = new FakeHost();
    await remove(host, true);
    expect(host.connections).toEqual([]);
    await remove(host, false);
    expect(host.verbs).toEqual(['restore']);
    expect(host.connections[0]?.hostKey).toBe(HOST_KEY);
  });

  test('of an unreachable host warns and is done; of one that refuses it fails', async () => {
    const host = new FakeHost();
    host.reachable = false;
    const op = operation();
    await remove(host, false, op);
    expect(op.logs[0]?.severity).toBe('warning');
    const refusing = new FakeHost();
    refusing.throws.restore = [new HostToolError('command-failed', 5, 'disk full')];
    await expect(remove(refusing, false)).rejects.toThrow('disk full');
  });
});

describe('checking', () => {
  const failures = async (news: Inputs) =>
    (await hostRelease.check(operation(), news, undefined, new FakeHost().client())).failures.map(
      ({ property }) => property,
    );

  test('names what is wrong by path, and nothing that is only unknown', async () => {
    expect(await failures(inputs)).toEqual([]);
    expect(
      await failures({ ...inputs, connection: { ...connection, host: UNKNOWN }, serverId: UNKNOWN, files: UNKNOWN }),
    ).toEqual([]);
    expect(
      await failures({
        ...inputs,
        connection: { ...connection, host: '' },
        files: { 'etc/x': { content: '', mode: '0644' } },
      }),
    ).toEqual(['connection.host', 'files["etc/x"]']);
    expect(await failures({ ...inputs, files: { '/etc/x': { content: UNKNOWN, mode: '9' } } })).toEqual([
      'files["/etc/x"].mode',
    ]);
  });
});
