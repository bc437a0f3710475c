import { beforeEach, describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { TailscaleError } from '../../../io/tailscale/errors.ts';
import { withHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { sharedPolicy } from '../../../provider/shared-policy.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, operation } from './fakes.ts';

const BODY = `{
	// by hand, with a comment
	"tagOwners": {
		"tag:iac":                ["autogroup:admin"],
		"tag:iac-staging":        ["autogroup:admin"],
		"tag:staging-db":         ["tag:iac-staging"],
		"tag:router-staging-fra": ["tag:iac-staging"],
	},
	"autoApprovers": {"routes": {"10.78.10.0/24": ["tag:router-staging-fra"]}},
}
`;
const pushed = (body = BODY, owner = 'acme/prod-tailnet'): string => withHeader(owner, body);
const mark = pushed().split('\n', 1)[0] ?? '';
const inputs = {
  owner: 'prod',
  ownerLine: 'acme/prod-tailnet',
  mark,
  tag: 'tag:iac-staging',
  tags: ['tag:router-staging-fra', 'tag:staging-db'],
  routes: [{ prefix: '10.78.10.0/24', tag: 'tag:router-staging-fra' }],
};

let tailnet: FakeTailnet;
beforeEach(() => {
  tailnet = new FakeTailnet();
});
const client = () => new FakeHost(tailnet).client();
const create = (preview = false, op = operation(), news: Inputs = inputs) =>
  sharedPolicy.create(op, news, preview, client());

describe('the policy of another stack', () => {
  test('that lets this one in is found, and never written', async () => {
    tailnet.edit(pushed());
    for (const preview of [true, false]) {
      const op = operation();
      expect((await create(preview, op)).outputs).toEqual({ ...inputs, etag: tailnet.etag });
      expect(op.logs).toEqual([]);
    }
    expect(tailnet.calls).toEqual(['policy.get', 'policy.get']);
  });

  const shut: [string, string, RegExp][] = [
    ['nobody pushed', '{"acls": []}', /has a policy that stack did not push\. Run pulumi up of stack prod first/],
    [
      'a third stack pushed',
      pushed(BODY, 'acme/dev-tailnet'),
      /has the policy of acme\/dev-tailnet\. Run pulumi up of stack prod first/,
    ],
    [
      'does not know the credential',
      pushed(BODY.replace(/\t\t"tag:iac-staging".*\n/, '')),
      /tag:iac-staging, which the credential of this stack carries, is unknown to it[^]*Run pulumi up of stack prod first/,
    ],
    [
      'gives a tag to another credential',
      pushed(BODY.replace('"tag:staging-db":         ["tag:iac-staging"]', '"tag:staging-db": ["tag:iac"]')),
      /let this stack in yet:\n {2}tag:staging-db is not given out by tag:iac-staging\nRun/,
    ],
    [
      'approves no such route',
      pushed(BODY.replace('10.78.10.0/24', '10.78.11.0/24')),
      /let this stack in yet:\n {2}10\.78\.10\.0\/24 is not approved for tag:router-staging-fra\nRun/,
    ],
    ['cannot be read', pushed('{"tagOwners": '), /it cannot be read/],
  ];
  test.each(shut)('that %s ends the preview and the up with the stack that goes first', async (_what, text, reason) => {
    tailnet.edit(text);
    await expect(create(true)).rejects.toThrow(reason);
    await expect(create()).rejects.toThrow(reason);
    expect(tailnet.calls).toEqual(['policy.get', 'policy.get']);
  });

  test('that is older than the files, or was edited, is a warning', async () => {
    tailnet.edit(pushed(`${BODY}// more\n`));
    const older = operation();
    await create(false, older);
    expect(older.logs).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('once stack prod is up again') as string },
    ]);
    tailnet.edit(`${pushed()}// more\n`);
    const edited = operation();
    await create(false, edited);
    expect(edited.logs).toMatchObject([
      { message: expect.stringContaining('was edited since stack prod pushed it') as string },
    ]);
  });

  test('that cannot be asked for is left to the update, unless the credential is wrong', async () => {
    tailnet.fail = new TailscaleError(0, 'no answer');
    const op = operation();
    expect((await create(true, op)).outputs.etag).toBe(UNKNOWN);
    expect(op.logs[0]?.message).toContain('The policy of stack prod was not looked at; the update will do it.');
    await expect(create()).rejects.toThrow('no answer');
    tailnet.fail = new TailscaleError(401, 'API token invalid (401)');
    await expect(create(true)).rejects.toThrow('(401)');
  });

  test('is looked at again when anything of it changes; a refresh shows its etag, a destroy does nothing', async () => {
    const diff = await sharedPolicy.diff(
      operation(),
      'shared-policy',
      inputs,
      inputs,
      { ...inputs, mark: 'x' },
      client(),
    );
    expect(Object.keys(diff.changes)).toEqual(['mark']);
    tailnet.edit(pushed());
    const { outputs } = await sharedPolicy.update(
      operation(),
      'shared-policy',
      inputs,
      inputs,
      inputs,
      false,
      client(),
    );
    expect(outputs.etag).toBe(tailnet.etag);
    tailnet.edit(pushed(`${BODY}\n`));
    const read = await sharedPolicy.read(operation(), 'shared-policy', outputs, inputs, client());
    expect([read?.outputs.etag, read?.inputs]).toEqual([tailnet.etag, inputs]);
    tailnet.calls.length = 0;
    await sharedPolicy.delete(operation(), 'shared-policy', inputs, inputs, client());
    expect(tailnet.calls).toEqual([]);
  });
});
