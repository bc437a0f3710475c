import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { tailnetNode } from '../../../provider/tailnet-node.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, nodeInputs as inputs, operation, recorded } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

async function joined() {
  const tailnet = new FakeTailnet();
  const host = new FakeHost(tailnet);
  const outputs = recorded((await tailnetNode.create(operation(), inputs, false, host.client())).outputs);
  host.verbs.length = 0;
  tailnet.calls.length = 0;
  return { tailnet, host, outputs };
}
const diff = (olds: Inputs, news: Inputs) =>
  tailnetNode.diff(operation(), 'n1', olds, inputs, news, new FakeHost(new FakeTailnet()).client());
const update = (host: FakeHost, id: string, olds: Inputs, news: Inputs) =>
  tailnetNode.update(operation(), id, olds, inputs, news, false, host.client());
const remove = (host: FakeHost, outputs: Inputs, op = operation(), was = inputs) =>
  tailnetNode.delete(op, 'n1', outputs, was, host.client());

describe('a host that moves to another tailnet', () => {
  test.each([
    ['another tailnet', { tailnet: 'acme' }],
    ['another control server', { tailnet: 'acme-staging at https://hs.example', loginServer: 'https://hs.example' }],
  ])('%s is another node, the old one leaves first', async (_name, to) => {
    const { outputs } = await joined();
    const { changes, deleteBeforeReplace } = await diff(outputs, { ...inputs, ...to });
    expect([changes.tailnet, deleteBeforeReplace]).toEqual(['update-replace', true]);
  });

  test('a state that is older than the name of the tailnet did not move: it is recorded, and nobody is asked', async () => {
    const { tailnet, host, outputs } = await joined();
    const before = Object.fromEntries(Object.entries(outputs).filter(([key]) => key !== 'tailnet'));
    expect((await diff(before, inputs)).changes).toEqual({ tailnet: 'add' });
    expect((await update(host, 'n1', before, inputs)).outputs).toMatchObject({ tailnet: 'acme-staging', nodeId: 'n1' });
    expect([host.verbs, tailnet.calls]).toEqual([[], []]);
  });

  test('leaves its former tailnet; a device of that id in the new one is somebody else’s', async () => {
    const { tailnet, host, outputs } = await joined();
    const op = operation();
    await remove(host, outputs, op, { ...inputs, tailnet: 'acme-trial' });
    expect([host.verbs, tailnet.calls, tailnet.devices.size]).toEqual([['leave'], [], 1]);
    expect(op.logs).toEqual([
      {
        severity: 'warning',
        message: expect.stringMatching(
          /moving from tailnet acme-trial to acme-staging: .*\(node n1\) stays listed in acme-trial/,
        ) as string,
      },
    ]);
  });

  test('one that cannot be asked joins nothing before it has left, and is told so', async () => {
    const { host, outputs } = await joined();
    host.reachable = false;
    const op = operation();
    await remove(host, outputs, op, { ...inputs, tailnet: 'acme-trial' });
    expect(op.logs[0]?.message).toMatch(/joins no other tailnet until it has left acme-trial/);
  });
});
