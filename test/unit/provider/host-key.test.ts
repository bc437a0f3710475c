import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import { hostKey } from '../../../provider/host-key.ts';
import { textOf } from '../../../provider/schema.ts';
import { FakeHost, operation } from './fakes.ts';

const client = new FakeHost().client();
const inputs = { comment: 'fra-edge-01' };

describe('a bootstrap host key', () => {
  test('is an ECDSA pair whose halves belong together; its id is the fingerprint', async () => {
    const { id, outputs } = await hostKey.create(operation(), inputs, false, client);
    expect(id).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(outputs.publicKey).toMatch(/^ecdsa-sha2-nistp256 \S+ fra-edge-01$/);
    const parsed = ssh2.utils.parseKey(textOf(outputs, 'privateKey') ?? '');
    if (parsed instanceof Error) throw parsed;
    expect(parsed.getPublicSSH().toString('base64')).toBe(textOf(outputs, 'publicKey')?.split(' ')[1]);
    expect(hostKey.secretOutputs).toContain('privateKey');
  });

  test('is another one each time, and none at preview', async () => {
    const [a, b] = await Promise.all([
      hostKey.create(operation(), inputs, false, client),
      hostKey.create(operation(), inputs, false, client),
    ]);
    expect(a.id).not.toBe(b.id);
    expect((await hostKey.create(operation(), inputs, true, client)).outputs).toEqual({
      ...inputs,
      publicKey: UNKNOWN,
      privateKey: UNKNOWN,
    });
  });

  test('is replaced when its comment changes, and only then', async () => {
    const diff = (comment: string | typeof UNKNOWN) =>
      hostKey.diff(operation(), 'id', { ...inputs, publicKey: 'p' }, inputs, { comment }, client);
    expect((await diff('fra-edge-01')).changes).toEqual({});
    expect((await diff('fra-edge-02')).changes).toEqual({ comment: 'update-replace' });
    expect((await diff(UNKNOWN)).changes).toEqual({ comment: 'update-replace' });
  });

  test('reads as recorded, and cannot be imported', async () => {
    const outputs = { ...inputs, publicKey: 'p', privateKey: 'k' };
    expect(await hostKey.read(operation(), 'id', outputs, inputs, client)).toEqual({ id: 'id', outputs, inputs });
    await expect(hostKey.read(operation(), 'id', {}, {}, client)).rejects.toThrow('cannot be imported');
  });

  test('a comment that would break the key line is refused', async () => {
    const failures = async (comment: string) =>
      (await hostKey.check(operation(), { comment }, undefined, client)).failures;
    expect(await failures('two words')).toHaveLength(1);
    expect(await failures('fra-edge-01')).toEqual([]);
  });
});
