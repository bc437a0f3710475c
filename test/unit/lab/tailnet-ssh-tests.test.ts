import { describe, expect, it } from 'vitest';
import { interpret, PolicyError, type PolicyNode } from '../../../lab/tailnet/policy/index.ts';

const BASE = {
  tagOwners: { 'tag:a': ['autogroup:admin'], 'tag:b': ['autogroup:admin'], 'tag:none': ['autogroup:admin'] },
  groups: { 'group:g': ['u@example.com'], 'group:h': ['w@example.com'] },
  hosts: { net: '10.0.0.0/24' },
  grants: [],
};
const SSH = [
  { action: 'accept', src: ['group:g'], dst: ['tag:b'], users: ['ops', 'autogroup:nonroot'] },
  { action: 'accept', src: ['tag:a'], dst: ['tag:b'], users: ['deploy'] },
  { action: 'check', src: ['group:h'], dst: ['tag:b'], users: ['ops', 'root'], checkPeriod: '12h' },
  { action: 'accept', src: ['group:h'], dst: ['tag:b'], users: ['ops'] },
];
const NODES: PolicyNode[] = [
  { addresses: ['100.64.0.1'], tags: ['tag:a'] },
  { addresses: ['100.64.0.2'], tags: ['tag:b'] },
  { addresses: ['100.64.0.3'], tags: ['tag:a', 'tag:b'] },
];
interface Test {
  src?: string;
  dst?: string[];
  accept?: string[];
  check?: string[];
  deny?: string[];
}
const failures = (test: Test, nodes = NODES, ssh: object[] = SSH): string[] =>
  interpret(JSON.stringify({ ...BASE, ssh, sshTests: [test] }), { nodes })
    .failingTests()
    .flatMap((failure) => failure.errors);

describe('tests of logins', () => {
  it.each<[what: string, good: Test, bad: Test, words: string]>([
    [
      'a login that is accepted',
      { src: 'group:g', dst: ['tag:b'], accept: ['ops'] },
      { src: 'group:h', dst: ['tag:b'], accept: ['root'] },
      'login "root": want: accept, got: check',
    ],
    [
      'every login but root',
      { src: 'group:g', dst: ['tag:b'], accept: ['anybody'], deny: ['root'] },
      { src: 'group:g', dst: ['tag:b'], accept: ['root'] },
      'want: accept, got: deny',
    ],
    [
      'a login after a check, which comes first where it is accepted too',
      { src: 'group:h', dst: ['tag:b'], check: ['ops', 'root'] },
      { src: 'group:g', dst: ['tag:b'], check: ['ops'] },
      'want: check, got: accept',
    ],
    [
      'a node',
      { src: 'tag:a', dst: ['tag:b'], accept: ['deploy'], deny: ['ops'] },
      { src: 'tag:a', dst: ['tag:b'], deny: ['deploy'] },
      'want: deny, got: accept',
    ],
    [
      'a person',
      { src: 'u@example.com', dst: ['100.64.0.2'], accept: ['ops'] },
      { src: 'u@example.com', dst: ['tag:a'], accept: ['ops'] },
      'got: accept and deny',
    ],
    [
      'that there is something to hold',
      { src: 'group:g', dst: ['tag:b'], deny: ['root'] },
      { src: 'group:g', dst: ['tag:b'] },
      'accept, check or deny must be specified',
    ],
    [
      'that somebody can be reached',
      { src: 'group:g', dst: ['tag:b'], deny: ['root'] },
      { src: 'group:g', dst: ['tag:none'], deny: ['root'] },
      'resolved to no IP addresses',
    ],
  ])('hold for %s, and fail for another', (_, good, bad, words) => {
    expect(failures(good)).toEqual([]);
    expect(failures(bad).join('\n')).toContain(words);
  });

  it('look at rules of logins, not at ports: without one every login is denied', () => {
    const test = { src: 'group:g', dst: ['tag:b'], deny: ['ops', 'root'] };
    expect(failures(test, NODES, [])).toEqual([]);
    expect(failures(test)).not.toEqual([]);
  });

  it.each([
    ['net', 'disallowed element "net"'],
    ['autogroup:internet', 'disallowed element "autogroup:internet"'],
    ['tag:b:22', 'unknown tag "tag:b:22"'],
  ])('are refused with a destination that is no node: %s', (dst, words) => {
    expect(() => failures({ src: 'group:g', dst: [dst], deny: ['root'] })).toThrow(words);
  });
});

it('a check of something that is no person is refused', () => {
  const rule = (action: string): string =>
    JSON.stringify({ ...BASE, ssh: [{ action, src: ['tag:a'], dst: ['tag:b'], users: ['ops'] }] });
  expect(() => interpret(rule('check'))).toThrow(PolicyError);
  expect(() => interpret(rule('check'))).toThrow('"check" action does not support tags in src');
  expect(() => interpret(rule('accept'))).not.toThrow();
});
