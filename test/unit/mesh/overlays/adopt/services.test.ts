import { describe, expect, test } from 'vitest';
import { reason, serviceName } from '../../../../../mesh/overlays/tailscale/adopt/names.ts';
import { grant, intoWide, policy } from './fixtures.ts';

type Grant = ReturnType<typeof grant>;
const into = (grants: Grant[], more: object = {}, sections: object = {}) =>
  intoWide(policy({ grants, hosts: { nas: '10.77.40.20' }, ...sections }), more);

describe('where a service runs', () => {
  test.each([
    ['a host by its alias', 'nas', ['gra-nas-01']],
    ['a host by its address', '10.77.40.20', ['gra-nas-01']],
    ['a host by its address in IPv6', 'fd12:3456:789a:40::20', ['gra-nas-01']],
    ['a host by its tag', 'tag:host-sin-app-01', ['sin-app-01']],
    ['a tag as a role', 'tag:db', ['role:db']],
    ['several, in order and each once', ['tag:db', 'nas', '10.77.40.20'], ['gra-nas-01', 'role:db']],
  ])('%s', (_, dst, on) => {
    const { services, leftovers } = into([grant('group:sre', dst)]);
    expect([Object.values(services), leftovers]).toEqual([[{ on, ports: ['tcp/443'] }], []]);
  });

  const NO_ROLE =
    'no role can have this name: it is not in lower case, or too long, or has a form that the mesh gives itself';
  const NO_NETWORK = 'services run on hosts, not on whole networks';
  test.each([
    ['tag:router-eu-gra', NO_ROLE],
    ['tag:host-gone', NO_ROLE],
    ['10.77.40.99', 'no host of this stack has this address (10.77.40.99)'],
    ['10.77.40.20-10.77.40.21', NO_NETWORK],
    ['ipset:two', NO_NETWORK],
    ['ipset:none', NO_NETWORK],
    ['svc:web', 'Tailscale services are not made here'],
  ])('is not %s', (dst, why) => {
    const ipsets = { 'ipset:two': ['10.77.40.20', '10.77.40.99'], 'ipset:none': [] };
    const { access, services, leftovers } = into([grant('group:sre', dst)], {}, { ipsets });
    expect([access, services]).toEqual([[], {}]);
    expect(leftovers).toEqual([
      { path: 'grants[0].dst[0]', line: 1, what: dst, why, todo: expect.stringMatching(/./) as string },
    ]);
  });
});

describe('ports', () => {
  const ports = (...ip: string[]) => into([grant('group:sre', 'nas', ...ip)]);
  const left = (what: string, why: string) => [
    { path: 'grants[0]', line: 1, what, why, todo: expect.any(String) as string },
  ];
  const OTHERS = 'services have tcp and udp ports, from 1 to 65535';

  test('are listed by protocol, then number, each once', () => {
    const { services, leftovers } = ports('udp:53', 'tcp:5432,443', 'tcp:443', 'tcp:8000-8010', 'icmp:*');
    expect(Object.values(services).map((one) => one.ports)).toEqual([
      ['tcp/443', 'tcp/5432', 'tcp/8000-8010', 'udp/53'],
    ]);
    expect(leftovers).toEqual([]);
  });

  test.each([
    ['one other protocol', ['tcp:443', 'sctp:9'], 'sctp/9'],
    ['two others', ['tcp:443', 'sctp:9', 'gre:*'], 'sctp/9, gre/*'],
    ['port 0, which no stack file takes', ['tcp:443', 'tcp:0-80'], 'tcp/0-80'],
  ])('of %s are left out and told', (_, ip, what) => {
    const { services, leftovers } = ports(...ip);
    expect(Object.values(services).map((one) => one.ports)).toEqual([['tcp/443']]);
    expect(leftovers).toEqual(left(what, OTHERS));
  });

  test.each([
    ['all of them', ['*'], '*', 'all ports of a host are no service'],
    ['all of tcp', ['tcp:*', 'udp:53'], 'tcp:*, udp:53', 'all ports of a host are no service'],
    ['a ping', ['icmp:*'], 'icmp', 'a ping is answered wherever some port is open, and alone it is no service'],
    ['another protocol alone', ['gre:*'], 'gre/*', OTHERS],
  ])('are no service: %s', (_, ip, what, why) => {
    const { access, services, leftovers } = ports(...ip);
    expect([access, services, leftovers]).toEqual([[], {}, left(what, why)]);
  });

  test('are not told of a rule that lets nobody in, or leads nowhere', () => {
    const nobody = into([grant('*', 'nas', 'tcp:*'), grant('group:sre', '*', 'tcp:*')]);
    expect(nobody.leftovers.map(({ path }) => path)).toEqual(['grants[0].src[0]', 'grants[1].dst[0]']);
  });

  test.each([
    ['in both protocols', [['tcp:53', 'udp:53']], true],
    ['in both, of one service among several', [['tcp:443'], ['tcp:53', 'udp:53']], true],
    ['in one each', [['tcp:443', 'udp:53']], false],
    ['of udp alone', [['udp:53']], false],
    ['of tcp alone', [['tcp:53']], false],
  ])('%s: somebody is asked for which they are', (_, rules, told) => {
    const { covered } = into(rules.map((ip) => grant('group:sre', 'nas', ...ip)));
    const hint = 'ports without a protocol mean tcp and udp, so both are adopted: take away the one that nobody uses';
    expect(covered).toEqual(told ? [hint] : []);
  });
});

describe('a service', () => {
  const of = (on: string[], ports: string[]) => ({ on, ports });

  test('is made once for the same ports on the same hosts', () => {
    const grants = [
      grant('group:sre', ['nas', 'tag:db'], 'tcp:80,443'),
      grant('tag:app', ['tag:db', 'nas'], 'tcp:443', 'tcp:80'),
    ];
    const { services, access } = into(grants);
    expect(services).toEqual({ http: of(['gra-nas-01', 'role:db'], ['tcp/80', 'tcp/443']) });
    expect(access.map(({ from, to }) => [from, to])).toEqual([
      [['group:sre'], 'http'],
      [['role:app'], 'http'],
    ]);
  });

  test('of the stack is reused, in whatever order it lists hosts and ports', () => {
    const services = { files: of(['role:db', 'gra-nas-01'], ['tcp/443', 'tcp/80']) };
    const grants = [grant('group:sre', ['nas', 'tag:db'], 'tcp:80,443')];
    const { services: made, access } = into(grants, { services });
    expect([made, access.map(({ to }) => to)]).toEqual([{}, ['files']]);
  });

  test.each([
    ['hosts', of(['sin-app-01'], ['tcp/443'])],
    ['ports', of(['gra-nas-01'], ['tcp/443', 'tcp/80'])],
  ])('is another one with other %s, and takes a name that is free', (_, other) => {
    const { services, access } = into([grant('group:sre', 'nas')], { services: { 'gra-nas-01-https': other } });
    expect(services).toEqual({ 'gra-nas-01-https-2': of(['gra-nas-01'], ['tcp/443']) });
    expect(access.map(({ to }) => to)).toEqual(['gra-nas-01-https-2']);
  });
});

describe('an intent', () => {
  const services = {
    files: { on: ['gra-nas-01'], ports: ['tcp/443'] },
    web: { on: ['sin-app-01'], ports: ['tcp/443'] },
  };
  const groups = { sre: ['grace@example.com'], audit: ['lin@example.com'] };
  const held = (more: object) => ({ from: ['group:audit', 'group:sre'], to: 'files', why: 'held', ...more });
  const grants = [grant(['group:sre', 'group:audit'], 'nas')];
  const beside = (access: object) =>
    into(grants, { services, groups, access: [access] }, { groups: { 'group:audit': groups.audit } });
  const adopted = [{ from: ['group:audit', 'group:sre'], to: 'files', why: 'adopted from grants[0]' }];

  test.each([
    ['that the stack has is not said again', held({}), []],
    ['that it has for more is not said again', held({ from: ['role:app', 'group:audit', 'group:sre'] }), []],
    ['that it has for some of them is said', held({ from: ['group:sre'] }), adopted],
    ['that it has for a time is said, for the rule has no end', held({ until: '2099-12-31' }), adopted],
    ['that it has for another service is said', held({ to: 'web' }), adopted],
    [
      'that it has for logins is said',
      { from: ['group:sre'], ssh: { on: ['sin-app-01'], users: ['ops'] }, why: 'held' },
      adopted,
    ],
  ])('%s', (_, has, said) => {
    expect(beside(has).access).toEqual(said);
  });

  test('that two rules make is said once', () => {
    const { access } = into([grant('group:sre', 'nas'), grant('group:sre', 'nas')]);
    expect(access).toEqual([{ from: ['group:sre'], to: 'gra-nas-01-https', why: 'adopted from grants[0]' }]);
  });
});

test.each([
  ['its one place and what listens there', ['role:db'], ['tcp/5432'], [], 'db-postgres'],
  ['the port where nobody knows what listens', ['fra-db-01'], ['tcp/8443'], [], 'fra-db-01-tcp-8443'],
  ['the last of a range', ['fra-db-01'], ['udp/8000-8010'], [], 'fra-db-01-udp-8010'],
  ['the ports alone where there are several places', ['fra-db-01', 'role:app'], ['tcp/22'], [], 'ssh'],
  ['27 letters of it', ['role:a-role-of-twenty-letters'], ['tcp/443'], [], 'a-role-of-twenty-letters-ht'],
  [
    'fewer where a hyphen would be last',
    ['role:a-role-of-twenty-six-letters'],
    ['tcp/443'],
    [],
    'a-role-of-twenty-six-letter',
  ],
  ['no hyphen at the end', ['role:a-role-of-twenty-six-letts'], ['tcp/443'], [], 'a-role-of-twenty-six-letts'],
  ['the next number where it is taken', ['role:db'], ['tcp/22'], ['db-ssh', 'db-ssh-2'], 'db-ssh-3'],
])('a service is named by %s', (_, on, ports, taken, name) => {
  expect(serviceName(on, ports, (one) => taken.includes(one))).toBe(name);
});

test.each([
  ['one line', 'the office\n  reads\u200b it ', 'the office reads it'],
  ['200 characters', 'x'.repeat(201), 'x'.repeat(200)],
  ['whole characters', `${'x'.repeat(199)}😀`, 'x'.repeat(199)],
  ['where it came from, if it says nothing', ' \n', 'adopted'],
])('a reason is %s', (_, text, told) => {
  expect(reason(text, 'adopted')).toBe(told);
});
