import { describe, expect, test } from 'vitest';
import {
  joinDenies,
  policyTests,
  singlePorts,
  testedLanHosts,
  type PolicyTest,
} from '../../../../mesh/overlays/tailscale/tests.ts';
import { group, lan, node, onLan, role, rule, site } from './rules.ts';

/** `group:sre tcp +db:22 -db:80`: a source and protocol, what must pass, what must not. */
const told = (tests: readonly PolicyTest[]): string[] =>
  tests.map(({ src, proto, accept, deny }) =>
    [src, proto, ...accept.map((one) => `+${one}`), ...deny.map((one) => `-${one}`)].join(' '),
  );

const DB = onLan('db', 'fra', '10.0.0.2');
const NAS = onLan('nas', 'fra', '10.0.0.3', 'fd00::3');
const WEB = onLan('web', 'sin', '10.1.0.4', 'fd01::4');
const numbered = (name: string, last: number, at = 'fra') =>
  Array.from({ length: last }, (_, n) => onLan(`${name}-${last - n}`, at, `10.0.1.${last - n}`));

describe('a group', () => {
  const people = { sre: ['grace@example.com'], dev: ['ada@example.com'], ops: ['linus@example.com'] };

  test('passes on the ports that it is given, and on no other service port of these hosts, nor on SSH', () => {
    const rules = [
      rule([group('sre')], [WEB, DB], ['udp/53', 'tcp/5432']),
      rule([group('dev')], [DB], ['tcp/8000-8010', 'tcp/22']),
    ];
    expect(told(policyTests(rules, people, []))).toEqual([
      'group:dev tcp +db:22 +db:8000 +db:8010 -db:5432 -web:22 -web:5432 -web-v6:22 -web-v6:5432',
      'group:dev udp -db:53 -web:53 -web-v6:53',
      'group:sre tcp +db:5432 +web:5432 +web-v6:5432 -db:22 -db:8000 -db:8010 -web:22 -web-v6:22',
      'group:sre udp +db:53 +web:53 +web-v6:53',
    ]);
  });

  test('that gets a range is accepted on both of its ends, and what lies in it', () => {
    const rules = [rule([group('sre')], [DB], ['tcp/20-25']), rule([group('dev')], [DB], ['tcp/23'])];
    expect(told(policyTests(rules, people, []))).toEqual([
      'group:dev tcp +db:23 -db:20 -db:22 -db:25',
      'group:sre tcp +db:20 +db:22 +db:23 +db:25',
    ]);
  });

  test('is not asked about what somebody in it gets through another group', () => {
    const rules = [
      rule([group('sre')], [DB], ['tcp/80']),
      rule([group('sec'), group('dev')], [DB], ['tcp/22', 'udp/53']),
      rule([group('ops')], [DB], ['tcp/443']),
    ];
    const mixed = { sre: ['grace@example.com', 'linus@example.com'], dev: ['ada@example.com', 'grace@example.com'] };
    expect(told(policyTests(rules, { ...mixed, ops: ['ada@example.com'] }, []))).toEqual([
      'group:dev tcp +db:22',
      'group:dev udp +db:53',
      'group:ops tcp +db:443 -db:80',
      'group:sec tcp +db:22 -db:80 -db:443',
      'group:sec udp +db:53',
      'group:sre tcp +db:80 -db:443',
    ]);
  });

  test('is tested protocol by protocol in their order, also where the first is said later', () => {
    const rules = [
      rule([group('sre')], [DB], ['udp/53']),
      rule([group('dev')], [DB], ['tcp/22']),
      rule([group('sre')], [WEB], ['tcp/80']),
    ];
    const one = { sre: ['ada@example.com'], dev: ['ada@example.com'] };
    expect(told(policyTests(rules, one, [])).filter((line) => line.startsWith('group:sre'))).toEqual([
      'group:sre tcp +web:80 +web-v6:80 -web:22 -web-v6:22',
      'group:sre udp +db:53',
    ]);
  });

  test('is tested against every host that it reaches, and against the first eight that it does not', () => {
    const [own, foreign] = [numbered('a', 9), numbered('b', 9)];
    const rules = [rule([group('dev')], [...foreign, ...own], ['tcp/80']), rule([group('sre')], own, ['tcp/22'])];
    const [, sre] = policyTests(rules, people, []);
    expect(sre?.accept).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `a-${n}:22`));
    expect(sre?.deny.filter((target) => target.startsWith('b'))).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => [`b-${n}:22`, `b-${n}:80`]),
    );
  });

  test('has no test where nothing is a LAN host: a tag stands for nobody yet', () => {
    expect(policyTests([rule([group('sre')], [node('db'), role('db'), site('fra')], ['tcp/22'])], people, [])).toEqual(
      [],
    );
  });

  test('that is nobody’s passes where it is given', () => {
    expect(told(policyTests([rule([group('sre')], [DB], ['tcp/80'])], {}, []))).toEqual([
      'group:sre tcp +db:80 -db:22',
    ]);
  });
});

describe('a LAN host', () => {
  test('is tested by each of its addresses, against those of the same family, and never against itself', () => {
    const rules = [rule([NAS], [WEB, DB], ['tcp/80']), rule([group('sre')], [NAS], ['tcp/22'])];
    expect(told(policyTests(rules, { sre: ['a@example.com'] }, [NAS])).slice(1)).toEqual([
      'nas tcp +db:80 +web:80 -db:22 -web:22',
      'nas-v6 tcp +web-v6:80 -web-v6:22',
    ]);
  });

  test('gets what its name and what its whole LAN is given, not what another source is', () => {
    const rules = [
      rule([role('app'), lan('fra', '10.0.0.0/24')], [WEB], ['tcp/80']),
      rule([NAS, role('app')], [WEB], ['tcp/81']),
      rule([site('fra'), group('nas'), onLan('other', 'fra')], [WEB], ['tcp/443']),
      rule([lan('sin', '10.1.0.0/24')], [WEB], ['tcp/444']),
    ];
    expect(told(policyTests(rules, {}, [NAS])).filter((line) => line.startsWith('nas '))).toEqual([
      'nas tcp +web:80 +web:81 -web:22 -web:443 -web:444',
    ]);
  });

  test('is tested where a rule names it, where it is the first of a LAN that one names, and where one leads to it', () => {
    const [open, shut] = [
      ['b', 'z'],
      ['nas', 'a', 'c'],
    ];
    const hosts = [...open.map((name) => onLan(name, 'open')), ...shut.map((name) => onLan(name, 'shut'))];
    const names = (...rules: Parameters<typeof testedLanHosts>[0]): string[] =>
      testedLanHosts(rules, hosts).map(({ name }) => name);
    expect(names(rule([lan('open', '10.0.0.0/24')], [node('x')], []))).toEqual(['b']);
    expect(names(rule([onLan('z', 'open'), onLan('c', 'shut')], [node('x')], []))).toEqual(['c', 'z']);
    expect(names(rule([site('shut'), group('nas'), role('nas')], [onLan('a', 'shut'), node('nas')], []))).toEqual([
      'a',
    ]);
    expect(names(rule([lan('open', '10.0.0.0/24'), onLan('b', 'open')], [onLan('z', 'open')], []))).toEqual(['b', 'z']);
    expect(names()).toEqual([]);
  });

  test('that nothing is given is one of eight that stand for the rest', () => {
    const served = numbered('s', 9);
    const rules = [rule([group('sre'), onLan('s-9', 'fra')], served, ['tcp/80'])];
    expect(testedLanHosts(rules, served).map(({ name }) => name)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `s-${n}`),
    );
    const more = numbered('t', 9);
    expect(testedLanHosts([rule([group('sre')], more, ['tcp/80'])], more).map(({ name }) => name)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `t-${n}`),
    );
  });
});

test('ports are sorted by protocol, then by number, each once', () => {
  expect(singlePorts(['udp/53', 'tcp/443', 'tcp/80', 'udp/443', 'tcp/8080', 'tcp/443'])).toEqual([
    'tcp/80',
    'tcp/443',
    'tcp/8080',
    'udp/53',
    'udp/443',
  ]);
});

test('tests of one source and protocol are one test, others stand behind', () => {
  const of = (src: string, proto: string, accept: string[], deny: string[]): PolicyTest => ({
    src,
    proto,
    accept,
    deny,
  });
  const tests = [of('a', 'tcp', ['x:1'], ['z:9', 'y:2']), of('a', 'udp', [], ['x:1'])];
  const denies = [of('a', 'tcp', [], ['y:2', 'x:3']), of('b', 'tcp', [], ['x:4']), of('b', 'tcp', [], ['x:5'])];
  expect(joinDenies(tests, denies)).toEqual([
    of('a', 'tcp', ['x:1'], ['x:3', 'y:2', 'z:9']),
    of('a', 'udp', [], ['x:1']),
    of('b', 'tcp', [], ['x:4', 'x:5']),
  ]);
  expect(tests[0]?.deny).toEqual(['z:9', 'y:2']);
});
