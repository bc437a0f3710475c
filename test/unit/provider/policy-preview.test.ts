import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { TailscaleError } from '../../../io/tailscale/errors.ts';
import { withHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { tailnetPolicy } from '../../../provider/tailnet-policy.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { operation, recorded } from './fakes.ts';
import { FOREIGN, client, create, inputs, other, ours, pushed, read, update } from './policy-fixtures.ts';

describe('a preview', () => {
  test('validates at the service and says who gains and who loses access', async () => {
    const { tailnet, outputs } = await pushed();
    const op = operation();
    const answer = await update(tailnet, outputs, other, true, op);
    expect(tailnet.calls).toEqual(['policy.validate', 'policy.get']);
    expect(answer.outputs.etag).toBe(UNKNOWN);
    expect(op.logs).toEqual([
      { severity: 'info', message: 'group:platform loses tcp/5432 on fra-db-01 (platform queries the primary)' },
    ]);
    const first = operation();
    await create(new FakeTailnet(), inputs, true, first);
    expect(first.logs.map(({ message }) => message)).toEqual([
      'group:platform gains tcp/5432 on fra-db-01 (platform queries the primary)',
    ]);
  });

  test('of an unchanged text asks nobody and says nothing', async () => {
    const { tailnet, outputs } = await pushed();
    const op = operation();
    await update(tailnet, outputs, { ...inputs, access: [] }, true, op);
    expect([tailnet.calls, op.logs]).toEqual([[], []]);
  });

  test('after an edit by somebody else does not pretend to know what that changed', async () => {
    const { tailnet, outputs } = await pushed();
    tailnet.edit(FOREIGN);
    const found = recorded((await read(tailnet, outputs))?.outputs ?? {});
    const op = operation();
    await update(tailnet, found, inputs, true, op);
    expect(op.logs[0]).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('edited outside this program') as string,
    });
  });

  const edits: [string, (tailnet: FakeTailnet) => void, Inputs, RegExp | undefined][] = [
    ['a policy that was written by hand', (tailnet) => tailnet.edit(FOREIGN), {}, /will stop here: .*did not write/],
    ['one of ours that was edited', (tailnet) => tailnet.edit(ours('{}').replace('{}', '{ }')), {}, /edited it since/],
    ['the same, that may be taken over', (tailnet) => tailnet.edit(FOREIGN), { takeOver: 'e1' }, undefined],
    ['the default', () => undefined, {}, undefined],
    ['the very same text', (tailnet) => tailnet.edit(inputs.text), {}, undefined],
  ];
  test.each(edits)(
    'foretells what a first push will make of %s, and writes nothing',
    async (_name, edit, more, said) => {
      const [tailnet, op] = [new FakeTailnet(), operation()];
      edit(tailnet);
      await create(tailnet, { ...inputs, ...more }, true, op);
      const warnings = op.logs.flatMap(({ severity, message }) => (severity === 'warning' ? [message] : []));
      expect(warnings).toEqual(said === undefined ? [] : [expect.stringMatching(said) as string]);
      expect(tailnet.calls).toEqual(['policy.validate', 'policy.get']);
    },
  );

  test('foretells that a later push will meet an edit that no refresh has shown', async () => {
    const { tailnet, outputs } = await pushed();
    const warned = async (): Promise<string[]> => {
      const op = operation();
      await update(tailnet, outputs, other, true, op);
      return op.logs.flatMap(({ severity, message }) => (severity === 'warning' ? [message] : []));
    };
    expect(await warned()).toEqual([]);
    tailnet.edit(FOREIGN);
    expect(await warned()).toEqual([expect.stringMatching(/will stop here: somebody edited the policy/) as string]);
  });

  test.each([
    ['acme/prod-tailnet', /belongs to acme\/prod-tailnet, another stack/],
    [
      'umbra/staging-tailnet',
      /and this stack's is acme\/staging-tailnet: was the network renamed\? .*: put umbra back/,
    ],
  ])('fails where the policy is that of %s', async (owner, said) => {
    const tailnet = new FakeTailnet();
    tailnet.edit(withHeader(owner, '{}'));
    await expect(create(tailnet, inputs, true)).rejects.toThrow(said);
  });

  test('fails when the service refuses the policy', async () => {
    const { tailnet, outputs } = await pushed();
    tailnet.invalid = ['tag:x is not in tagOwners'];
    await expect(update(tailnet, outputs, other, true)).rejects.toThrow(
      'refuses the policy:\n  tag:x is not in tagOwners',
    );
  });

  test('without the service warns, but a refused credential fails', async () => {
    const { tailnet, outputs } = await pushed();
    tailnet.fail = new TailscaleError(0, 'no answer');
    const op = operation();
    await update(tailnet, outputs, other, true, op);
    expect(op.logs[0]).toEqual({
      severity: 'warning',
      message: 'no answer\nThe new policy was not held against the tailnet; the update will do it.',
    });
    tailnet.fail = new TailscaleError(401, 'bad key');
    await expect(update(tailnet, outputs, other, true)).rejects.toThrow('bad key');
  });

  test('copes with an unknown provider and an unknown text', async () => {
    const op = operation();
    await tailnetPolicy.create(op, inputs, true, { ...client(new FakeTailnet()), tailnet: { state: 'unknown' } });
    expect(op.logs.map(({ severity }) => severity)).toEqual(['info']);
    const tailnet = new FakeTailnet();
    await create(tailnet, { text: UNKNOWN, access: UNKNOWN, lifelines: UNKNOWN }, true);
    expect(tailnet.calls).toEqual([]);
  });
});
