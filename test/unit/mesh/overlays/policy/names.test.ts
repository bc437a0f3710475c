import { describe, expect, test } from 'vitest';
import { readPolicy, type Policy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { approverProblem, isLogin, isTag } from '../../../../../mesh/overlays/tailscale/policy/names.ts';
import { rangeText } from '../../../../../mesh/overlays/tailscale/policy/ranges.ts';
import { faults } from './faults.ts';

const read = (sections: Record<string, unknown>): Policy => readPolicy(JSON.stringify(sections)).policy;
const wrong = (sections: Record<string, unknown>): string[] => faults(JSON.stringify(sections));

test.each([
  [isLogin, ['ada@example.com', 'ada@', 'a.b+c@x'], ['', 'ada', '@example.com', 'a b@x', 'ada@x y', 'a@b@c', 'user:ada@x', '*@x', 'ada@*']],
  [isTag, ['tag:db', 'tag:A', 'tag:db-1'], ['db', 'tag:', 'tag:1', 'tag:-a', 'tag:a_b', 'tag:a b', 'xtag:db']],
])('%# names of people and of tags', (is, good, bad) => {
  expect([...good, ...bad].filter(is)).toEqual(good);
}); // prettier-ignore

describe('groups', () => {
  test('hold people, each once', () => {
    const groups = { 'group:dev': ['ada@example.com', 'linus@example.com', 'ada@example.com'], 'group:one': 'ada@' };
    expect(read({ groups }).groups).toEqual(
      new Map([
        ['group:dev', ['ada@example.com', 'linus@example.com']],
        ['group:one', ['ada@']],
      ]),
    );
  });

  test.each([
    [{ dev: ['ada@x'] }, ['groups["dev"]@1: is no name of a group: write "group:NAME"']],
    [{ 'group:': ['ada@x'] }, ['groups["group:"]@1: is no name of a group: write "group:NAME"']],
    [{ 'group:a': ['ada'] }, ['groups["group:a"][0]@1: "ada" is no login: write name@example.com']],
    [{ 'group:a': ['ada@x', 'group:b'] }, ['groups["group:a"][1]@1: group:b: a group holds people, not other groups: name its people']],
    [{ 'group:a': ['autogroup:admin'] }, ['groups["group:a"][0]@1: autogroup:admin: a group holds people, not other groups: name its people']],
    [{ 'group:a': [] }, ['groups["group:a"]@1: group:a has nobody in it: name somebody, or remove the group and what names it']],
    [{ 'group:a': {} }, ['groups["group:a"]@1: is a mapping; write a list: [ … ]']],
    [{ 'group:a': [['ada@x']] }, ['groups["group:a"][0]@1: is a list; write a text in quotes']],
  ])('%j: %j', (groups, told) => {
    expect(wrong({ groups })).toEqual(told);
  }); // prettier-ignore

  test('of nobody, in a policy in force, are no reason to refuse anything else in it', () => {
    const of = JSON.stringify({ groups: { 'group:a': [], 'group:b': ['ada@x'] } });
    expect(readPolicy(of, { emptyGroups: 'taken' }).policy.groups).toEqual(
      new Map([
        ['group:a', []],
        ['group:b', ['ada@x']],
      ]),
    );
    expect(() => readPolicy(of, { emptyGroups: 'fault' })).toThrow('nobody in it');
  });
});

describe('aliases of addresses', () => {
  test('stand for an address, a prefix or a range', () => {
    const { hosts } = read({ hosts: { a: '10.0.0.1', b: '10.0.0.0/8', c: '10.0.0.1-10.0.0.3' } });
    expect([...hosts].map(([name, ranges]) => [name, ranges.map(rangeText)])).toEqual([
      ['a', ['10.0.0.1']],
      ['b', ['10.0.0.0/8']],
      ['c', ['10.0.0.1-10.0.0.3']],
    ]);
  });

  test.each([
    ['', '10.0.0.1', 'is no name of a host: it may not contain "@", ":", "*", "/", "," or blanks'],
    ['a b', '10.0.0.1', 'is no name of a host: it may not contain "@", ":", "*", "/", "," or blanks'],
    ['a:b', '10.0.0.1', 'is no name of a host: it may not contain "@", ":", "*", "/", "," or blanks'],
    ['a', 'somewhere', '"somewhere" is no address and no prefix'],
    ['a', '10.0.0.1/8', '10.0.0.1/8 has host bits set; the prefix is 10.0.0.0/8'],
    ['a', [], 'is a list; write a text in quotes'],
  ])('%j: %j', (name, value, message) => {
    expect(wrong({ hosts: { [name]: value } })).toEqual([`hosts[${JSON.stringify(name)}]@1: ${message}`]);
  });

  test('that stand for nothing are the fault, not what names them', () => {
    const grants = [{ src: ['*'], dst: ['a', 'b', 'c'], ip: ['*'] }];
    expect(wrong({ hosts: { a: 'x', b: '10.0.0.1/8', c: true }, grants })).toHaveLength(3);
  });
});

describe('sets of addresses', () => {
  const set = (ipsets: Record<string, unknown>, name = 'ipset:a'): string[] => {
    const { rules } = read({ hosts: { nas: '10.0.0.7' }, ipsets, grants: [{ src: ['*'], dst: [name], ip: ['*'] }] });
    const [to] = rules?.[0]?.dst ?? [];
    return to?.kind === 'addresses' ? to.ranges.map(rangeText) : [];
  };
  test.each([
    [['10.0.0.0/24'], ['10.0.0.0/24']],
    ['add 10.0.0.0/24', ['10.0.0.0/24']],
    [[' 10.0.0.128/25 ', 'add  10.0.0.0/25'], ['10.0.0.0/24']],
    [['10.0.0.0/29', 'remove nas'], ['10.0.0.0-10.0.0.6']],
    [['10.0.0.0/29', 'remove host:nas', 'add host:nas'], ['10.0.0.0/29']],
    [['remove 10.0.0.1', '10.0.0.0/29'], ['10.0.0.0/29']],
    [
      ['10.0.0.0/28', 'remove ipset:b'],
      ['10.0.0.0/30', '10.0.0.6-10.0.0.8', '10.0.0.10-10.0.0.15'],
    ],
    [['ipset:b'], ['10.0.0.4/31', '10.0.0.9']],
    [['ipset:none', '10.0.0.1'], ['10.0.0.1']],
    [[], []],
  ])('%j: %j', (entries, ranges) => {
    const others = { 'ipset:b': ['10.0.0.9', '10.0.0.4/31'], 'ipset:none': [] };
    expect(set({ 'ipset:a': entries, ...others })).toEqual(ranges);
    expect(set({ ...others, 'ipset:a': entries })).toEqual(ranges);
  });

  test.each([
    [{ lan: ['10.0.0.1'] }, ['["lan"]@1: is no name of a set: write "ipset:NAME"']],
    [{ 'ipset:a': ['nowhere'] }, ['["ipset:a"][0]@1: "nowhere" is no address, alias or set: write "add 10.0.0.0/24" or "remove 10.0.0.7"']],
    [{ 'ipset:a': ['take 10.0.0.1'] }, ['["ipset:a"][0]@1: "take 10.0.0.1" is no address, alias or set: write "add 10.0.0.0/24" or "remove 10.0.0.7"']],
    [{ 'ipset:a': ['add 10.0.0.1/8'] }, ['["ipset:a"][0]@1: "add 10.0.0.1/8" has host bits set; the prefix is 10.0.0.0/8']],
    [{ 'ipset:a': ['ipset:a'] }, ['["ipset:a"][0]@1: ipset:a contains itself (ipset:a → ipset:a): break the circle']],
    [{ 'ipset:a': ['ipset:b'], 'ipset:b': ['ipset:c'], 'ipset:c': ['ipset:a'] }, ['["ipset:c"][0]@1: ipset:a contains itself (ipset:a → ipset:b → ipset:c → ipset:a): break the circle']],
    // Used twice, wrong once.
    [{ 'ipset:a': ['x'], 'ipset:b': ['ipset:a'], 'ipset:c': ['ipset:a'] }, ['["ipset:a"][0]@1: "x" is no address, alias or set: write "add 10.0.0.0/24" or "remove 10.0.0.7"']],
  ])('%j: %j', (ipsets, told) => {
    expect(wrong({ ipsets })).toEqual(told.map((one) => `ipsets${one}`));
  }); // prettier-ignore
});

test('sets of addresses in each other end after a hundred', () => {
  const chain = (length: number): Record<string, string[]> => Object.fromEntries(Array.from({ length }, (_, n) => [`ipset:${n}`, [n + 1 < length ? `ipset:${n + 1}` : '10.0.0.1']])); // prettier-ignore
  expect(wrong({ ipsets: chain(101) })).toEqual([]);
  const told = (at: number): string => `ipsets["ipset:${at - 1}"][0]@1: ipset:${at} is a set in a set, and so on more than 100 times: name addresses instead`; // prettier-ignore
  expect(wrong({ ipsets: chain(102) })).toEqual([told(101)]);
  expect(wrong({ ipsets: chain(5000) })[0]).toEqual(told(101));
});

describe('who may give tags', () => {
  test('as written, nobody but admins where the list is empty', () => {
    const tagOwners = { 'tag:a': [], 'tag:b': ['tag:a', 'group:g', 'ada@x', 'autogroup:it-admin'], 'tag:c': 'tag:b' };
    expect(read({ groups: { 'group:g': ['ada@x'] }, tagOwners }).tagOwners).toEqual(
      new Map([
        ['tag:a', []],
        ['tag:b', ['tag:a', 'group:g', 'ada@x', 'autogroup:it-admin']],
        ['tag:c', ['tag:b']],
      ]),
    );
  });

  test('names and owners that are none', () => {
    expect(wrong({ tagOwners: { db: [], 'tag:a': ['tag:elsewhere', 'ada@x'] } })).toEqual([
      'tagOwners["db"]@1: is no name of a tag: write "tag:NAME", a letter first, then letters, digits and dashes',
      'tagOwners["tag:a"][0]@1: tag:elsewhere has no owner: no entry of tagOwners is for it; add it to tagOwners',
    ]);
  });

  test.each([
    ['group:sre', undefined],
    ['tag:db', undefined],
    ['autogroup:network-admin', undefined],
    ['ada@example.com', undefined],
    ['group:sree', 'no group is called group:sree; did you mean group:sre?'],
    ['group:others', 'no group is called group:others; add it to groups'],
    ['tag:dbb', 'tag:dbb has no owner: no entry of tagOwners is for it; did you mean tag:db?'],
    ['autogroup:', '"autogroup:": only people, groups, autogroups and tags can stand here'],
    ['*', '"*": only people, groups, autogroups and tags can stand here'],
    ['10.0.0.1', '"10.0.0.1": only people, groups, autogroups and tags can stand here'],
  ])('%s: %s', (text, problem) => {
    expect(approverProblem(text, new Map([['group:sre', []]]), new Set(['tag:db']))).toBe(problem);
  });
});
