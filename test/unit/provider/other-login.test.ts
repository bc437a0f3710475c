import { expect, test } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { FakeHost, connection, operation, recorded } from './fakes.ts';

const inputs: Inputs = {
  serverId: '1017',
  host: 'fra-edge-01',
  connection,
  lan: '10.77.10.2',
  lanPrefix: '10.77.10.0/24',
  ...{ files: { '/etc/x': { content: 'one', mode: '0644' } }, units: {}, packages: {} },
  provisioned: true,
};
const admin: Inputs = { connection: { ...connection, user: 'admin' }, files: {} };

/** An update of a host to another login, by which a file goes too. */
async function relogin(provisioned: boolean, preview: boolean): Promise<FakeHost> {
  const host = new FakeHost();
  const before = { ...inputs, provisioned };
  const { outputs } = await hostRelease.create(operation(), before, false, host.client());
  host.verbs.length = 0;
  const news = { ...before, ...admin };
  await hostRelease.update(operation(), 'id', recorded(outputs), before, news, preview, host.client());
  return host;
}

test.each([true, false])('a server of ours lets in who it was born with: refused, with preview %s', async (preview) => {
  await expect(relogin(true, preview)).rejects.toThrow(
    /^fra-edge-01: site-mesh:ssh\.user is admin now, and this server was made with the login ops/,
  );
});

test('who may log in to a machine that was there before is its owner’s to say', async () => {
  const host = await relogin(false, false);
  expect(host.connections.at(-1)?.user).toBe('admin');
});
