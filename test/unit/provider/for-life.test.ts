import { expect, test } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { FakeHost, connection, operation, recorded } from './fakes.ts';

const inputs: Inputs = {
  serverId: '1017',
  host: 'fra-edge-01',
  site: 'eu-fra',
  account: 'default',
  connection,
  lan: '10.77.10.2',
  lanPrefix: '10.77.10.0/24',
  ...{ files: { '/etc/x': { content: 'one', mode: '0644' } }, units: {}, packages: {} },
  provisioned: true,
};
const admin: Inputs = { connection: { ...connection, user: 'admin' }, files: {} };

/** An update of a host. */
async function change(provisioned: boolean, preview: boolean, to: Inputs, from: Inputs = inputs): Promise<FakeHost> {
  const host = new FakeHost();
  const before = { ...from, provisioned };
  const { outputs } = await hostRelease.create(operation(), before, false, host.client());
  host.verbs.length = 0;
  const news = { ...before, ...to, provisioned };
  await hostRelease.update(operation(), 'id', recorded(outputs), before, news, preview, host.client());
  return host;
}

test.each([true, false])('a server of ours lets in who it was born with: refused, with preview %s', async (preview) => {
  await expect(change(true, preview, admin)).rejects.toThrow(
    /^fra-edge-01: site-mesh:ssh\.user is admin now, and this server was made with the login ops/,
  );
});

test.each([true, false])(
  'and stays at the site and in the account that it was made for: refused, with preview %s',
  async (preview) => {
    for (const [to, said] of [
      [{ site: 'eu-fal' }, /^fra-edge-01: its site eu-fra is called eu-fal now, and a site cannot be renamed/],
      [
        { account: 'fra' },
        /^fra-edge-01: its account default is called fra now, and what is bought stays in its account/,
      ],
    ] as const) {
      await expect(change(true, preview, to)).rejects.toThrow(said);
      await change(false, preview, to);
    }
  },
);

test('a state that is older than site and account in it did not move', async () => {
  const before = Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== 'site' && key !== 'account'));
  await change(true, true, inputs, before);
});

test('who may log in to a machine that was there before is its owner’s to say', async () => {
  const host = await change(false, false, admin);
  expect(host.connections.at(-1)?.user).toBe('admin');
});
