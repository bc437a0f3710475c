import { describe, expect, test } from 'vitest';
import { portSet, portTexts } from '../../../../../mesh/access/ports.ts';
import { given, missing, partsOf, permission, told, weaker, type Part, type Permission, type Share } from '../../../../../mesh/overlays/tailscale/policy/permission.ts'; // prettier-ignore
import type { Condition, Rule, SshRule } from '../../../../../mesh/overlays/tailscale/policy/types.ts';
import { policy } from './fixtures.ts';

const RULE = { path: 'grants[0]', line: 1, why: '', src: [], dst: [], conditions: [] };
const on = (name: string): Condition => ({ key: name, text: `only ${name}` });
const rule = (ports: string[], ...conditions: string[]): Rule => ({
  ...RULE,
  ip: ports,
  ports,
  conditions: conditions.map(on),
});
const network = (at: number, ports: string[], ...conditions: string[]): Part => ({
  at,
  kind: 'network',
  rule: rule(ports, ...conditions),
});
const ssh = (at: number, users: string[], action: SshRule['action'] = 'accept', ...conditions: string[]): Part => ({
  at,
  kind: 'ssh',
  rule: { ...RULE, action, users, conditions: conditions.map(on) },
});

/** All of these parts, for both families. */
const shares = (parts: readonly Part[], maybe = false): Share[] =>
  parts.flatMap((_part, part) => ([4, 6] as const).map((family) => ({ part, family, maybe })));
const all = (...parts: Part[]): Permission => permission(shares(parts), parts);

/** Each level as `condition: ports of IPv4 | ports of IPv6`. */
const levels = (of: Permission | undefined): string[] | undefined =>
  of?.levels.map(
    ({ condition, ports }) => `${condition}: ${portTexts(ports[4]).join(' ')} | ${portTexts(ports[6]).join(' ')}`,
  );

describe('the parts of a policy', () => {
  test('are its rules, then its ssh rules, in their order', () => {
    const of = policy({
      grants: [{ src: ['*'], dst: ['tag:db'], ip: ['tcp:1'] }, { src: ['*'], dst: ['tag:db'], ip: ['tcp:2'] }],
      ssh: [
        { action: 'accept', src: ['group:dev'], dst: ['tag:db'], users: ['ops'] },
        { action: 'check', src: ['group:dev'], dst: ['tag:db'], users: ['root'] },
      ],
    }); // prettier-ignore
    expect(partsOf(of).map(({ at, kind, rule: { path } }) => [at, kind, path])).toEqual([
      [0, 'network', 'grants[0]'],
      [1, 'network', 'grants[1]'],
      [2, 'ssh', 'ssh[0]'],
      [3, 'ssh', 'ssh[1]'],
    ]);
  });

  test('begin with a rule for everything where no section says what is permitted', () => {
    const everybody = [{ kind: 'any', text: '*' }];
    const of = policy({ ssh: [{ action: 'accept', src: ['group:dev'], dst: ['tag:db'], users: ['ops'] }] });
    expect(partsOf({ ...of, ssh: [] })).toEqual([
      {
        at: 0,
        kind: 'network',
        rule: {
          path: '',
          line: 1,
          why: 'neither acls nor grants: the service lets everybody reach everything',
          src: everybody,
          dst: everybody,
          ip: ['*'],
          ports: ['tcp/*', 'udp/*', 'icmp/*'],
          conditions: [],
        },
      },
    ]);
    expect(partsOf(of).map(({ at, kind }) => [at, kind])).toEqual([
      [0, 'network'],
      [1, 'ssh'],
    ]);
    expect(partsOf(policy({ grants: [] }))).toEqual([]);
  });
});

describe('what shares of rules give together', () => {
  test('by family, with the ping that goes with every port', () => {
    const parts = [network(0, ['tcp/22']), network(1, ['tcp/80']), ssh(2, ['ops'])];
    const of = permission(
      [
        { part: 1, family: 4, maybe: false },
        { part: 0, family: 4, maybe: false },
        { part: 0, family: 4, maybe: false },
        { part: 2, family: 6, maybe: false },
      ],
      parts,
    );
    expect(levels(of)).toEqual([': icmp/* tcp/22 tcp/80 | ssh as ops ssh as ops without a check']);
    expect(of.levels[0]?.parts).toEqual({ 4: [0, 1], 6: [2] });
    expect(of.parts).toEqual([0, 1, 2]);
    expect(of.content).toBe('[[[],["icmp/*","tcp/22","tcp/80"],["ssh as ops","ssh as ops without a check"]]]');
  });

  test('by conditions: fewest first, and of each only what fewer do not give', () => {
    const parts = [
      network(0, ['tcp/1-5'], 'new', 'via'),
      network(1, ['tcp/2'], 'via'),
      network(2, ['tcp/1'], 'new'),
      network(3, ['tcp/3']),
      network(4, ['tcp/4'], 'via', 'new'),
    ];
    const of = all(...parts);
    expect(levels(of)).toEqual([
      ': icmp/* tcp/3 | icmp/* tcp/3',
      'only new: tcp/1 | tcp/1',
      'only via: tcp/2 | tcp/2',
      'only new, only via: tcp/4-5 | tcp/4-5',
    ]);
    expect(of.levels.map(({ keys }) => keys)).toEqual([[], ['new'], ['via'], ['new', 'via']]);
    expect(of.parts).toEqual([0, 1, 2, 3, 4]);
  });

  test('a condition that gives nothing more is no level, but its rule has a part in it', () => {
    const of = all(network(0, ['tcp/*']), network(1, ['tcp/1'], 'new'));
    expect(levels(of)).toEqual([': icmp/* tcp/* | icmp/* tcp/*']);
    expect(of.parts).toEqual([0, 1]);
  });

  test('of two conditions neither takes anything from the other, and they stand in one order', () => {
    for (const [first, second] of [
      ['via', 'new'],
      ['new', 'via'],
    ] as const)
      expect(levels(all(network(0, ['tcp/1'], first), network(1, ['tcp/1'], second)))).toEqual([
        'only new: icmp/* tcp/1 | icmp/* tcp/1',
        'only via: icmp/* tcp/1 | icmp/* tcp/1',
      ]);
  });

  test('a condition may give more to one family of addresses only', () => {
    const parts = [network(0, ['tcp/1']), network(1, ['udp/1'], 'new')];
    const six: Share = { part: 1, family: 6, maybe: false };
    expect(levels(permission([...shares(parts.slice(0, 1)), six], parts))).toEqual([
      ': icmp/* tcp/1 | icmp/* tcp/1',
      'only new:  | udp/1',
    ]);
  });

  test('an address that is not known yet is a condition', () => {
    const parts = [network(0, ['tcp/1'], 'new')];
    const of = permission(shares(parts, true), parts);
    expect(of.levels.map(({ condition, keys }) => [condition, keys])).toEqual([
      ['only new, if its address is one that the rule names', ['addresses', 'new']],
    ]);
    expect(levels(permission([...shares(parts, true), ...shares(parts)], parts))).toEqual([
      'only new: icmp/* tcp/1 | icmp/* tcp/1',
    ]);
  });

  test('numbers of rules ascend as numbers', () => {
    const parts = Array.from({ length: 11 }, (_, at) => network(at, [`tcp/${at}`]));
    const of = permission([10, 2, 9].map((part) => ({ part, family: 4, maybe: false })), parts); // prettier-ignore
    expect(of.parts).toEqual([2, 9, 10]);
    expect(of.levels[0]?.parts[4]).toEqual([2, 9, 10]);
  });
});

describe('conditions of two permissions', () => {
  test('conditions are weaker where they are among the others', () => {
    expect(weaker([], ['new'])).toBe(true);
    expect(weaker(['new'], ['new', 'via'])).toBe(true);
    expect(weaker(['new', 'via'], ['new'])).toBe(false);
  });
});

describe('logins', () => {
  const of = (...parts: Part[]): string[] => told(all(...parts).levels[0]?.ports[4] ?? new Map());
  test.each([
    ['accepted', [ssh(0, ['ops', 'root'])], ['ssh as ops without a check', 'ssh as root without a check']],
    ['checked', [ssh(0, ['ops', 'root'], 'check')], ['ssh as ops', 'ssh as root']],
    ['the check wins', [ssh(0, ['ops']), ssh(1, ['ops'], 'check')], ['ssh as ops']],
    ['any user but root', [ssh(0, ['autogroup:nonroot', 'ops'])], ['ssh as any user but root without a check']],
    ['root besides', [ssh(0, ['autogroup:nonroot', 'root'])], ['ssh as any user but root without a check', 'ssh as root without a check']],
    ['one user of them with a check', [ssh(0, ['autogroup:nonroot']), ssh(1, ['ops'], 'check')], ['ssh as any user but root without a check', 'ssh as ops']],
    ['a check for all of them is one for each', [ssh(0, ['ops', 'root']), ssh(1, ['autogroup:nonroot'], 'check')], ['ssh as any user but root', 'ssh as root without a check']],
    ['root under a check, too', [ssh(0, ['root', 'autogroup:nonroot'], 'check')], ['ssh as any user but root', 'ssh as root']],
  ])('%s', (_what, parts, texts) => {
    expect(of(...parts)).toEqual(texts);
  }); // prettier-ignore

  test('alone let no ping through', () => {
    expect(levels(all(ssh(0, ['ops'], 'check')))).toEqual([': ssh as ops | ssh as ops']);
  });

  test('a single rule gives what it says, the ping aside', () => {
    expect(portTexts(given(network(0, ['tcp/22', 'udp/53'])))).toEqual(['tcp/22', 'udp/53']);
    expect(portTexts(given(ssh(0, ['ops'])))).toEqual(['ssh as ops', 'ssh as ops without a check']);
  });
});

describe('what is missing', () => {
  test.each([
    [['tcp/1-5', 'udp/53'], ['tcp/2'], ['tcp/1', 'tcp/3-5', 'udp/53']],
    [['tcp/1', 'ssh as ops', 'ssh as root'], ['ssh as autogroup:nonroot'], ['ssh as root', 'tcp/1']],
    [['ssh as ops without a check'], ['ssh as autogroup:nonroot'], ['ssh as ops without a check']],
    [['ssh as ops without a check'], ['ssh as autogroup:nonroot without a check'], []],
    [['ssh as ops'], ['ssh as autogroup:nonroot without a check'], ['ssh as ops']],
    [['ssh as ops'], ['ssh as root'], ['ssh as ops']],
  ])('%j without %j: %j', (left, right, rest) => {
    expect(portTexts(missing(portSet(left), portSet(right)))).toEqual(rest);
  });
});

test.each([
  [['icmp/*'], ['icmp/*']],
  [['tcp/22', 'icmp/*'], ['tcp/22']],
  [['tcp/*', 'icmp/*'], ['tcp/*']],
  [['udp/*', 'icmp/*'], ['udp/*']],
  [['tcp/*', 'udp/*', 'icmp/*'], ['*']],
  [
    ['tcp/*', 'udp/*', 'gre/*'],
    ['*', 'gre/*'],
  ],
  [
    ['icmp/*', 'ssh as ops'],
    ['icmp/*', 'ssh as ops'],
  ],
  [
    ['tcp/22', 'ssh as ops', 'ssh as ops without a check'],
    ['tcp/22', 'ssh as ops without a check'],
  ],
  [[], []],
])('%j are told as %j', (ports, texts) => {
  expect(told(portSet(ports))).toEqual(texts);
});
