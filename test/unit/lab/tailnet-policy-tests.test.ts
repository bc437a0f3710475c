import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpret, PolicyError, type PolicyNode } from '../../../lab/tailnet/policy/index.ts';

const BASE = {
  tagOwners: { 'tag:a': ['autogroup:admin'], 'tag:b': ['autogroup:admin'] },
  groups: { 'group:g': ['u@example.com'], 'group:empty': [] },
  hosts: { db: '10.0.0.1', app: '10.0.1.1', net: '10.0.0.0/24' },
};
const GRANTS = [
  { src: ['app'], dst: ['db'], ip: ['tcp:5432'] },
  { src: ['group:g'], dst: ['db', 'net'], ip: ['tcp:22'] },
  { src: ['tag:a'], dst: ['tag:b'], ip: ['tcp:22'] },
];
const NODES: PolicyNode[] = [
  { addresses: ['100.64.0.1'], tags: ['tag:a'] },
  { addresses: ['100.64.0.2'], tags: ['tag:b'] },
];
interface Test {
  src?: string;
  proto?: string;
  accept?: string[];
  deny?: string[];
}
const failures = (test: Test, nodes: PolicyNode[] = [], grants: object[] = GRANTS): string[] =>
  interpret(JSON.stringify({ ...BASE, grants, tests: [test] }), { nodes })
    .failingTests()
    .flatMap((failure) => failure.errors);

describe('tests of a policy', () => {
  it.each<[what: string, good: Test, bad: Test, words: string]>([
    [
      'an accept',
      { src: 'app', proto: 'tcp', accept: ['db:5432'] },
      { src: 'app', proto: 'tcp', accept: ['db:5433'] },
      'address "db:5433": want: Accept, got: Drop',
    ],
    [
      'a deny',
      { src: 'app', proto: 'tcp', deny: ['db:22'] },
      { src: 'app', proto: 'tcp', deny: ['db:5432'] },
      'address "db:5432": want: Drop, got: Accept',
    ],
    [
      'the protocol',
      { src: 'app', proto: 'udp', deny: ['db:5432'] },
      { src: 'app', proto: 'udp', accept: ['db:5432'] },
      'want: Accept',
    ],
    [
      'a group',
      { src: 'group:g', proto: 'tcp', accept: ['db:22'] },
      { src: 'group:empty', proto: 'tcp', deny: ['db:22'] },
      'has no members',
    ],
    [
      'a user',
      { src: 'u@example.com', proto: 'tcp', accept: ['db:22'] },
      { src: 'ghost@example.com', proto: 'tcp', deny: ['db:22'] },
      'user not found',
    ],
    [
      'an unknown tag',
      { src: 'app', proto: 'tcp', deny: ['db:1'] },
      { src: 'tag:x', proto: 'tcp', deny: ['db:1'] },
      'tag not found: "tag:x"',
    ],
    [
      'an unknown host',
      { src: 'app', proto: 'tcp', deny: ['db:1'] },
      { src: 'app', proto: 'tcp', deny: ['dbx:1'] },
      'host not found: "dbx"',
    ],
    [
      'a prefix as destination',
      { src: 'group:g', proto: 'tcp', accept: ['10.0.0.7:22'] },
      { src: 'group:g', proto: 'tcp', accept: ['10.0.0.0/24:22'] },
      'name a single address',
    ],
    [
      'an alias of a prefix',
      { src: 'group:g', proto: 'tcp', accept: ['db:22'] },
      { src: 'group:g', proto: 'tcp', accept: ['net:22'] },
      'is a range',
    ],
    [
      'even a /32',
      { src: 'group:g', proto: 'tcp', accept: ['10.0.0.1:22'] },
      { src: 'group:g', proto: 'tcp', accept: ['10.0.0.1/32:22'] },
      'is a range',
    ],
    [
      'a port range',
      { src: 'app', proto: 'tcp', accept: ['db:5432'] },
      { src: 'app', proto: 'tcp', accept: ['db:5432-5433'] },
      'one port',
    ],
    [
      'a wildcard port',
      { src: 'app', proto: 'tcp', deny: ['db:1'] },
      { src: 'app', proto: 'tcp', deny: ['db:*'] },
      'one port',
    ],
    ['no port', { src: 'app', proto: 'tcp', deny: ['db:1'] }, { src: 'app', proto: 'tcp', deny: ['db'] }, 'one port'],
    [
      'proto icmp',
      { src: 'app', proto: 'tcp', accept: ['db:5432'] },
      { src: 'app', proto: 'icmp', accept: ['db:5432'] },
      'proto icmp cannot be tested',
    ],
    ['a missing src', { src: 'app', deny: ['db:1'] }, { deny: ['db:1'] }, 'src must be specified'],
    ['nothing asserted', { src: 'app', deny: ['db:1'] }, { src: 'app' }, 'accept or deny must be specified'],
  ])('judge %s', (_what, good, bad, words) => {
    expect(failures(good)).toEqual([]);
    expect(failures(bad).join()).toContain(words);
  });

  it('with a tag as source or destination hold only once a node carries it', () => {
    const test = { src: 'tag:a', proto: 'tcp', accept: ['tag:b:22'] };
    expect(failures(test).join()).toContain('source "tag:a" resolved to no IP addresses');
    expect(failures(test, NODES.slice(0, 1)).join()).toContain('destination "tag:b" resolved to no IP addresses');
    expect(failures(test, NODES)).toEqual([]);
  });

  it('without proto take an icmp grant for any port, which is why a test should carry one', () => {
    const grants = [{ src: ['app'], dst: ['db'], ip: ['icmp:*'] }];
    expect(failures({ src: 'app', accept: ['db:22'] }, [], grants)).toEqual([]);
    expect(failures({ src: 'app', deny: ['db:22'] }, [], grants)).toHaveLength(1);
    expect(failures({ src: 'app', proto: 'tcp', deny: ['db:22'] }, [], grants)).toEqual([]);
  });

  it('can be handed in from outside, and are refused when they are none', () => {
    const read = interpret(JSON.stringify({ ...BASE, grants: GRANTS }));
    expect(read.failingTests([{ src: 'app', proto: 'tcp', accept: ['db:5432'] }])).toEqual([]);
    expect(read.failingTests([{ src: 'app', proto: 'tcp', accept: ['db:1'] }])[0]?.user).toBe('app');
    expect(() => read.failingTests([{ src: 'app', allow: ['db:1'] }])).toThrow(PolicyError);
  });
});

describe('any policy', () => {
  const names = ['app', 'db', 'group:g', 'u@example.com', '10.0.0.9', 'tag:a', 'tag:b'];
  const selector = fc.constantFrom('app', 'db', 'net', 'group:g', 'u@example.com', '*', '10.0.0.0/16');
  const ip = fc.constantFrom('*', 'tcp:22', 'tcp:20-30', 'udp:22', '22', 'icmp:*');
  const grants = fc.array(
    fc.record({
      src: fc.array(fc.oneof(selector, fc.constantFrom('tag:a')), { minLength: 1, maxLength: 3 }),
      dst: fc.array(fc.oneof(selector, fc.constantFrom('tag:b')), { minLength: 1, maxLength: 3 }),
      ip: fc.array(ip, { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 4 },
  );
  const question = fc.record({
    src: fc.constantFrom(...names),
    dst: fc.constantFrom(...names),
    proto: fc.constantFrom('tcp', 'udp', 'icmp'),
    port: fc.constantFrom(21, 22, 31),
  });
  const read = (list: object[]): ReturnType<typeof interpret> =>
    interpret(JSON.stringify({ ...BASE, grants: list }), { nodes: NODES });

  it('never allows more with a grant less', () => {
    fc.assert(
      fc.property(grants, question, fc.nat(), (list, asked, pick) => {
        const less = list.filter((_, index) => index !== pick % Math.max(1, list.length));
        if (read(less).allowed(asked)) expect(read(list).allowed(asked)).toBe(true);
      }),
    );
  });

  it('allows exactly what one of its grants allows alone', () => {
    fc.assert(
      fc.property(grants, question, (list, asked) => {
        expect(read(list).allowed(asked)).toBe(list.some((one) => read([one]).allowed(asked)));
      }),
    );
  });

  it('is the same with its grants in another order', () => {
    fc.assert(
      fc.property(grants, question, (list, asked) => {
        expect(read(list.toReversed()).allowed(asked)).toBe(read(list).allowed(asked));
      }),
    );
  });

  it('fails a deny exactly when it is allowed, and an accept exactly when it is not', () => {
    const asked = fc.record({
      src: fc.constantFrom('app', 'group:g', '10.0.0.9'),
      dst: fc.constantFrom('app', 'db'),
      proto: fc.constantFrom('tcp', 'udp'),
      port: fc.constantFrom(21, 22, 31),
    });
    fc.assert(
      fc.property(grants, asked, (list, { src, dst, proto, port }) => {
        const policy = read(list);
        const allowed = policy.allowed({ src, dst, proto, port });
        expect(policy.failingTests([{ src, proto, deny: [`${dst}:${port}`] }]).length > 0).toBe(allowed);
        expect(policy.failingTests([{ src, proto, accept: [`${dst}:${port}`] }]).length === 0).toBe(allowed);
      }),
    );
  });
});
