import { describe, expect, test } from 'vitest';
import { readPolicy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { PolicyText } from '../../../../../mesh/overlays/tailscale/policy/text.ts';
import { faults } from './faults.ts';

/** The comment of each grant. */
const whys = (grants: string): string[] | undefined =>
  readPolicy(`{"grants": ${grants}}`).policy.rules?.map(({ why }) => why);
const RULE = '{"src": ["*"], "dst": ["*"], "ip": ["*"]}';

describe('the comment of a rule', () => {
  test.each([
    ['above it', `[\n// one\n${RULE},\n\n// two\n${RULE}]`, ['one', 'two']],
    ['behind the bracket is of the list', `[ // all of them\n${RULE}]`, ['']],
    ['on its line', `[\n${RULE}, // one\n${RULE} // two\n]`, ['one', 'two']],
    ['close behind it', `[\n${RULE}// one\n]`, ['one']],
    ['in front of it on its line', `[/* one */ ${RULE}, /* two */ ${RULE}]`, ['one', 'two']],
    ['behind it on the last of its lines', `[\n{"src": ["*"],\n"dst": ["*"], "ip": ["*"]}, // one\n${RULE}\n]`, ['one', '']],
    ['begun on the line of the former, ended on its own', `[\n${RULE}, /* for\nthe next */ ${RULE}]`, ['for the next', 'for the next']],
    ['above it before the one behind it', `[\n// above\n${RULE}, // behind\n]`, ['above']],
    ['of the former is not that of the next', `[\n${RULE}, // one\n\n${RULE}]`, ['one', '']],
    ['of several lines', `[\n// one\n//\n// two\n/** three\n *\n * four */\n${RULE}]`, ['one two three four']],
    ['of slashes and stars', `[\n//// one ////\n/***** two *****/\n${RULE}]`, ['one //// two']],
    ['on a later line is nobody’s', `[\n${RULE}\n// later\n]`, ['']],
    ['inside of it is its own affair', `[\n{"src": ["*"], // who\n"dst": ["*"],\n"ip": ["*"]},\n${RULE}\n]`, ['', '']],
  ])('%s', (_where, grants, comments) => {
    expect(whys(grants)).toEqual(comments);
  }); // prettier-ignore

  test('is found among hundreds', () => {
    const numbers = Array.from({ length: 300 }, (_, n) => `why ${n}`);
    expect(whys(`[\n${numbers.map((why) => `// ${why}\n${RULE},`).join('\n')}\n]`)).toEqual(numbers);
  });

  test('on the last line of the text ends with it', () => {
    expect(readPolicy(`{"grants": [${RULE}]} // one`).policy.rules?.map(({ why }) => why)).toEqual(['one']);
  });
});

test('lines are counted from 1, and a line ends with its line feed', () => {
  const letters = '{\n"a": 1,\r\n\n"b": 2}';
  const text = new PolicyText(letters);
  expect(Array.from(letters, (_letter, at) => text.lineAt(at))).toEqual(
    [1, 1, ...Array<number>(9).fill(2), 3, ...Array<number>(7).fill(4)], // prettier-ignore
  );
});

describe('a text that is no policy', () => {
  test.each([
    ['', ['@1: not HuJSON: a value is expected here']],
    ['\n\n{"grants": [}', ['@3: not HuJSON: a value is expected here', '@3: not HuJSON: a ] is missing', '@3: not HuJSON: a } is missing']],
    ['{"grants": []\n} x', ['@2: not HuJSON: something that is neither a value nor a name in quotes']],
    ['{} {}', ['@1: not HuJSON: something stands after the end of the policy']],
    ['[]', ['@1: a policy is an object: { "grants": [ … ] }']],
    ['7', ['@1: a policy is an object: { "grants": [ … ] }']],
    ["{'a': 1}", ['@1: not HuJSON: something that is neither a value nor a name in quotes', '@1: not HuJSON: a name in double quotes is expected here', '@1: not HuJSON: a value is expected here']],
    ['{"a": 1.}', ['@1: not HuJSON: a number ends before its last digit']],
    ['{"a" 1}', ['@1: not HuJSON: a colon is expected here']],
    ['{"a": "\\u00"}', ['@1: not HuJSON: a \\u escape is not four hex digits']],
    ['{"a": "\\x"}', ['@1: not HuJSON: a \\ escape that JSON does not have']],
    ['{"a": "\t"}', ['@1: not HuJSON: a control character inside a text']],
    ['{"a": "x\n}', ['@1: not HuJSON: a text in quotes does not end on its line']],
    ['{"a": 1} /* x', ['@1: not HuJSON: a comment does not end']],
  ])('%#', (wrong, told) => {
    expect(faults(wrong)).toEqual(told);
  }); // prettier-ignore

  test.each([100, 3000, 50_000])('is nested %d levels deep within the policy', (levels) => {
    const nested = (depth: number, begin: string, end: string): string =>
      `{"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"],\n"quota": ${begin.repeat(depth)}7${end.repeat(depth)}}]}`;
    const told = ['@2: lists or objects are nested too deeply: a policy has five levels'];
    expect(faults(nested(levels - 2, '[', ']'))).toEqual(told);
    expect(faults(nested(levels - 2, '{"a": ', '}'))).toEqual(told);
    // The policy, its grants and the grant are three.
    expect(faults(nested(97, '[', ']'))).toEqual([]);
    expect(faults(nested(97, '{"a": ', '}'))).toEqual([]);
  });

  test('twenty faults of its form are told, and how many more there are', () => {
    const some = (count: number): string[] => faults(`{"a": [${'1 '.repeat(count + 1)}]}`);
    const comma = '@1: not HuJSON: a comma is expected here';
    expect(some(20)).toEqual(Array(20).fill(comma));
    expect(some(21)).toEqual([...Array<string>(20).fill(comma), '@-: and 1 more of the kind']);
    expect(some(57)).toEqual([...Array<string>(20).fill(comma), '@-: and 37 more of the kind']);
  });

  test('of more than 10 MB is refused, counted in bytes', () => {
    const padded = (bytes: number, letter = 'x'): string =>
      `{"grants": []} //${letter.repeat((bytes - 17) / Buffer.byteLength(letter))}`;
    expect(faults(padded(10_000_000))).toEqual([]);
    expect(faults(padded(10_000_001))).toEqual(['@-: the text has 10.0 MB and more than 10 MB are not read: is this the policy?']); // prettier-ignore
    expect(faults(padded(10_050_001, 'ä'))).toEqual(['@-: the text has 10.1 MB and more than 10 MB are not read: is this the policy?']); // prettier-ignore
  });
});
