import { describe, expect, test } from 'vitest';
import { formatHuJson } from '../../../../lab/tailnet/policy/format.ts';
import { hujson, type Node } from '../../../../mesh/overlays/tailscale/hujson.ts';

const written = (root: Node): string => {
  const text = hujson(root);
  expect(formatHuJson(text), 'as the service lays it out').toBe(text);
  return text;
};

test('a policy is written with tabs, trailing commas, comments above and a blank line between sections', () => {
  expect(
    written({
      members: [
        { key: 'acls', value: [], comment: 'Empty on purpose.  ' },
        {
          key: 'grants',
          apart: true,
          value: {
            elements: [
              { comment: 'on call', value: { members: [{ key: 'src', value: ['group:sre'] }] } },
              { value: 'plain' },
            ],
          },
        },
        { key: 'hosts', apart: true, value: { members: [] } },
        { key: 'tests', value: { elements: [] } },
      ],
    }),
  ).toBe(`{
	// Empty on purpose.
	"acls": [],

	"grants": [
		// on call
		{
			"src": ["group:sre"],
		},
		"plain",
	],

	"hosts": {},
	"tests": [],
}
`);
});

describe('values form a column', () => {
  const keys = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('\t"'));

  test('where members are neighbours and each value is on one line', () => {
    const members = [
      { key: 'a', value: 'one' },
      { key: 'long-name', value: ['two'] },
      { key: 'mid', value: { members: [] } },
      { key: 'x', value: { elements: [] } },
    ];
    expect(keys(written({ members }))).toEqual([
      '\t"a":         "one",',
      '\t"long-name": ["two"],',
      '\t"mid":       {},',
      '\t"x":         [],',
    ]);
  });

  test('which ends at a blank line, at a comment, and at a value of several lines', () => {
    const members = [
      { key: 'a', value: 'one' },
      { key: 'bb', value: 'two', apart: true },
      { key: 'ccc', value: 'three', comment: 'said' },
      { key: 'dddd', value: { members: [{ key: 'inner', value: 'four' }] } },
      { key: 'e', value: { elements: [{ value: 'five' }] } },
      { key: 'ff', value: 'six' },
      { key: 'ggg', value: 'seven' },
    ];
    expect(keys(written({ members }))).toEqual([
      '\t"a": "one",',
      '\t"bb": "two",',
      '\t"ccc": "three",',
      '\t"dddd": {',
      '\t"e": [',
      '\t"ff":  "six",',
      '\t"ggg": "seven",',
    ]);
  });
});

test.each([
  ['x', 67],
  ['é', 33],
])('a list is on one line as long as its texts fit, counted in bytes: %s', (letter, most) => {
  const long = (times: number): string => letter.repeat(times);
  expect(written(['one', long(most)])).toBe(`["one", "${long(most)}"]\n`);
  expect(written(['one', long(most + 1)])).toBe(`[\n\t"one",\n\t"${long(most + 1)}",\n]\n`);
});
