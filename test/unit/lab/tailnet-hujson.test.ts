import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatHuJson, policyEtag } from '../../../lab/tailnet/policy/format.ts';
import { HuJsonError, parseHuJson, toData, type Json } from '../../../lab/tailnet/policy/hujson.ts';

const data = (text: string): Json => toData(parseHuJson(text));

describe('HuJSON', () => {
  it('takes comments and trailing commas', () => {
    expect(data('// why\n{"a": [1, 2,], /* b */ "b": "x",}')).toEqual({ a: [1, 2], b: 'x' });
  });

  it.each([
    ['{"a": 1 "b": 2}', 'line 1, column 9'],
    ['{"a": [1,,]}', 'column 10'],
    ['{,}', 'column 2'],
    ['{a: 1}', 'column 2'],
    ['{"a": 01}', 'column 8'],
    ['{"a": "x}', 'column 7'],
    ['{} {}', 'after the end'],
    ['{\n  "a": 1,\n  "a": 2\n}', 'line 3, column 3: duplicate object member name "a"'],
    ['{} // no newline', 'without a newline'],
    ['{} /* open', 'without its end'],
    ['', 'the text ends'],
  ])('refuses %j and says where', (text, where) => {
    expect(() => parseHuJson(text)).toThrow(HuJsonError);
    expect(() => parseHuJson(text)).toThrow(where);
  });

  it('reads a member called __proto__ as data', () => {
    expect(Object.keys(data('{"__proto__": 1}') as object)).toEqual(['__proto__']);
  });
});

describe('the canonical layout', () => {
  // Answers of the service's own formatter.
  it.each([
    ['{"a":1,}', '{"a": 1}\n'],
    ['{"a":1,\n"long":[1,2]}', '{\n\t"a":    1,\n\t"long": [1, 2]\n}\n'],
    ['{\n"a":1}', '{\n\t"a": 1\n}\n'],
    ['{\n"a":1 // x\n}', '{\n\t"a": 1, // x\n}\n'],
    ['[ ]', '[]\n'],
    ['{"a" : "\\u00e9\\/"}', '{"a": "é/"}\n'],
  ])('of %j', (text, laid) => {
    expect(formatHuJson(text)).toBe(laid);
  });

  it('breaks a container that is wider than 80 bytes and keeps one that is not', () => {
    const list = (width: number): string => JSON.stringify(['x'.repeat(width)]);
    expect(formatHuJson(list(74)).split('\n')).toHaveLength(2);
    expect(formatHuJson(list(79)).split('\n')).toHaveLength(4);
    // Bytes count, not characters.
    expect(formatHuJson(JSON.stringify(['é'.repeat(45)])).split('\n')).toHaveLength(4);
  });

  const blank = fc.constantFrom('', ' ', '\n', '\t', '\n\n\n', '// c\n', '/* b */', '/*\n * x\n */', '\r\n');
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('null', 'true', '-1.5e3', '"é"', '"\\u0041"', '"long enough to matter for the width"'),
      fc
        .tuple(
          fc.array(
            fc.tuple(blank, tie('value'), blank).map((parts) => parts.join('')),
            { maxLength: 4 },
          ),
          fc.boolean(),
          blank,
        )
        .map(([items, comma, end]) => `[${items.join(',')}${comma && items.length > 0 ? ',' : ''}${end}]`),
      fc
        .tuple(fc.array(fc.tuple(blank, blank, tie('value'), blank), { maxLength: 4 }), fc.boolean(), blank)
        .map(([items, comma, end]) => {
          const members = items.map(([a, b, held, c], index) => `${a}"k${index}"${b}:${held}${c}`);
          return `{${members.join(',')}${comma && items.length > 0 ? ',' : ''}${end}}`;
        }),
    ),
  }));

  it('changes no value and is its own layout', () => {
    fc.assert(
      fc.property(value, (text) => {
        const laid = formatHuJson(text);
        expect(data(laid)).toEqual(data(text));
        expect(formatHuJson(laid)).toBe(laid);
      }),
    );
  });

  it('is what the ETag is made of: blanks do not count, comments do', () => {
    expect(policyEtag('{ "a":1 }')).toBe(createHash('sha256').update('{"a": 1}\n').digest('hex'));
    expect(policyEtag('{"a": 1}')).toBe(policyEtag('{ "a" : 1 }'));
    expect(policyEtag('/* x */{"a": 1}')).not.toBe(policyEtag('{"a": 1}'));
  });
});
