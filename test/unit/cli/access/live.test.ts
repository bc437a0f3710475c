import { afterEach, expect, test } from 'vitest';
import { policyIn } from '../../../../cli/access/live.ts';
import { EXIT } from '../../../../cli/exit.ts';
import type { Reach } from '../../../../cli/live/reach.ts';
import { parseStackFile } from '../../../../cli/stack-file.ts';
import { smallHttp, type Reply } from '../../io/small-http.ts';
import { raw, stack, stackText } from './fixtures.ts';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

/** A stack whose credentials are in the environment, and whose tailnet is a server of ours. */
async function reach(reply: Reply, environment: NodeJS.ProcessEnv = { TAILSCALE_API_KEY: 'the-key' }) {
  const server = await smallHttp(() => reply);
  close = server.close;
  const text = stackText(raw({ credentials: { from: 'environment' } }));
  const file = parseStackFile('test', 'Pulumi.test.yaml', text, 'Pulumi.test.yaml');
  file.config['tailscale:baseUrl'] = server.url;
  const cli = () => Promise.reject(new Error('no engine is needed'));
  const of: Reach = { stack: 'test', plan: stack().plan, file, from: 'environment', environment, cli };
  return { of, asked: server.asked };
}

test('the live policy is asked of the tailnet’s API with the stack’s credential alone', async () => {
  const { of, asked } = await reach({ headers: { etag: '"1"' }, body: '{"grants": []} // ours' });
  expect(await policyIn(of)).toBe('{"grants": []} // ours');
  expect(asked.map(({ path }) => path)).toEqual(['/api/v2/tailnet/acme-test/acl']);
  expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('the-key:').toString('base64')}`);
});

test('what the service refuses, and a credential that is missing, are told without it', async () => {
  const { of } = await reach({ status: 403, body: { message: 'not permitted' } });
  await expect(policyIn(of)).rejects.toMatchObject({ code: EXIT.failed, message: expect.stringContaining('not permitted') as string }); // prettier-ignore
  await close?.();
  const { of: without } = await reach({ body: '{}' }, {});
  await expect(policyIn(without)).rejects.toMatchObject({ code: EXIT.usage, message: expect.stringContaining('no credential of its tailnet') as string }); // prettier-ignore
});
