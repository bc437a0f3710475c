import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PartialFailure } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { releaseHash } from '../../../mesh/host/hash.ts';
import { drainRouter } from '../../../provider/drain.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { tailnetNode } from '../../../provider/tailnet-node.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, connection, operation, recorded, thrownBy, nodeInputs as inputs } from './fakes.ts';

/** What happens to a host's release and node when its server was off because the program wanted it so. */
vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

const release = { files: { '/etc/x': { content: 'one', mode: '0644' } }, units: {}, packages: {} };
const hash = releaseHash(release);
const releaseInputs: Inputs = {
  serverId: '1017',
  host: 'fra-edge-01',
  connection,
  lan: '10.77.10.2',
  lanPrefix: '10.77.10.0/24',
  ...release,
  provisioned: true,
  bootTimeout: 100,
};
const releaseRestarted: Inputs = { ...releaseInputs, generation: 2 };
const changed: Inputs = { ...releaseInputs, files: { '/etc/x': { content: 'two', mode: '0644' } } };

async function released(host: FakeHost): Promise<Inputs> {
  return recorded((await hostRelease.create(operation(), releaseInputs, false, host.client())).outputs);
}
const diffRelease = (olds: Inputs, news: Inputs) =>
  hostRelease.diff(operation(), 'id', olds, releaseInputs, news, new FakeHost().client());
const updateRelease = (host: FakeHost, olds: Inputs) =>
  hostRelease.update(operation(), 'id', olds, releaseInputs, releaseRestarted, false, host.client());

describe('a release', () => {
  test('the same release is brought again, and confirmed over a new connection', async () => {
    const host = new FakeHost();
    const olds = { ...(await released(host)), generation: 1 };
    expect((await diffRelease(olds, releaseRestarted)).changes).toEqual({ generation: 'update' });
    host.verbs.length = 0;
    const { outputs } = await updateRelease(host, olds);
    expect(host.verbs).toEqual(['facts', 'stage', 'activate', 'confirm']);
    expect([outputs.hash, outputs.generation]).toEqual([hash, 2]);
  });

  test('the host may take as long as a boot takes; without a restart it may not', async () => {
    const host = new FakeHost();
    const olds = await released(host);
    const seconds: number[] = [];
    const client = host.client();
    const { hosts } = host.client();
    client.hosts.open = (to, options) => {
      seconds.push(options.bootSeconds);
      return hosts.open(to, options);
    };
    await hostRelease.update(operation(), 'id', olds, releaseInputs, releaseRestarted, false, client);
    await hostRelease.update(operation(), 'id', olds, releaseInputs, changed, false, client);
    expect([seconds[0], seconds[2]]).toEqual([100, 60]);
  });

  test('a host that does not come back is an error, and the count stays as it was', async () => {
    const host = new FakeHost();
    const olds = await released(host);
    host.reachable = false;
    expect((await thrownBy(updateRelease(host, olds))).message).toContain('fra-edge-01');
  });
});

const restarted: Inputs = { ...inputs, generation: 2 };

function world() {
  const tailnet = new FakeTailnet();
  return { tailnet, host: new FakeHost(tailnet) };
}
const create = (host: FakeHost) => tailnetNode.create(operation(), inputs, false, host.client());
const update = (host: FakeHost, id: string, olds: Inputs, news: Inputs) =>
  tailnetNode.update(operation(), id, olds, inputs, news, false, host.client());
const diffNode = (olds: Inputs, news: Inputs) =>
  tailnetNode.diff(operation(), 'n1', olds, inputs, news, world().host.client());

async function joined() {
  const both = world();
  const outputs = recorded((await create(both.host)).outputs);
  both.host.verbs.length = 0;
  both.tailnet.calls.length = 0;
  return { ...both, outputs };
}

describe('a node', () => {
  test('a drained router advertises again, and is waited for', async () => {
    const { tailnet, host, outputs } = await joined();
    await drainRouter('fra-edge-01', connection, host.client().hosts);
    expect(tailnet.advertised.get('n1')).toEqual([]);
    host.verbs.length = 0;
    expect((await diffNode(outputs, restarted)).changes).toEqual({ generation: 'add' });
    const made = await update(host, 'n1', outputs, restarted);
    expect(host.verbs).toEqual(['ask', 'advertise', 'node status']);
    expect(tailnet.advertised.get('n1')).toEqual(['10.77.10.0/24']);
    expect([made.outputs.generation, made.outputs.nodeId]).toEqual([2, 'n1']);
    expect(tailnet.calls).not.toContain('keys.create');
  });

  test('control: any other change leaves a drain as it is, with a warning', async () => {
    const { tailnet, host, outputs } = await joined();
    host.drained = true;
    const op = operation();
    await tailnetNode.update(op, 'n1', outputs, inputs, { ...inputs, snat: false }, false, host.client());
    expect(tailnet.advertised.get('n1')).toEqual([]);
    expect(op.logs.map(({ severity, message }) => `${severity}: ${message}`).join()).toMatch(
      /warning: fra-edge-01 does not advertise 10\.77\.10\.0\/24: it is drained/,
    );
  });

  test('a router that does not get online stops the chain', async () => {
    const { host, outputs } = await joined();
    host.online = false;
    const { message } = await thrownBy(update(host, 'n1', outputs, restarted));
    expect(message).toMatch(/fra-edge-01: .*it is not online.*its partner goes on serving/s);
  });

  test('so does one whose routes are not approved', async () => {
    const { tailnet, host, outputs } = await joined();
    tailnet.refused = ['10.77.10.0/24'];
    const { message } = await thrownBy(update(host, 'n1', outputs, restarted));
    expect(message).toMatch(/10\.77\.10\.0\/24 is not approved \(autoApprovers/);
  });
});

test('a new router whose routes are not approved is recorded, and finished by the next update', async () => {
  const { tailnet, host } = world();
  tailnet.refused = ['10.77.10.0/24'];
  const error = await thrownBy(create(host));
  expect(error).toBeInstanceOf(PartialFailure);
  tailnet.refused = [];
  const outputs = error instanceof PartialFailure ? error.outputs : {};
  expect((await update(host, 'n1', recorded(outputs), inputs)).outputs.name).toBe('fra-edge-01.acme.ts.net');
});

test('a router that advertises nothing, or whose routes are not approved, is a warning: its partner is alone', async () => {
  const { host, tailnet, outputs } = await joined();
  const warnings = async (): Promise<string[]> => {
    const op = operation();
    await tailnetNode.read(op, 'n1', outputs, inputs, host.client());
    return op.logs.map(({ message }) => message);
  };
  expect(await warnings()).toEqual([]);
  tailnet.advertised.set('n1', []);
  expect((await warnings()).join()).toContain('fra-edge-01 does not advertise 10.77.10.0/24');
  tailnet.advertised.set('n1', ['10.77.10.0/24']);
  tailnet.refused = ['10.77.10.0/24'];
  expect(await warnings()).toEqual([
    expect.stringContaining('fra-edge-01 advertises 10.77.10.0/24, which is not approved: it carries nothing of it'),
  ]);
});
