import { describe, expect, test, vi } from 'vitest';
import { withHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { tailnetPolicy } from '../../../provider/tailnet-policy.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { operation, recorded } from './fakes.ts';
import { FOREIGN, client, create, diff, inputs, other, ours, pushed, read, update } from './policy-fixtures.ts';

describe('the first push', () => {
  test('replaces the untouched default and keeps the etag', async () => {
    const tailnet = new FakeTailnet();
    const { id, outputs } = await create(tailnet);
    // With the etag that was read: somebody's edit in between is not overwritten either.
    expect(tailnet.calls).toContain('policy.set e0');
    expect([id, outputs.etag, tailnet.policy.text]).toEqual(['tailnet-policy', tailnet.etag, inputs.text]);
  });

  test('adopts the same text without writing', async () => {
    const { tailnet } = await pushed();
    expect((await create(tailnet)).outputs.etag).toBe(tailnet.etag);
    // Looked at, and looked at again as after a push: the run that wrote it may not have lived to check it.
    expect(tailnet.calls).toEqual(['policy.get', 'policy.get']);
  });

  test('goes over our own text of an earlier life: up after destroy works', async () => {
    const { tailnet } = await pushed();
    const etag = tailnet.etag;
    await create(tailnet, other);
    expect(tailnet.calls).toContain(`policy.set ${etag}`);
    expect(tailnet.policy.text).toBe(other.text);
  });

  test.each([
    ['written by hand', FOREIGN, 'a policy that this program did not write'],
    ['ours, edited since', ours('{}').replace('{}', '{ }'), 'was ours, but somebody edited it since'],
    ['another stack’s', withHeader('acme/prod-tailnet', '{}'), 'belongs to acme/prod-tailnet'],
  ])('refuses a policy that is %s', async (_name, text, reason) => {
    const tailnet = new FakeTailnet();
    tailnet.edit(text);
    await expect(create(tailnet)).rejects.toThrow(reason);
    expect(tailnet.policy.text).toBe(text);
  });

  test('refuses when somebody edits the policy just before it, unless to what we want', async () => {
    const tailnet = new FakeTailnet();
    tailnet.beforePush = () => tailnet.edit(FOREIGN);
    await expect(create(tailnet)).rejects.toThrow('(412)');
    const same = new FakeTailnet();
    same.beforePush = () => same.edit(inputs.text);
    expect((await create(same)).outputs.etag).toBe(same.etag);
  });

  test('says which of its tests fail', async () => {
    const tailnet = new FakeTailnet();
    tailnet.invalid = ['address "x:22": want: Accept, got: Drop'];
    await expect(create(tailnet)).rejects.toThrow('ada: address "x:22": want: Accept, got: Drop');
  });

  test('reads the etag where a push does not answer it, but not that of another text', async () => {
    const tailnet = new FakeTailnet();
    tailnet.saysEtag = false;
    expect((await create(tailnet)).outputs.etag).toBe(tailnet.etag);
    const edited = new FakeTailnet();
    const set = edited.api.policy.set.bind(edited.api.policy);
    vi.spyOn(edited.api.policy, 'set').mockImplementation(async (...args) => {
      await set(...args);
      edited.edit(FOREIGN);
      return undefined;
    });
    await expect(create(edited)).rejects.toThrow('at once edited by somebody else');
  });
});

describe('another tailnet', () => {
  const from = { ...inputs, tailnet: 'acme-trial' };
  const to = { ...inputs, tailnet: 'acme-staging' };

  test('is a change of a policy whose text stays, but not from a state that is older than the name', async () => {
    const { outputs } = await pushed();
    expect((await diff({ ...outputs, tailnet: 'acme-trial' }, to)).changes).toEqual({ tailnet: 'update' });
    expect((await diff(outputs, to)).changes).toEqual({ tailnet: 'add' });
  });

  test('gets the policy as if for the first time, whatever the state knows of the other one', async () => {
    const { outputs } = await pushed();
    const there = new FakeTailnet();
    const moved = await update(there, { ...outputs, ...from, etag: 'of-the-other-one', former: FOREIGN }, to);
    expect(there.calls).toContain('policy.set e0');
    expect(there.policy.text).toBe(inputs.text);
    expect(moved.outputs).toMatchObject({ tailnet: 'acme-staging', etag: there.etag, checked: there.etag });
    expect(moved.outputs.former).toBeUndefined();
  });

  test('with a policy of somebody else’s is refused and left alone; without the move the same state would not look', async () => {
    const { outputs } = await pushed();
    const there = new FakeTailnet();
    there.edit(FOREIGN);
    await expect(update(there, { ...outputs, ...from }, to)).rejects.toThrow(
      'a policy that this program did not write',
    );
    expect(there.policy.text).toBe(FOREIGN);
    there.calls.length = 0;
    await update(there, { ...outputs, ...to }, to);
    expect(there.calls).toEqual([]);
  });

  test('is told by the preview, which asks the new service about the text', async () => {
    const { outputs } = await pushed();
    const [there, op] = [new FakeTailnet(), operation()];
    await update(there, { ...outputs, ...from }, to, true, op);
    expect(there.calls).toEqual(['policy.validate', 'policy.get']);
    expect(op.logs.map(({ message }) => message)).toEqual([
      'the stack moves from tailnet acme-trial to acme-staging: hosts leave the one and join the other, the second router of a pair after the first; the policy of acme-trial stays as it is',
    ]);
  });
});

describe('a later push', () => {
  test('matches the recorded etag', async () => {
    const { tailnet, outputs } = await pushed();
    const etag = tailnet.etag;
    expect((await update(tailnet, outputs, other)).outputs.etag).toBe(tailnet.etag);
    expect(tailnet.calls).toEqual(['policy.get', `policy.set ${etag}`, 'policy.get']);
  });

  test('refuses what somebody edited since, and goes over it once a refresh has shown it', async () => {
    const { tailnet, outputs } = await pushed();
    tailnet.edit(FOREIGN);
    await expect(update(tailnet, outputs, other)).rejects.toThrow('pulumi refresh shows the edit');
    expect(tailnet.policy.text).toBe(FOREIGN);
    const found = await read(tailnet, outputs);
    await update(tailnet, recorded(found?.outputs ?? {}), other);
    expect(tailnet.policy.text).toBe(other.text);
  });

  test('adopts a text that is already there', async () => {
    const { tailnet, outputs } = await pushed();
    tailnet.edit(other.text);
    expect((await update(tailnet, outputs, other)).outputs.etag).toBe(tailnet.etag);
  });

  test('that changes only the words about access asks nobody', async () => {
    const { tailnet, outputs } = await pushed();
    await update(tailnet, outputs, { ...inputs, access: [] });
    expect(tailnet.calls).toEqual([]);
  });
});

describe('reading and deleting', () => {
  test('an edit is a diff of the text, in inputs too so that the engine can show it', async () => {
    const { tailnet, outputs } = await pushed();
    expect((await diff(recorded((await read(tailnet, outputs))?.outputs ?? {}), inputs)).changes).toEqual({});
    tailnet.edit(FOREIGN);
    const found = await read(tailnet, outputs);
    expect(found?.inputs.text).toBe(FOREIGN);
    expect((await diff(recorded(found?.outputs ?? {}), inputs)).changes).toEqual({ text: 'update' });
  });

  test('an import reads what is there', async () => {
    const tailnet = new FakeTailnet();
    tailnet.edit(FOREIGN);
    expect(await read(tailnet, {}, {})).toEqual({
      id: 'tailnet-policy',
      inputs: { text: FOREIGN, access: [] },
      outputs: { text: FOREIGN, etag: tailnet.etag, access: [] },
    });
  });

  test('destroying leaves the policy, and says so', async () => {
    const { tailnet, outputs } = await pushed();
    const op = operation();
    await tailnetPolicy.delete(op, 'tailnet-policy', outputs, inputs, client(tailnet));
    expect([tailnet.calls, tailnet.policy.text]).toEqual([[], inputs.text]);
    expect(op.logs[0]?.message).toContain('keeps its last policy');
  });
});
