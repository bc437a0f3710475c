import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHeader, withHeader } from '../../../../mesh/overlays/tailscale/header.ts';

describe('the mark on our policies', () => {
  test('any body comes back as ours and intact', () => {
    fc.assert(
      fc.property(fc.string(), (body) => {
        expect(readHeader(withHeader('acme/staging-tailnet', body))).toEqual({
          owner: 'acme/staging-tailnet',
          intact: true,
        });
      }),
    );
  });

  test('any edit below the first line is seen', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (body, other) => {
        fc.pre(body !== other);
        const text = withHeader('acme/staging-tailnet', body);
        const edited = text.slice(0, text.indexOf('\n') + 1) + other;
        expect(readHeader(edited)).toEqual({ owner: 'acme/staging-tailnet', intact: false });
      }),
    );
  });

  test.each([
    '',
    '{}',
    '// a comment\n{}',
    '// site-mesh acme sha256:12\n{}',
    '{}\n// site-mesh a sha256:' + '0'.repeat(64),
  ])('%j carries no mark', (text) => {
    expect(readHeader(text)).toBeUndefined();
  });

  test('a first line that ends the file, with blanks or a carriage return, is read all the same', () => {
    const [line = ''] = withHeader('acme/staging-tailnet', '').split('\n');
    for (const text of [line, `${line}\n`, `${line} \r\n`])
      expect(readHeader(text)).toEqual({ owner: 'acme/staging-tailnet', intact: true });
    expect(readHeader(`${line}0\n`)).toBeUndefined();
  });

  test('an owner that could not be read back is refused', () => {
    expect(() => withHeader('two words', '{}')).toThrow('one word');
  });
});
