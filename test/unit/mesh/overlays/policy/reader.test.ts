import { describe, expect, test } from 'vitest';
import { Enough, Reader, type Spot } from '../../../../../mesh/overlays/tailscale/policy/reader.ts';
import { PolicyText } from '../../../../../mesh/overlays/tailscale/policy/text.ts';

/** A reader of a text, the place of the whole, and what was wrong so far. */
function reading(text: string) {
  const reader = new Reader(new PolicyText(text));
  return {
    reader,
    root: { node: reader.text.root, path: '' } satisfies Spot,
    faults: () => reader.faults.map(({ path, line, message }) => `${path}@${line}: ${message}`),
  };
}

describe('fields', () => {
  test('in any letters, by old names, without those that are null', () => {
    const { reader, root, faults } = reading('{"SRC": 1, "users": 2, "via": null, "ports": 3, "Quota": 4}');
    const { found, strange } = reader.fields(root, ['src', 'via', 'app'], { ports: 'dst' });
    expect([...found].map(([name, { path, node }]) => [name, path, node.value as unknown])).toEqual([
      ['src', 'SRC', 1],
      ['dst', 'ports', 3],
    ]);
    expect(strange.map(({ path, node }) => [path, node.value as unknown])).toEqual([
      ['users', 2],
      ['Quota', 4],
    ]);
    expect(faults()).toEqual([]);
  });

  test('stand once, whatever the letters and whether by their old name', () => {
    const { reader, root, faults } = reading('{"src": 1,\n"Src": 2,\n"users": 3,\n"x": 4,\n"x": 5, "X": 6, "via": null, "VIA": 7}'); // prettier-ignore
    const { found } = reader.fields(root, ['src', 'via'], { users: 'src' });
    expect(found.get('src')?.node.value).toBe(1);
    const lost = (line: number): string => `stands twice (before on line ${line}), and one of the two would be lost: merge them`; // prettier-ignore
    expect(faults()).toEqual([`Src@2: ${lost(1)}`, `users@3: ${lost(1)}`, `x@5: ${lost(4)}`, `VIA@5: ${lost(5)}`]);
  });

  test('nearly spelled are told, with the place of their object', () => {
    const { reader, root, faults } = reading('{"grants": [\n{"scr": 1, "elsewhere": 2}, 7]}');
    const [first, second] = reader.list(reader.fields(root, ['grants']).found.get('grants'));
    if (first === undefined || second === undefined) throw new Error('two grants were written');
    expect(reader.fields(first, ['src', 'dst', 'ip', 'app']).strange.map(({ path }) => path)).toEqual([
      'grants[0].elsewhere',
    ]);
    expect(reader.fields(second, ['src', 'dst', 'ip', 'app'])).toEqual({ found: new Map(), strange: [] });
    expect(faults()).toEqual([
      'grants[0].scr@2: is nothing that the service knows: did you mean src?',
      'grants[1]@2: is a number; write an object with src, dst, ip …',
    ]);
  });
});

test('after five hundred faults nobody reads on', () => {
  const { reader, root, faults } = reading('{}');
  for (let n = 1; n < 500; n++) reader.fault(root, 'is wrong');
  expect(() => {
    reader.fault(root, 'is wrong, too');
  }).toThrow(Enough);
  expect(faults()).toHaveLength(500);
  expect(faults().at(-1)).toBe('@1: is wrong, too');
});

test('what is not judged is kept, with the reason', () => {
  const { reader } = reading('{}');
  reader.skip('derpMap', 'relays');
  expect(reader.unjudged).toEqual([{ path: 'derpMap', why: 'relays' }]);
});

describe('values', () => {
  test.each([
    ['{}', 'a mapping'],
    ['[]', 'a list'],
    ['"x"', 'a text'],
    ['7', 'a number'],
    ['true', 'true or false'],
    ['null', 'empty'],
  ])('%s is %s', (value, kind) => {
    const { reader, root, faults } = reading(`{"a": ${value}}`);
    const [entry] = reader.mapping(root);
    const spot = entry?.value;
    expect(reader.mapping(spot)).toEqual([]);
    expect(reader.list(spot)).toEqual([]);
    expect(reader.string(spot)).toBe(kind === 'a text' ? 'x' : kind === 'a number' ? '7' : undefined);
    expect(reader.strings(spot).map(({ text }) => text)).toEqual(kind === 'a text' ? ['x'] : []);
    const a = `["a"]@1: is ${kind}; write `;
    expect(faults()).toEqual([
      ...(kind === 'a mapping' ? [] : [`${a}a mapping: { … }`]),
      ...(kind === 'a list' ? [] : [`${a}a list: [ … ]`]),
      ...(['a text', 'a number'].includes(kind) ? [] : [`${a}a text in quotes`]),
      ...(['a text', 'a list'].includes(kind) ? [] : [`${a}a list: [ … ]`]),
    ]);
  });

  test('that are absent are nothing, and no fault', () => {
    const { reader, faults } = reading('{}');
    expect([reader.mapping(undefined), reader.list(undefined), reader.strings(undefined)]).toEqual([[], [], []]);
    expect(reader.string(undefined)).toBeUndefined();
    expect(faults()).toEqual([]);
  });

  test('of a list have their places, and those that are no texts are told', () => {
    const { reader, root, faults } = reading('{"a": ["x",\n443, [], "y"]}');
    const [entry] = reader.mapping(root);
    expect(reader.strings(entry?.value).map(({ text, spot }) => [text, spot.path])).toEqual([
      ['x', '["a"][0]'],
      ['443', '["a"][1]'],
      ['y', '["a"][3]'],
    ]);
    expect(faults()).toEqual(['["a"][2]@2: is a list; write a text in quotes']);
  });

  test('of a mapping are under names of the author’s own, each once', () => {
    const { reader, root, faults } = reading('{"a": 1,\n"A": 2, "a": 3}');
    expect(reader.mapping(root).map(({ key, value, at }) => [key, value.path, value.node.value as unknown, at.node.value as unknown])).toEqual([
      ['a', '["a"]', 1, 'a'],
      ['A', '["A"]', 2, 'A'],
      ['a', '["a"]', 3, 'a'],
    ]); // prettier-ignore
    expect(faults()).toEqual(['["a"]@2: stands twice (before on line 1), and one of the two would be lost: merge them']); // prettier-ignore
  });
});
