import { expect, test, vi } from 'vitest';
import { drainRouter } from '../../../provider/drain.ts';
import { FakeHost, connection, thrownBy } from './fakes.ts';

test('asks the router over the connection that it is given, once, and closes it', async () => {
  const host = new FakeHost();
  host.node = { nodeId: 'n1', tags: [] };
  const { hosts } = host.client();
  const close = vi.fn();
  const bounds: number[] = [];
  await drainRouter('fra-edge-01', connection, {
    open: async (to, options) => {
      bounds.push(options.bootSeconds, options.authSeconds);
      return { ...(await hosts.open(to, options)), close };
    },
  });
  expect([host.verbs, host.connections, host.drained]).toEqual([['drain'], [connection], true]);
  expect(bounds, 'a router that is down is not waited for').toEqual([0, 0]);
  expect(close).toHaveBeenCalledOnce();
});

test('a router that is not reachable, or no member, is an error with its name', async () => {
  const host = new FakeHost();
  expect((await thrownBy(drainRouter('fra-edge-01', connection, host.client().hosts))).message).toContain('not-joined');
  host.reachable = false;
  expect((await thrownBy(drainRouter('fra-edge-01', connection, host.client().hosts))).message).toContain(
    'fra-edge-01: connection refused',
  );
});

test('gives up on a router that never answers', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
  try {
    const { hosts } = new FakeHost().client();
    expect((await thrownBy(drainRouter('fra-edge-01', connection, hosts))).message).toContain('cancelled');
    expect(timeout.mock.calls).toEqual([[20_000]]);
  } finally {
    timeout.mockRestore();
  }
});
