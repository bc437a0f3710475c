import { describe, expect, test } from 'vitest';
import { resolveAccess } from '../../../../mesh/access/resolve.ts';
import type { ResolvedAccess } from '../../../../mesh/access/types.ts';
import { NOW } from '../../../now.ts';
import { accepted, reversed, validRaw, wideRaw } from '../fixtures.ts';

type Raw = Record<string, unknown>;

const resolved = (raw: Raw): ResolvedAccess => resolveAccess(accepted(raw), NOW);
/** What somebody wrote of it. */
function written(raw: Raw): Pick<ResolvedAccess, 'rules' | 'entries'> {
  const { rules, entries } = resolved(raw);
  return { rules: rules.filter(({ implicit }) => !implicit), entries: entries.filter(({ implicit }) => !implicit) };
}
/** The wide stack with these intents alone. */
const wide = (access: object[], services: object = {}): Raw => {
  const raw = wideRaw();
  return { ...raw, services: { ...raw.services, ...services }, access };
};
const SRE = { from: 'group:sre', people: ['grace@example.com'] };

test('an intent is a rule, and an entry for each host; what the mesh needs itself comes last', () => {
  const raw = validRaw();
  const services = { both: { on: ['role:router', 'fra-db-01'], ports: ['udp/53', 'tcp/5432', 'tcp/443'] } };
  const access = [{ from: ['group:sre'], to: 'both', why: 'on call', until: '2099-12-31' }];
  const shared = { ports: ['tcp/443', 'tcp/5432', 'udp/53'], why: 'on call', implicit: false, until: '2099-12-31' };
  const { rules, entries, notes } = resolved({ ...raw, services, access });
  expect(rules.map(({ sources, targets }) => [sources, targets])).toEqual([
    [
      [{ kind: 'group', name: 'sre' }],
      [
        { kind: 'lan-host', name: 'fra-db-01', address: '10.77.10.10' },
        { kind: 'members-with-role', role: 'router' },
      ],
    ],
    [[{ kind: 'routers-of-site', site: 'eu-fra' }], [{ kind: 'lan', site: 'eu-fra', cidr: '10.77.10.0/24' }]],
  ]);
  expect(rules[0]).toMatchObject(shared);
  expect(entries.slice(0, -1)).toEqual(
    ['fra-db-01', 'fra-edge-01', 'fra-edge-02'].map((to) => ({ ...SRE, to, ...shared })),
  );
  expect(entries.at(-1)).toMatchObject({ from: 'routers of eu-fra', implicit: true });
  expect(notes).toEqual([]);
});

test('an intent for good has no last day', () => {
  const [rule] = written(wide([{ from: ['group:sre'], to: 'api', why: 'on call' }])).rules;
  expect(rule && Object.keys(rule)).toEqual(['sources', 'targets', 'ports', 'why', 'implicit']);
});

test('logins are tcp/22 and who may be whom', () => {
  const ssh = { on: ['sin-app-01', 'nyc-infra-01'], users: ['ops', 'logs'], check: '12h' };
  const shared = {
    ports: ['tcp/22'],
    why: 'by night',
    implicit: false,
    ssh: { users: ['logs', 'ops'], check: '12h' },
  };
  expect(written(wide([{ from: ['group:sre'], ssh, why: 'by night' }]))).toEqual({
    rules: [
      {
        sources: [{ kind: 'group', name: 'sre' }],
        targets: [
          { kind: 'member', name: 'nyc-infra-01' },
          { kind: 'member', name: 'sin-app-01' },
        ],
        ...shared,
      },
    ],
    entries: [
      { ...SRE, to: 'nyc-infra-01', ...shared },
      { ...SRE, to: 'sin-app-01', ...shared },
    ],
  });
});

test('sources that reach the same are one rule, others one of their own, by what they reach', () => {
  const on = ['sin-app-01', 'gra-nas-01'];
  const from = ['site:us-nyc', 'site:eu-gra', 'group:sre'];
  const { rules, entries } = written(wide([{ from, to: 'both', why: 'tried' }], { both: { on, ports: ['tcp/80'] } }));
  const nas = { kind: 'lan-host', name: 'gra-nas-01', address: '10.77.40.20' };
  const app = { kind: 'member', name: 'sin-app-01' };
  expect(rules.map(({ sources, targets }) => [sources, targets])).toEqual([
    [
      [
        { kind: 'group', name: 'sre' },
        { kind: 'members-of-site', site: 'us-nyc' },
      ],
      [nas, app],
    ],
    [
      [
        { kind: 'members-of-site', site: 'eu-gra' },
        { kind: 'lan', site: 'eu-gra', cidr: '10.77.40.0/24' },
      ],
      [app],
    ],
  ]);
  expect(entries.map((entry) => `${entry.from} → ${entry.to}`)).toEqual([
    'group:sre → gra-nas-01',
    'group:sre → sin-app-01',
    'site:eu-gra → sin-app-01',
    'LAN of eu-gra → sin-app-01',
    'site:us-nyc → gra-nas-01',
    'site:us-nyc → sin-app-01',
  ]);
});

test('rules of one intent come by what they lead to, whoever is named first', () => {
  const from = ['site:eu-gra', 'site:us-nyc'];
  const on = ['sin-app-01', 'gra-nas-01'];
  const { rules } = written(wide([{ from, to: 'both', why: 'tried' }], { both: { on, ports: ['tcp/80'] } }));
  expect(rules.map(({ targets }) => targets.map((one) => 'name' in one && one.name))).toEqual([
    ['gra-nas-01', 'sin-app-01'],
    ['sin-app-01'],
  ]);
});

test('a role is granted where any of those who carry it has a path; the others are told', () => {
  const raw = wide([{ from: ['role:router'], to: 'backup', why: 'tried' }]);
  expect(written(raw).entries.map((entry) => `${entry.from} → ${entry.to}`)).toEqual(['role:router → gra-nas-01']);
  expect(resolved(raw).notes).toEqual([
    'role:router → backup: gra-edge-01 and gra-nas-01 stand on the LAN of eu-gra, which the mesh neither carries nor restricts',
  ]);
});

test('a role as a target is the members that carry it, and LAN hosts by their addresses', () => {
  const raw = wide([{ from: ['group:sre'], to: 'data', why: 'on call' }], {
    data: { on: ['role:db'], ports: ['tcp/80'] },
  });
  const site = raw.sites as { 'ap-sin': { hosts: object[] } };
  site['ap-sin'].hosts.push({ name: 'sin-db-01', roles: ['db'] });
  expect(written(raw).rules.map(({ targets }) => targets)).toEqual([
    [
      { kind: 'lan-host', name: 'fra-db-01', address: '10.77.10.10' },
      { kind: 'members-with-role', role: 'db' },
    ],
  ]);
});

test('a part of a source that reaches nothing is told, and is in no rule', () => {
  const raw = wide([{ from: ['site:eu-fra'], to: 'backup', why: 'nightly' }]);
  const { rules } = written(raw);
  expect(rules.map(({ sources, targets }) => [sources, targets])).toEqual([
    [[{ kind: 'members-of-site', site: 'eu-fra' }], [{ kind: 'lan-host', name: 'gra-nas-01', address: '10.77.40.20' }]],
  ]);
  expect(resolved(raw).notes).toEqual([
    expect.stringMatching(/^site:eu-fra → backup: LAN hosts of eu-fra cannot open connections into the mesh: /),
  ]);
});

test('logins that a LAN asks for in vain are told with their hosts in order', () => {
  const ssh = { on: ['sin-app-01', 'nyc-infra-01'], users: ['ops'] };
  expect(resolved(wide([{ from: ['site:eu-gra'], ssh, why: 'tried' }])).notes).toEqual([
    'site:eu-gra → ssh on nyc-infra-01, sin-app-01: not from the LAN of eu-gra, for Tailscale SSH knows members and people alone',
  ]);
});

test('intents come by what they lead to, then by who is let in, then by reason', () => {
  const access = [
    { from: ['group:sre'], to: 'backup', why: 'b' },
    { from: ['group:sre'], to: 'api', why: 'b' },
    { from: ['group:sre'], to: 'api', why: 'a' },
    { from: ['group:platform'], to: 'api', why: 'c' },
  ];
  expect(written(wide(access)).entries.map(({ from, to, why }) => `${from} → ${to} ${why}`)).toEqual([
    'group:platform → sin-app-01 c',
    'group:sre → sin-app-01 a',
    'group:sre → sin-app-01 b',
    'group:sre → gra-nas-01 b',
  ]);
});

describe('the order in which intents are written means nothing, where they differ by', () => {
  const api = { from: ['group:sre'], to: 'api', why: 'tried' };
  const logins = { from: ['group:sre'], ssh: { on: ['sin-app-01', 'nyc-infra-01'], users: ['ops'] }, why: 'tried' };
  const { ssh } = logins;
  test.each([
    ['service', api, { ...api, to: 'backup' }],
    ['source', api, { ...api, from: ['group:platform'] }],
    ['sources of which each has several', { ...api, from: ['site:us-nyc', 'group:platform'] }, api],
    ['reason', api, { ...api, why: 'another' }],
    ['last day', { ...api, until: '2099-12-31' }, { ...api, until: '2098-12-31' }],
    ['hosts of the logins', logins, { ...logins, ssh: { ...ssh, on: ['nyc-infra-01'] } }],
    ['first of several hosts of the logins', logins, { ...logins, ssh: { ...ssh, on: ['role:app'] } }],
    ['login', logins, { ...logins, ssh: { ...ssh, users: ['root'] } }],
    ['check', logins, { ...logins, ssh: { ...ssh, check: '12h' } }],
  ])('%s', (_, one, other) => {
    const forth = resolved(wide([one, other]));
    const rules = forth.rules.filter(({ implicit }) => !implicit);
    expect(rules).toHaveLength(2);
    expect(rules[0]).not.toEqual(rules[1]);
    expect(resolved(wide([other, one]))).toEqual(forth);
    expect(resolved(reversed(wide([one, other])) as Raw)).toEqual(forth);
  });
});

test.each([
  ['(none)', {}],
  ['gone', { to: 'gone' }],
])('an intent that was never checked, to service %s, is no plan with less in it', (name, to) => {
  const config = { ...accepted(validRaw()), access: [{ from: ['group:sre'], why: 'tried', ...to }] };
  expect(() => resolveAccess(config, NOW)).toThrow(
    `access rule names service ${name}, which parseConfig should have refused`,
  );
});
