import { describe, expect, test } from 'vitest';
import { readPolicy, type PolicyReading } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import type { Condition, Rule } from '../../../../../mesh/overlays/tailscale/policy/types.ts';
import { faults } from './faults.ts';
import { text } from './fixtures.ts';

const read = (sections: Record<string, unknown>): PolicyReading => readPolicy(text(sections));
const wrong = (sections: Record<string, unknown>): string[] => faults(text(sections));
/** Of a rule: what it is for, as written and as access ports, and what it asks for besides. */
const short = ({ path, src, dst, ip, ports, conditions }: Rule) => ({
  path,
  src: src.map((one) => one.text),
  dst: dst.map((one) => one.text),
  ip,
  ports,
  conditions: conditions.map((one) => one.text),
});
const rules = (sections: Record<string, unknown>) => read(sections).policy.rules?.map(short);
const grant = (more: Record<string, unknown>) => ({ grants: [{ src: ['tag:app'], dst: ['tag:db'], ip: ['443'], ...more }] }); // prettier-ignore
const acl = (more: Record<string, unknown>) => ({ acls: [{ action: 'accept', src: ['tag:app'], dst: ['tag:db:443'], ...more }] }); // prettier-ignore
const PROTOCOL = 'no protocol is called tpc: write tcp, udp, icmp, sctp, gre … or its number';

describe('grants', () => {
  test('are rules with their place, their comment and their ports', () => {
    const of = `{"tagOwners": {"tag:app": [], "tag:db": []}, "grants": [\n\n// why\n{"src": ["tag:app"], "dst": ["tag:db"], "ip": ["tcp:22", "53", "*:80-81", "gre:*"]}]}`;
    expect(readPolicy(of)).toEqual({
      policy: expect.objectContaining({
        rules: [
          {
            path: 'grants[0]',
            line: 4,
            why: 'why',
            src: [{ kind: 'tag', tag: 'tag:app', text: 'tag:app' }],
            dst: [{ kind: 'tag', tag: 'tag:db', text: 'tag:db' }],
            ip: ['tcp:22', '53', '*:80-81', 'gre:*'],
            ports: ['tcp/22', 'tcp/53', 'udp/53', 'icmp/*', 'tcp/80-81', 'udp/80-81', 'icmp/*', 'gre/*'],
            conditions: [],
          },
        ],
      }) as unknown,
      unjudged: [],
    });
  });

  test('for applications only are no rules of the network', () => {
    const app = { 'example.com/cap/x': [{}] };
    const { policy, unjudged } = read({ grants: [{ src: ['tag:app'], dst: ['tag:db'], app }] });
    expect(policy.rules).toEqual([]);
    const why = 'capabilities of an application: what they permit is for the application to say';
    expect(unjudged).toEqual([{ path: 'grants[0].app', why }]);
    const both = read(grant({ app }));
    expect(both.policy.rules?.map(short)).toEqual(rules(grant({})));
    expect(both.unjudged).toEqual([{ path: 'grants[0].app', why }]);
  });

  test.each([
    [{ src: null }, '@1: has no src: say who may reach it'],
    [{ dst: null }, '@1: has no dst: say what may be reached'],
    [{ ip: null }, '@1: has neither ip nor app, so it permits nothing: add "ip": ["tcp:443"]'],
    [{ ip: [] }, '@1: has neither ip nor app, so it permits nothing: add "ip": ["tcp:443"]'],
    [{ ip: ['tpc:443'] }, `.ip[0]@1: ${PROTOCOL}`],
    [{ ip: ['443', 'tcp:x'] }, '.ip[1]@1: "x" is no port: write 443, 8000-8080, 22,443 or *'],
    [{ ip: ['x'] }, '.ip[0]@1: "x" is no port: write 443, 8000-8080, 22,443 or *'],
    [{ src: ['tag:apps'] }, '.src[0]@1: tag:apps has no owner: no entry of tagOwners is for it; did you mean tag:app?'],
    [{ dst: ['*', 'autogroup:danger-all'] }, '.dst[1]@1: autogroup:danger-all can be a source only'],
    [{ via: ['group:dev'] }, '.via[0]@1: "group:dev": via takes tags of routers only'],
    [{ via: ['tag:routre'] }, '.via[0]@1: tag:routre has no owner: no entry of tagOwners is for it; did you mean tag:router?'],
    [{ srcPosture: ['posture:x'] }, '.srcPosture[0]@1: no posture is called posture:x: add it to postures'],
    [{ srcPosture: ['posture:a b'] }, '.srcPosture[0]@1: no posture is called posture:a b: add it to postures'],
    [{ srcPosture: ['latest'] }, '.srcPosture[0]@1: no posture is called latest: add it to postures'],
    [{ dst: ['autogroup:self'] }, '@1: leads to autogroup:self from tag:app, which has no devices of its own: only people and groups of them can'],
    [{ src: ['group:dev', '*'], dst: ['tag:db', 'autogroup:self'] }, '@1: leads to autogroup:self from *, which has no devices of its own: only people and groups of them can'],
  ])('%j: %s', (more, told) => {
    expect(wrong(grant(more))).toEqual([`grants[0]${told}`]);
  }); // prettier-ignore

  test('from people may lead to their own devices, or to all of anybody', () => {
    expect(wrong(grant({ src: ['group:dev', 'ada@example.com'], dst: ['autogroup:self'] }))).toEqual([]);
    expect(wrong(grant({ dst: ['autogroup:member'] }))).toEqual([]);
  });
});

describe('acls', () => {
  test('are one rule for each set of ports', () => {
    const dst = ['tag:db:443', 'nas-1:22,80', '[fd00:77::20]:443', 'tag:app:*', 'fd00:77::21:443'];
    const rule = { path: 'acls[0]', src: ['tag:app'], conditions: [] };
    expect(rules(acl({ dst }))).toEqual([
      { ...rule, dst: ['tag:db', 'fd00:77::20', 'fd00:77::21'], ip: ['443'], ports: ['tcp/443', 'udp/443', 'icmp/*'] },
      { ...rule, dst: ['nas-1'], ip: ['22,80'], ports: ['tcp/22', 'tcp/80', 'udp/22', 'udp/80', 'icmp/*'] },
      { ...rule, dst: ['tag:app'], ip: ['*'], ports: ['tcp/*', 'udp/*', 'icmp/*'] },
    ]);
    expect(rules(acl({ proto: '6' }))).toEqual([{ ...rule, dst: ['tag:db'], ip: ['tcp:443'], ports: ['tcp/443'] }]);
    expect(rules(acl({ proto: 17 }))).toEqual([{ ...rule, dst: ['tag:db'], ip: ['udp:443'], ports: ['udp/443'] }]);
    expect(rules(acl({ proto: '' }))).toEqual(rules(acl({})));
    expect(rules(acl({ action: 'Accept' }))).toEqual(rules(acl({})));
  });

  test('have their line and their comment', () => {
    const of = `{"tagOwners": {"tag:db": []}, "acls": [\n// why\n{"action": "accept", "users": ["*"], "ports": ["tag:db:1", "tag:db:2"]}]}`;
    expect(readPolicy(of).policy.rules?.map(({ path, line, why }) => [path, line, why])).toEqual([
      ['acls[0]', 3, 'why'],
      ['acls[0]', 3, 'why'],
    ]);
  });

  test.each([
    [{ action: null }, '@1: has no action: write "accept", the only one (what no rule accepts is denied)'],
    [{ action: 'deny' }, '.action@1: no action is called deny: write "accept", the only one (what no rule accepts is denied)'],
    [{ src: null }, '@1: has no src: say who may reach it'],
    [{ dst: null }, '@1: has no dst: say what may be reached, as "HOST:PORT"'],
    [{ proto: 'tpc' }, `.proto@1: ${PROTOCOL}`],
    [{ dst: ['tag:db'] }, '.dst[0]@1: "tag:db" has no port: write tag:db:443, or tag:db:* for all'],
    [{ dst: ['nas-1'] }, '.dst[0]@1: "nas-1" has no port: write nas-1:443, or nas-1:* for all'],
    [{ dst: ['naz-1:1'] }, '.dst[0]@1: "naz-1" is no alias of hosts, no address, no group, no tag and no login; did you mean nas-1?'],
    [{ dst: ['tag:db:x'] }, '.dst[0]@1: "x" is no port: write 443, 8000-8080, 22,443 or *'],
    [{ proto: 'icmp' }, '.dst[0]@1: icmp has no ports: write "icmp:*"'],
    [{ src: ['group:dev', 'tag:app'], dst: ['tag:db:1', 'autogroup:self:2'] }, '@1: leads to autogroup:self from tag:app, which has no devices of its own: only people and groups of them can'],
  ])('%j: %s', (more, told) => {
    expect(wrong(acl(more))).toEqual([`acls[0]${told}`]);
  }); // prettier-ignore

  test.each(['group:dev', 'autogroup:member', 'ipset:a', 'svc:web', 'host:nas-1', 'user:ada'])('%s is a name without a port', (name) => { expect(wrong(acl({ dst: [name] }))).toEqual([`acls[0].dst[0]@1: "${name}" has no port: write ${name}:443, or ${name}:* for all`]); }); // prettier-ignore

  test('and grants stand together', () => {
    expect(rules({ ...grant({}), ...acl({}) })?.map(({ path }) => path)).toEqual(['acls[0]', 'grants[0]']);
    expect(rules({ acls: [] })).toEqual([]);
    expect(rules({})).toBeUndefined();
  });
});

describe('what a rule asks for besides', () => {
  const postures = { 'posture:a': ["node:os == 'linux'", 'x == 1'], 'posture:b': ['y == 1'] };
  const asked = (more: Record<string, unknown>, around: Record<string, unknown> = {}): Condition[] | undefined =>
    [read({ postures, ...around, ...grant(more) }).policy.rules?.[0]?.conditions ?? []].flat();
  const POSTURE_A = { text: 'only devices with posture:a', key: "posture posture:a = node:os == 'linux' and x == 1" };

  test('postures, whatever their order, and what they assert', () => {
    expect(asked({ srcPosture: ['posture:a'] })).toEqual([POSTURE_A]);
    const both = [{ text: 'only devices with posture:a or posture:b', key: "posture posture:a = node:os == 'linux' and x == 1 or posture:b = y == 1" }]; // prettier-ignore
    expect(asked({ srcPosture: ['posture:b', 'posture:a'] })).toEqual(both);
    expect(asked({ srcPosture: ['posture:a', 'posture:b'] })).toEqual(both);
    expect(asked({ srcPosture: ['z == 1'] })).toEqual([{ text: 'only devices with z == 1', key: 'posture z == 1 = z == 1' }]); // prettier-ignore
  });

  test('the default posture where it names none', () => {
    expect(asked({}, { defaultSrcPosture: ['posture:a'] })).toEqual([POSTURE_A]);
    expect(asked({ srcPosture: ['posture:a'] }, { defaultSrcPosture: ['posture:b'] })).toEqual([POSTURE_A]);
    expect(read({ postures, defaultSrcPosture: ['posture:a'], ...acl({}) }).policy.rules?.[0]?.conditions).toEqual([POSTURE_A]); // prettier-ignore
    expect(asked({})).toEqual([]);
    const own = { postures, defaultSrcPosture: ['posture:b'], ...acl({ srcPosture: ['posture:a'] }) };
    expect(read(own).policy.rules?.[0]?.conditions).toEqual([POSTURE_A]);
  });

  test('routers that it leads through', () => {
    const via = [{ text: 'only through tag:app, tag:router', key: 'via tag:app, tag:router' }];
    expect(asked({ via: ['tag:router', 'tag:app'] })).toEqual(via);
    expect(asked({ via: ['tag:app', 'tag:router'] })).toEqual(via);
    expect(asked({ via: [] })).toEqual([]);
    expect(asked({ via: ['tag:app', 'tag:router'], srcPosture: ['posture:a'], quota: 7 })).toEqual([
      POSTURE_A,
      { text: 'as far as "quota" lets it', key: 'quota ["number",7,null]' },
      ...via,
    ]);
  });

  test('fields that nobody knows, each value another condition', () => {
    const values = [7, 8, '7', true, {}, [], [7], [8], { a: 7 }, { a: 8 }, { b: 7 }];
    const keys = values.map((quota) =>
      asked({ quota })
        ?.map(({ key }) => key)
        .join(),
    );
    expect(new Set(keys).size).toBe(values.length);
    expect(asked({ quota: [7] })).toEqual(asked({ quota: [7] }));
  });

  test('is told as not judged, with the place', () => {
    expect(
      read({ postures, ...grant({ srcPosture: ['posture:a'], via: ['tag:router', 'tag:app'], quota: 7 }) }).unjudged,
    ).toEqual([
      { path: 'grants[0].quota', why: 'nothing here knows this field: the rule may permit less than it seems to' },
      { path: 'grants[0].srcPosture', why: 'whether a device has the posture is decided when it connects' },
      { path: 'grants[0].via', why: 'whether a route leads through tag:router, tag:app is decided when it is used' },
    ]);
  });
});
