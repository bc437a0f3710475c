import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../../../io/rpc/path.ts';
import { formatPath } from '../../../io/rpc/path.ts';
import { Redactor, SecretPaths } from '../../../io/rpc/secrets.ts';
import type { Inputs, Value } from '../../../io/rpc/types.ts';
import { UNKNOWN, Unknown } from '../../../io/rpc/types.ts';
import { decodeStruct, encodeStruct, knownOnly } from '../../../io/rpc/values.ts';

const SIGNATURE = '4dabf18193072939515e22adb298388d';

// The wire library's own map cannot hold this one key; nothing that we could repair.
const key = fc.string().filter((text) => text !== '__proto__');
const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.constant<Value>(UNKNOWN),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const bag = fc.dictionary(key, tree, { maxKeys: 5, noNullPrototype: true }).filter((b) => !(SIGNATURE in b));

/** Every path of the bag: what could be secret. */
function pathsOf(value: Value, path: Segment[] = []): Segment[][] {
  const own = path.length > 0 ? [path] : [];
  if (value instanceof Unknown || value === null || typeof value !== 'object') return own;
  const children: [Segment, Value][] = Array.isArray(value) ? value.map((v, i) => [i, v]) : Object.entries(value);
  return [...own, ...children.flatMap(([key, child]) => pathsOf(child, [...path, key]))];
}

describe('values between the engine and a handler', () => {
  it('come back as they were, unknowns included', () => {
    fc.assert(
      fc.property(bag, (values) => {
        const decoded = decodeStruct(encodeStruct(values));
        expect(decoded.value).toEqual(values);
        expect(decoded.secrets.size).toBe(0);
      }),
    );
  });

  it('are unwrapped when secret, and every secret path is found again', () => {
    fc.assert(
      fc.property(bag, fc.infiniteStream(fc.boolean()), (values, coin) => {
        const chosen = pathsOf(values).filter(() => coin.next().value);
        const secrets = new SecretPaths(chosen.map(formatPath));
        const decoded = decodeStruct(encodeStruct(values, { secrets }));
        expect(decoded.value).toEqual(values);
        // A mark inside a marked value is swallowed by the outer one; one in a list marks the list.
        for (const path of chosen) {
          const covered = path.map((_, length) => formatPath(path.slice(0, length + 1)));
          expect(covered.some((prefix) => decoded.secrets.has(prefix))).toBe(true);
        }
        if (chosen.length === 0) expect(decoded.secrets.size).toBe(0);
      }),
    );
  });

  it('mark a list as a whole when one of its items is secret, since handlers reorder lists', () => {
    const wire = encodeStruct({ keys: ['a', 'b'], names: ['c'] }, { secrets: new SecretPaths(['keys[1]']) });
    const { secrets } = decodeStruct(wire);
    expect(secrets.has('keys')).toBe(true);
    expect(secrets.has('names')).toBe(false);
    const answer = encodeStruct({ keys: ['b', 'a'] }, { secrets });
    expect(signatureOf(answer, 'keys')).toBe('1b47061264138c4ac30d75fd1eb44270');
  });

  it.each([
    '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
    '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
    '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
    '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
    '030794c1-ac77-496b-92df-f27374a8bd58',
    'e48ece36-62e2-4504-bad9-02848725956a',
    'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
  ])('are unknown when they arrive as the sentinel %s', (sentinel) => {
    expect(decodeStruct(encodeStruct({ a: sentinel })).value).toEqual({ a: UNKNOWN });
    expect(decodeStruct(encodeStruct({ a: sentinel.replace('-', '_') })).value).not.toEqual({ a: UNKNOWN });
  });

  it('take an output value for what is in it', () => {
    const signature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
    const { value, secrets } = decodeStruct(
      encodeStruct({
        known: { [SIGNATURE]: signature, value: 'x', secret: true },
        open: { [SIGNATURE]: signature, value: 'y' },
        unknown: { [SIGNATURE]: signature },
      }),
    );
    expect(value).toEqual({ known: 'x', open: 'y', unknown: UNKNOWN });
    expect(secrets.list()).toEqual(['known']);
  });

  it('take a resource for its id, or for its urn when it has none', () => {
    const signature = '5cf8f73096256a8f31e491e813e4eb8e';
    const { value } = decodeStruct(
      encodeStruct({
        custom: { [SIGNATURE]: signature, urn: 'urn:a', id: '7' },
        notYet: { [SIGNATURE]: signature, urn: 'urn:b', id: '' },
        component: { [SIGNATURE]: signature, urn: 'urn:c' },
      }),
    );
    expect(value).toEqual({ custom: '7', notYet: UNKNOWN, component: 'urn:c' });
  });

  it('refuse an asset by its path, and carry an object that merely looks odd', () => {
    const asset = { [SIGNATURE]: 'c44067f5952c0a294b673a41bacd8c17', text: 'x' };
    expect(() => decodeStruct(encodeStruct({ files: { 'a.txt': asset } }))).toThrow(
      'files["a.txt"]: an asset cannot be handed to this provider; give a string instead',
    );
    expect(decodeStruct(encodeStruct({ files: { text: 'x', __proto__x: 1 } })).value).toEqual({
      files: { text: 'x', __proto__x: 1 },
    });
  });

  it('are refused with their path when nothing could store them, and pass without what is wrong', () => {
    const bad: Inputs = { a: { b: [1, Number.NaN] }, c: UNKNOWN, d: 1 };
    expect(() => encodeStruct(bad)).toThrow('a.b[1]: NaN cannot be stored');
    expect(() => encodeStruct({ c: UNKNOWN }, { unknowns: 'reject' })).toThrow('c: not known although');
    expect(decodeStruct(encodeStruct(knownOnly(bad), { unknowns: 'reject' })).value).toEqual({
      a: { b: [1, null] },
      d: 1,
    });
  });
});

describe('the redactor', () => {
  it('blanks remembered secrets, whole or line by line, and leaves the rest', () => {
    const key = ['-----BEGIN KEY-----', 'A'.repeat(64), 'B'.repeat(30), '-----END KEY-----'].join('\n');
    const redactor = new Redactor();
    redactor.remember({ token: 'tok-1234567', keys: [key], short: 'root' });
    const text = `root said tok-1234567 and ${JSON.stringify(key)}`;
    const clean = redactor.redact(text);
    expect(clean).toContain('root said [secret] and ');
    expect(clean).not.toMatch(/A{10}|B{10}|tok-1/);
    expect(new Redactor().redact(text)).toBe(text);
  });
});

function signatureOf(struct: ReturnType<typeof encodeStruct>, key: string): string | undefined {
  return struct.getFieldsMap().get(key)?.getStructValue()?.getFieldsMap().get(SIGNATURE)?.getStringValue();
}
