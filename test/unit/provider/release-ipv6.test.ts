import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { FakeHost, connection, operation, recorded } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

const inputs: Inputs = {
  serverId: 'existing:gra-edge-01',
  host: 'gra-edge-01',
  connection,
  lan: '10.77.40.2',
  lanPrefix: '10.77.40.0/24',
  files: { '/etc/x': { content: 'one', mode: '0644' } },
  units: {},
  packages: {},
  provisioned: true,
};
const lan6 = 'fd12:3456:789a:40::2';
const create = async (more: Inputs) => {
  const host = new FakeHost();
  const { outputs } = await hostRelease.create(operation(), { ...inputs, ...more }, false, host.client());
  return { host, outputs: recorded(outputs) };
};

test('an IPv6 address is handed to the host where there is one, and not as nothing where there is none', async () => {
  expect((await create({ lan6 })).host.staged[0]?.lan6).toBe(lan6);
  expect((await create({})).host.staged[0]).not.toHaveProperty('lan6');
});

test('a change of it is a change of the host: it is staged again', async () => {
  const { outputs } = await create({ lan6 });
  const news = { ...inputs, lan6: 'fd12:3456:789a:40::3' };
  const host = new FakeHost();
  const answer = await hostRelease.diff(operation(), 'id', outputs, inputs, news, host.client());
  expect(Object.keys(answer.changes)).toEqual(['lan6']);
  await hostRelease.update(operation(), 'id', outputs, inputs, news, false, host.client());
  expect(host.staged[0]?.lan6).toBe('fd12:3456:789a:40::3');
});
