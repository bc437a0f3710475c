import { beforeEach, afterEach, describe, expect, test, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import type { Finding } from '../../../mesh/host/preflight.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, connection, operation, recorded, thrownBy } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

const inputs: Inputs = {
  serverId: 'existing:fra-edge-01',
  host: 'fra-edge-01',
  connection,
  lan: '10.77.10.2',
  lanPrefix: '10.77.10.0/24',
  files: { '/etc/x': { content: 'one', mode: '0644' } },
  units: {},
  packages: {},
  provisioned: true,
};
const changed: Inputs = { ...inputs, files: { '/etc/x': { content: 'two', mode: '0644' } } };
const diff = (olds: Inputs, news: Inputs) =>
  hostRelease.diff(operation(), 'id', olds, inputs, news, new FakeHost().client());
const update = (host: FakeHost, olds: Inputs, news: Inputs, op = operation()) =>
  hostRelease.update(op, 'id', olds, inputs, news, false, host.client());

describe('creating a release on an existing host', () => {
  const existing: Inputs = { ...inputs, provisioned: false, accepts: ['docker'] };
  const create = (host: FakeHost, op = operation(), news = existing) =>
    hostRelease.create(op, news, false, host.client());
  const refusal = (what: string, acceptable: boolean): Finding => ({
    what,
    severity: 'refuse',
    acceptable,
    accepted: false,
    detail: `${what} is here`,
    choice: `remove ${what}`,
  });

  test('looks first, and says what will be touched', async () => {
    const host = new FakeHost(new FakeTailnet());
    const op = operation();
    const accepted: Finding = { ...refusal('docker', true), severity: 'warn', accepted: true };
    host.findings = [accepted];
    await create(host, op);
    expect(host.verbs).toEqual(['facts', 'preflight', 'stage', 'activate', 'confirm']);
    const said = { accepts: ['docker'], tailnet: 'acme-staging' };
    expect([host.preflights[0]?.existing, host.staged[0]?.existing]).toEqual([said, said]);
    expect(op.logs.filter(({ severity }) => severity !== 'debug')).toEqual([
      { severity: 'warning', message: 'fra-edge-01: docker: docker is here' },
      { severity: 'info', message: expect.stringContaining('nothing would be touched') as string },
    ]);
  });

  test('says at which control server our tailnet is, where that is not the service’s own', async () => {
    const host = new FakeHost(new FakeTailnet());
    const loginServer = 'https://hs.example.com';
    const olds = recorded((await create(host, operation(), { ...existing, loginServer })).outputs);
    expect(host.preflights[0]?.existing).toEqual({ accepts: ['docker'], tailnet: 'acme-staging', loginServer });
    // Of itself it changes nothing on the host.
    await update(host, olds, { ...existing, loginServer: 'https://other.example.com' });
    expect(host.verbs.filter((verb) => verb === 'stage')).toHaveLength(1);
  });

  test('a server of ours is not looked at', async () => {
    const host = new FakeHost();
    await create(host, operation(), inputs);
    expect(host.verbs).not.toContain('preflight');
    expect(host.staged[0]).not.toHaveProperty('existing');
  });

  test('stops before anything is staged, with every refusal and its choices in one message', async () => {
    const host = new FakeHost();
    host.findings = [refusal('lan', false), refusal('docker', true), refusal('ufw', true)];
    const { message } = await thrownBy(create(host));
    expect(host.verbs).toEqual(['facts', 'preflight']);
    expect(message).toBe(
      [
        'fra-edge-01 was there before us, and it cannot be taken as it is. Nothing was changed on it.',
        '  This has to be put right first:',
        '    lan: lan is here',
        '      → remove lan',
        '  This can be removed, or lived with by accepts: [docker, ufw] of the host:',
        '    docker: docker is here',
        '      → remove docker',
        '    ufw: ufw is here',
        '      → remove ufw',
        'All that a release would touch there: mesh preflight STACK fra-edge-01',
      ].join('\n'),
    );
  });

  test('what it accepts is only recorded, and no name that nobody knows', async () => {
    const host = new FakeHost();
    const olds = recorded((await create(host)).outputs);
    const news = { ...existing, accepts: ['docker', 'ufw'] };
    expect(Object.keys((await diff(olds, news)).changes)).toEqual(['accepts[1]']);
    host.verbs.length = 0;
    expect((await update(host, olds, news)).outputs.accepts).toEqual(['docker', 'ufw']);
    expect(host.verbs).toEqual([]);
    const { failures } = await hostRelease.check(
      operation(),
      { ...existing, accepts: ['dokcer'] },
      undefined,
      new FakeHost().client(),
    );
    expect(failures.map(({ property }) => property)).toEqual(['accepts[0]']);
  });

  test('another declared host key is pinned instead of the recorded one; on a server of ours it is only recorded', async () => {
    const host = new FakeHost();
    const olds = recorded((await create(host)).outputs);
    const moved = (news: Inputs): Inputs => ({ ...news, connection: { ...connection, hostKey: 'ssh-ed25519 other' } });
    host.connections.length = 0;
    const { outputs } = await update(host, olds, moved(existing));
    expect(host.connections.map(({ hostKey }) => hostKey)).toEqual(['ssh-ed25519 other', 'ssh-ed25519 other']);
    expect(outputs.hostKey).toMatch(/^ssh-ed25519 /);

    host.connections.length = 0;
    const kept = await update(host, { ...olds, provisioned: true }, moved(inputs));
    expect([host.connections, kept.outputs.hostKey]).toEqual([[], olds.hostKey]);
  });

  test('a later release is not looked at, but knows what it is on', async () => {
    const host = new FakeHost();
    const olds = recorded((await create(host)).outputs);
    host.findings = [refusal('lan', false)];
    await update(host, olds, { ...changed, provisioned: false });
    expect(host.verbs.filter((verb) => verb === 'preflight')).toHaveLength(1);
    expect(host.staged.at(-1)?.existing).toEqual({ accepts: [], tailnet: null });
  });
});
