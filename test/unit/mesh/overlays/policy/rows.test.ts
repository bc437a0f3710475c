import { describe, expect, test } from 'vitest';
import { evaluator, readPolicy, type Policy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { asking, granted, policy, text, world } from './fixtures.ts';
import { rows } from './told.ts';

const acl = (src: string[], ...dst: string[]) => ({ action: 'accept', src, dst });
const posture = { 'posture:a': ['x'] };

describe('rows of the matrix', () => {
  test('a host is not told to reach itself, people and whoever has a tag are', () => {
    expect(rows(granted({ src: ['tag:db'], dst: ['tag:db'], ip: ['tcp:1'] }))).toEqual([]);
    expect(rows(granted({ src: ['tag:app'], dst: ['tag:app'], ip: ['tcp:1'] }))).toEqual(['app-1 app-2 → app-1 app-2: tcp/1']); // prettier-ignore
    expect(rows(granted({ src: ['tag:db', 'tag:router'], dst: ['tag:db'], ip: ['tcp:1'] }))).toEqual(['db-1 edge-1 → db-1: tcp/1']); // prettier-ignore
    expect(rows(granted({ src: ['tag:db'], dst: ['tag:db', 'tag:router'], ip: ['tcp:1'] }))).toEqual(['db-1 → db-1 edge-1: tcp/1']); // prettier-ignore
    expect(rows(granted({ src: ['linus@example.com'], dst: ['linus@example.com'], ip: ['tcp:1'] }))).toEqual(['linus@example.com → linus@example.com: tcp/1']); // prettier-ignore
    expect(rows(granted({ src: ['tag:new'], dst: ['tag:new'], ip: ['tcp:1'] }))).toEqual(['tag:new (no node yet) → tag:new (no node yet): tcp/1']); // prettier-ignore
  });

  test('own devices are for people only, also where a rule is for everybody', () => {
    const everybody = policy({ acls: [acl(['*'], 'autogroup:self:22', 'tag:db:22')] });
    const own = rows(everybody).filter((row) => row.includes('own'));
    expect(own).toEqual(['ada@example.com grace@other.org linus@example.com laptop anybody else of the tailnet → own: tcp/22 udp/22']); // prettier-ignore
    const one = granted({ src: ['linus@example.com'], dst: ['autogroup:self'], ip: ['tcp:1'] });
    expect(rows(one)).toEqual(['linus@example.com → own: tcp/1']);
  });

  test('a family is told where the ends could speak in both', () => {
    const six = [{ name: 'six', site: 'eu-fra', addresses: ['fd00:77::6'] }, ...world().lanHosts];
    const of = (src: string[], dst: string[], ip: string[], lanHosts = six) => rows(granted({ src, dst, ip }), world({ lanHosts })); // prettier-ignore
    expect(of(['tag:app'], ['fd00:77::6'], ['tcp:1'])).toEqual(['app-1 app-2 → six: tcp/1']);
    expect(of(['10.77.10.30'], ['tag:app'], ['tcp:1'])).toEqual(['printer → app-1 app-2: tcp/1']);
    expect(of(['nas-1'], ['tag:app'], ['tcp:1'])).toEqual(['nas-1 → app-1 app-2: tcp/1 v4']);
    expect(of(['nas-1-v6'], ['tag:app'], ['tcp:1'])).toEqual(['nas-1 → app-1 app-2: tcp/1 v6']);
    expect(of(['tag:app'], ['nas-1'], ['icmp:*'])).toEqual(['app-1 app-2 → nas-1: icmp/* v4']);
    // Of several hosts it is enough that one could.
    expect(of(['tag:app'], ['nas-1', '10.77.10.30'], ['tcp:1'])).toEqual(['app-1 app-2 → nas-1 printer: tcp/1 v4']);
    const two = granted({ src: ['tag:app'], dst: ['nas-1'], ip: ['tcp:1'] }, { src: ['tag:app'], dst: ['nas-1-v6'], ip: ['tcp:2'] }); // prettier-ignore
    expect(rows(two)).toEqual(['app-1 app-2 → nas-1: tcp/1 v4', 'app-1 app-2 → nas-1: tcp/2 v6']);
  });

  test('rules of both families, whichever of them gives something', () => {
    const rules = (of: Policy) => evaluator(of, world()).matrix().map((row) => row.rules.map(({ path, dst, ports }) => [path, dst, ports])); // prettier-ignore
    const four = { src: ['tag:app'], dst: ['nas-1'], ip: ['tcp:1'] };
    const six = { ...four, dst: ['nas-1-v6'] };
    expect(rules(granted(four, six))).toEqual([[['grants[0]', ['nas-1'], ['tcp/1']], ['grants[1]', ['nas-1-v6'], ['tcp/1']]]]); // prettier-ignore
    expect(rules(granted(six, four))).toEqual([[['grants[1]', ['nas-1'], ['tcp/1']], ['grants[0]', ['nas-1-v6'], ['tcp/1']]]]); // prettier-ignore
    const printer = { src: ['tag:app'], dst: ['10.77.10.30'], ip: ['tcp:1'] };
    expect(rules(granted(printer))).toEqual([[['grants[0]', ['10.77.10.30'], ['tcp/1']]]]);
    // Only a ping: then rules that let it through are told.
    expect(rules(granted({ ...four, ip: ['icmp:*'] }))).toEqual([[['grants[0]', ['nas-1'], ['icmp/*']]]]);
    expect(rules(granted(four, { ...four, ip: ['icmp:*'] }))).toEqual([[['grants[0]', ['nas-1'], ['tcp/1']]]]);
  });

  test('an entry of acls is one rule, with the targets and the ports of all that it gives', () => {
    const of = policy({ acls: [{ ...acl(['tag:app'], 'tag:db:22', 'tag:db:80', '100.64.0.3:80'), proto: 'tcp' }] });
    const [row] = evaluator(of, world()).matrix();
    expect(row).toMatchObject({ ports: ['tcp/22', 'tcp/80'], rules: [{ path: 'acls[0]', why: '', src: ['tag:app'], dst: ['tag:db', 'tag:db', '100.64.0.3'], ports: ['tcp/22', 'tcp/80'] }] }); // prettier-ignore
  });
});

describe('what depends on addresses that nobody knows yet', () => {
  const NOT_YET = 'if its address is one that the rule names';
  const half = '100.64.0.0/11';

  test('of the source, of the target, of both', () => {
    expect(rows(granted({ src: [half], dst: ['tag:router'], ip: ['tcp:1'] }))).toEqual([
      `ada@example.com grace@other.org linus@example.com app-1 anybody else of the tailnet any other tagged node → edge-1: tcp/1 v4 if ${NOT_YET}`,
      'app-2 db-1 edge-1 laptop 100.64.0.0/11 → edge-1: tcp/1 v4',
    ]);
    expect(rows(granted({ src: ['tag:router'], dst: [half], ip: ['tcp:1'] })).slice(0, 1)).toEqual([
      `edge-1 → ada@example.com grace@other.org linus@example.com app-1 anybody else of the tailnet any other tagged node: tcp/1 v4 if ${NOT_YET}`,
    ]);
    expect(rows(granted({ src: [half], dst: [half], ip: ['tcp:1'] }))[0]).toContain(NOT_YET);
  });

  test('whoever is named otherwise, too, is certain', () => {
    const of = (...src: string[]) => rows(granted({ src, dst: ['tag:router'], ip: ['tcp:1'] })).filter((row) => row.includes('app-1')); // prettier-ignore
    expect(of(half, 'tag:app')).toEqual(['app-1 app-2 → edge-1: tcp/1']);
    expect(of('tag:app', half)).toEqual(['app-1 app-2 → edge-1: tcp/1']);
    expect(asking(granted({ src: [half, 'tag:app'], dst: ['tag:router'], ip: ['tcp:1'] }))('app-1', 'edge-1', 'tcp/1').conditional).toBeUndefined(); // prettier-ignore
  });
});

describe('logins', () => {
  test('what answers no Tailscale SSH is still reached by other rules', () => {
    const rule = { action: 'accept', src: ['group:sre'], dst: ['tag:app'], users: ['ops'] };
    const grants = [{ src: ['group:sre', 'tag:app'], dst: ['tag:app', 'tag:db'], ip: ['tcp:22'] }];
    const silent = world({ nodes: world().nodes.map((node) => ({ ...node, ssh: false })) });
    expect(rows(policy({ grants, ssh: [rule] }), silent)).toEqual([
      'grace@other.org → app-1 app-2 db-1: tcp/22',
      'app-1 app-2 → app-1 app-2 db-1: tcp/22',
    ]);
    // From there logins lead elsewhere.
    const from = { ...rule, src: ['tag:app'], dst: ['tag:db'] };
    const around = world({ nodes: world().nodes.map((node) => ({ ...node, ssh: node.name === 'db-1' })) });
    expect(rows(policy({ grants: [], ssh: [from] }), around)).toEqual(['app-1 app-2 → db-1: ssh as ops without a check']); // prettier-ignore
  });

  test('conditions of theirs', () => {
    const ssh = [{ action: 'check', src: ['group:sre'], dst: ['tag:db'], users: ['ops'], srcPosture: ['posture:a'] }];
    expect(rows(policy({ postures: posture, grants: [], ssh }))).toEqual([
      'grace@other.org → db-1: ssh as ops if only devices with posture:a',
    ]);
  });
});

test('rules for nobody give nothing', () => {
  const groups = { 'group:dev': [], 'group:sre': [] };
  const grants = [{ src: ['group:dev'], dst: ['tag:db'], ip: ['tcp:1'] }];
  expect(rows(readPolicy(text({ groups, grants }), { emptyGroups: 'taken' }).policy)).toEqual([]);
});
