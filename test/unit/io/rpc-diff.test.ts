import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffInputs } from '../../../io/rpc/diff.ts';
import { diffResponse } from '../../../io/rpc/diff-response.ts';
import { formatPath, rootOf } from '../../../io/rpc/path.ts';
import type { Value } from '../../../io/rpc/types.ts';
import { UNKNOWN, Unknown } from '../../../io/rpc/types.ts';

const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string({ maxLength: 4 }),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const bag = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), tree, { maxKeys: 4, noNullPrototype: true });

/** Missing and null are one; the way the engine stores them. */
function normal(value: Value): Value {
  if (Array.isArray(value)) return value.map((item: Value) => normal(item) ?? null);
  if (typeof value !== 'object' || value === null || value instanceof Unknown) return value ?? undefined;
  const entries = Object.entries(value).map(([key, item]): [string, Value] => [key, normal(item)]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

describe('diffInputs', () => {
  it('names the leaf that changed in a path that the engine can parse', () => {
    const olds = {
      files: { '/etc/x': { content: 'a', mode: '0644' } },
      list: [{ n: 1 }, { n: 2 }],
      tags: ['a'],
      gone: 1,
    };
    const news = { files: { '/etc/x': { content: 'b', mode: '0644' } }, list: [{ n: 1 }, { n: 3 }], tags: ['a', 'b'] };
    expect(diffInputs(olds, news)).toEqual({
      'files["/etc/x"].content': 'update',
      'list[1].n': 'update',
      'tags[1]': 'add',
      gone: 'delete',
    });
  });

  it('finds nothing between equal bags, and something between different ones', () => {
    fc.assert(
      fc.property(bag, (values) => {
        expect(diffInputs(values, structuredClone(values))).toEqual({});
      }),
    );
    fc.assert(
      fc.property(bag, bag, (olds, news) => {
        const same = JSON.stringify(sorted(normal(olds))) === JSON.stringify(sorted(normal(news)));
        expect(Object.keys(diffInputs(olds, news)).length === 0).toBe(same);
      }),
    );
  });

  it('tells the mirror image when the sides are swapped', () => {
    const mirror = { add: 'delete', delete: 'add', update: 'update' } as const;
    fc.assert(
      fc.property(bag, bag, (olds, news) => {
        const forth = Object.entries(diffInputs(olds, news)).map(([path, kind]) => [path, mirror[kind]]);
        expect(diffInputs(news, olds)).toEqual(Object.fromEntries(forth));
      }),
    );
  });

  it('takes an unknown for a change even where the old value could be the same', () => {
    expect(diffInputs({ a: 'x', b: { c: 1 } }, { a: UNKNOWN, b: { c: 1 }, d: UNKNOWN })).toEqual({
      a: 'update',
      d: 'add',
    });
  });

  it('is not fooled by names of the prototype', () => {
    expect(diffInputs({}, { constructor: 'x' })).toEqual({ constructor: 'add' });
  });
});

describe('property paths', () => {
  it('quote what is not a plain name, and give their root back', () => {
    expect(formatPath(['files', '/etc/x', 'content'])).toBe('files["/etc/x"].content');
    expect(formatPath(['a"b', 0, 'c'])).toBe('["a\\"b"][0].c');
    fc.assert(
      fc.property(fc.string(), fc.array(fc.oneof(fc.string(), fc.nat())), (root, rest) => {
        fc.pre(!root.includes('\\'));
        expect(rootOf(formatPath([root, ...rest]))).toBe(root);
      }),
    );
  });
});

describe('the answer to Diff', () => {
  it('lists replacing properties once by their root, and marks which are inputs', () => {
    const answer = diffResponse(
      {
        changes: { 'a.x': 'update-replace', 'a.y': 'add-replace', b: 'delete', drift: 'update' },
        deleteBeforeReplace: true,
      },
      (property) => property !== 'drift',
    );
    expect(answer.getReplacesList()).toEqual(['a']);
    expect(answer.getDiffsList()).toEqual(['a', 'b', 'drift']);
    expect(answer.getDeletebeforereplace()).toBe(true);
    expect(answer.getDetaileddiffMap().get('b')?.getInputdiff()).toBe(true);
    expect(answer.getDetaileddiffMap().get('drift')?.getInputdiff()).toBe(false);
    expect(answer.getChanges()).toBe(2);
    expect(diffResponse({ changes: {} }, () => true).getChanges()).toBe(1);
  });
});

function sorted(value: Value): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof Unknown) return value;
  const keys = Object.keys(value).sort();
  return keys.map((key) => [key, sorted((value as Record<string, Value>)[key])]);
}
