import { describe, expect, test } from 'vitest';
import { joinedTests } from '../../../../mesh/overlays/tailscale/joined-tests.ts';
import { endpointKey, keysOf, type Member } from '../../../../mesh/overlays/tailscale/parties.ts';
import type { PolicyTest } from '../../../../mesh/overlays/tailscale/tests.ts';
import { control, group, lan, member, node, onLan, role, routersOf, rule, site, tool } from './rules.ts';

/** `tag:app tcp +db:22 -db:80`: a source and protocol, what must pass, what must not. */
const told = (tests: readonly PolicyTest[], src = ''): string[] =>
  tests
    .filter((one) => one.src.startsWith(src))
    .map(({ src: from, proto, accept, deny }) =>
      [from, proto, ...accept.map((one) => `+${one}`), ...deny.map((one) => `-${one}`)].join(' '),
    );

const GROUPS = { sre: ['grace@example.com'], dev: ['ada@example.com'] };
const around = (...members: Member[]) => ({ groups: GROUPS, members, lanHosts: [] });
const NAS = onLan('nas', 'gra', '10.2.0.9', 'fd02::9');
const [APP, DB] = [member('app-1', 'fra', ['app']), member('db-1', 'sin', ['db'])];

describe('once all have joined', () => {
  test('each source is asked what it gets, on what is served, and on the sites of members', () => {
    const rules = [
      rule([group('sre'), role('app')], [role('db')], ['tcp/5432', 'udp/53']),
      rule([site('sin')], [NAS, node('app-1')], ['tcp/873']),
    ];
    expect(told(joinedTests(rules, around(DB, APP)))).toEqual([
      'group:sre tcp +tag:db:5432 +tag:site-sin:5432 -tag:db:22 -tag:host-app-1:22 -tag:host-app-1:873 -tag:site-fra:22 -tag:site-fra:873 -tag:site-sin:22',
      'group:sre udp +tag:db:53 +tag:site-sin:53',
      'tag:app tcp +tag:db:5432 +tag:site-sin:5432 -tag:db:22 -tag:host-app-1:22 -tag:host-app-1:873 -tag:site-fra:22 -tag:site-fra:873 -tag:site-sin:22 -nas:22 -nas:873 -nas-v6:22 -nas-v6:873',
      'tag:app udp +tag:db:53 +tag:site-sin:53',
      'tag:site-fra tcp +tag:db:5432 +tag:site-sin:5432 -tag:db:22 -tag:host-app-1:22 -tag:host-app-1:873 -tag:site-fra:22 -tag:site-fra:873 -tag:site-sin:22 -nas:22 -nas:873 -nas-v6:22 -nas-v6:873',
      'tag:site-fra udp +tag:db:53 +tag:site-sin:53',
      'tag:site-sin tcp +tag:host-app-1:873 +tag:site-fra:873 +nas:873 +nas-v6:873 -tag:db:22 -tag:db:5432 -tag:host-app-1:22 -tag:site-fra:22 -tag:site-sin:22 -tag:site-sin:5432 -nas:22 -nas-v6:22',
      'tag:site-sin udp -tag:db:53 -tag:site-sin:53',
    ]);
  });

  test('nothing is said where some nodes of a tag pass and others do not', () => {
    const two = [member('app-1', 'fra', ['app']), member('app-2', 'sin', ['app'])];
    const rules = [rule([site('fra')], [role('db')], ['tcp/80']), rule([role('app')], [role('db')], ['tcp/443'])];
    const tests = joinedTests(rules, around(...two, member('db-1', 'gra', ['db']), member('db-2', 'gra', [])));
    expect(told(tests, 'tag:app')).toEqual([
      'tag:app tcp +tag:db:443 -tag:db:22 -tag:site-fra:22 -tag:site-gra:22 -tag:site-sin:22',
    ]);
    expect(told(tests, 'tag:site-fra')).toEqual([
      'tag:site-fra tcp +tag:db:80 +tag:db:443 -tag:db:22 -tag:site-fra:22 -tag:site-gra:22 -tag:site-sin:22',
    ]);
  });

  test('a range is asked at both of its ends, and tests stand in the order of their protocols', () => {
    const nodes = [APP, DB, member('db-2', 'fra', ['db'])];
    const rules = [rule([role('app')], [node('db-1')], ['tcp/20-25']), rule([role('app')], [role('db')], ['udp/53'])];
    expect(told(joinedTests(rules, around(...nodes)), 'tag:app')).toEqual([
      'tag:app tcp +tag:host-db-1:20 +tag:host-db-1:22 +tag:host-db-1:25 +tag:site-sin:20 +tag:site-sin:22 +tag:site-sin:25 -tag:site-fra:22',
      'tag:app udp +tag:db:53 +tag:host-db-1:53 +tag:site-sin:53',
    ]);
  });

  test('a group is its people, whatever else they are in', () => {
    const groups = {
      ops: ['grace@example.com', 'linus@example.com'],
      sre: ['grace@example.com'],
      nobody: ['x@example.com'],
    };
    const rules = [rule([group('ops')], [role('db')], ['tcp/80']), rule([group('sre')], [role('db')], ['tcp/443'])];
    expect(told(joinedTests(rules, { groups, members: [DB], lanHosts: [] }), 'group:')).toEqual([
      'group:ops tcp +tag:db:80 +tag:site-sin:80 -tag:db:22 -tag:site-sin:22',
      'group:sre tcp +tag:db:80 +tag:db:443 +tag:site-sin:80 +tag:site-sin:443 -tag:db:22 -tag:site-sin:22',
    ]);
  });

  test('a LAN host is asked about members, by each of its names; about LAN hosts the policy asks itself', () => {
    const rules = [rule([lan('gra', '10.2.0.0/24'), group('sre')], [role('db'), onLan('disk', 'sin')], ['tcp/80'])];
    expect(told(joinedTests(rules, { ...around(DB), lanHosts: [NAS] }), 'nas')).toEqual([
      'nas tcp +tag:db:80 +tag:site-sin:80 -tag:db:22 -tag:site-sin:22',
      'nas-v6 tcp +tag:db:80 +tag:site-sin:80 -tag:db:22 -tag:site-sin:22',
    ]);
  });

  test('neither a tag without nodes nor a tool is asked about, and icmp is no question', () => {
    const rules = [
      rule([tool('ci'), role('gone'), role('app')], [role('db'), role('none')], ['tcp/80']),
      control('fra', '10.0.0.0/24'),
    ];
    const tests = joinedTests(rules, around(APP, DB, member('edge', 'fra', [], true)));
    expect(told(tests)).toEqual([
      'tag:app tcp +tag:db:80 +tag:site-sin:80 -tag:db:22 -tag:site-fra:22 -tag:site-sin:22',
      'tag:router-fra tcp -tag:db:22 -tag:db:80 -tag:site-fra:22 -tag:site-sin:22 -tag:site-sin:80',
      'tag:site-fra tcp -tag:db:22 -tag:site-fra:22 -tag:site-sin:22',
      'tag:site-sin tcp -tag:db:22 -tag:db:80 -tag:site-fra:22 -tag:site-sin:22 -tag:site-sin:80',
    ]);
  });
});

describe('the number of questions is bounded', () => {
  const EIGHT = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const letters = [...EIGHT, 'i', 'j', 'k'].reverse();

  test('by eight sites and eight routers that no intent names', () => {
    const members = letters.map((at) => member(`edge-${at}`, at, [], true));
    const rules = [
      rule([site('a'), routersOf('b')], [NAS], ['tcp/80']),
      ...letters.map((at) => control(at, '10.0.0.0/24')),
    ];
    const asked = new Set(joinedTests(rules, around(...members)).map(({ src }) => src));
    expect([...asked]).toEqual([
      ...[...EIGHT, 'i'].map((at) => `tag:router-${at}`),
      ...[...EIGHT, 'i'].map((at) => `tag:site-${at}`),
    ]);
  });

  test('by eight tags, sites and hosts that a source is not given, besides all that it is', () => {
    const members = letters.map((at) => member(`app-${at}`, at, [`role-${at}`]));
    const hosts = letters.map((at) => onLan(`host-${at}`, at));
    const rules = [
      rule([group('dev')], [...letters.map(role), ...letters.map((at) => role(`role-${at}`)), ...hosts], ['tcp/80']),
      rule([role('role-a'), group('sre')], [role('role-k'), onLan('host-k', 'k')], ['tcp/22']),
    ];
    const tests = joinedTests(rules, around(...members));
    const first = tests.find(({ src }) => src === 'tag:role-a');
    expect(tests.find(({ src }) => src === 'group:sre')?.accept).toEqual(['tag:role-k:22']);
    const named = (kind: string) => EIGHT.flatMap((at) => [`${kind}${at}:22`, `${kind}${at}:80`]);
    expect(first?.accept).toEqual(['tag:role-k:22', 'host-k:22']);
    expect(first?.deny).toEqual([
      ...[...named('tag:role-'), 'tag:role-k:80'],
      ...named('tag:site-'),
      ...[...named('host-'), 'host-k:80'],
    ]);
  });
});

test('whoever stands at an end is known by all that rules may call it', () => {
  expect(keysOf({ kind: 'person', groups: ['sre', 'dev'] })).toEqual(['group sre', 'group dev']);
  expect(keysOf({ kind: 'lan-host', host: NAS })).toEqual(['lan-host nas', 'lan gra']);
  expect(keysOf({ kind: 'member', member: member('app-1', 'fra', ['app', 'web']) })).toEqual([
    'member app-1',
    'members-of-site fra',
    'members-with-role app',
    'members-with-role web',
  ]);
  expect(keysOf({ kind: 'member', member: member('edge', 'fra', [], true) })).toEqual([
    'member edge',
    'members-of-site fra',
    'members-with-role router',
    'routers-of-site fra',
  ]);
  expect([tool('ci'), lan('fra', '10.0.0.0/24'), routersOf('fra')].map(endpointKey)).toEqual([
    'tool ci',
    'lan fra',
    'routers-of-site fra',
  ]);
});
