import { siteOf, type Case, type Loose } from './breakable.ts';

const sshRule = (more: object): Record<string, unknown> => ({
  from: ['group:sre'],
  ssh: { on: ['role:router'], users: ['ops'], ...more },
  why: 'on call',
});
const withSsh =
  (more: object, rule: object = {}) =>
  (raw: Loose) =>
    raw.access.push({ ...sshRule(more), ...rule });

/** Faults of rules that end, give logins or name tools. */
export const ACCESS: Case[] = [
  [
    'a rule that leads nowhere',
    (raw) => raw.access.push({ from: ['group:sre'], why: 'on call' }),
    'access[2].to',
    'is missing',
    'ssh: { on, users }',
  ],
  [
    'a rule that leads to a service and gives logins',
    withSsh({}, { to: 'postgres' }),
    'access[2].ssh',
    'beside to',
    'two rules',
  ],
  [
    'an end that is no day',
    (raw) => Object.assign(raw.access[0] ?? {}, { until: '2026-02-30' }),
    'access[0].until',
    'no day of the calendar',
    'YYYY-MM-DD',
  ],
  [
    'an end that is no date',
    (raw) => Object.assign(raw.access[0] ?? {}, { until: '30.6.2027' }),
    'access[0].until',
    'is not a date',
    '2027-06-30',
  ],
  [
    'an end with a time of day, as Pulumi hands on what YAML takes for one',
    (raw) => Object.assign(raw.access[0] ?? {}, { until: '2026-12-31 10:00:00 +0000 UTC' }),
    'access[0].until',
    'is not a date',
    'YYYY-MM-DD',
  ],
  [
    'a login by Tailscale SSH on a host that is no member',
    withSsh({ on: ['fra-db-01'] }),
    'access[2].ssh.on[0]',
    'is no member',
    'member: true',
  ],
  [
    'a login on a role of which some are no members',
    (raw) => {
      siteOf(raw).hosts.push({ name: 'fra-db-02', lan: '10.77.10.11', roles: ['db'], member: true });
      withSsh({ on: ['role:db'] })(raw);
    },
    'access[2].ssh.on[0]',
    'no members (fra-db-01)',
    'tcp/22',
  ],
  [
    'a login on a host that nobody declared',
    withSsh({ on: ['fra-edge-1'] }),
    'access[2].ssh.on[0]',
    'not the name of a host',
    'did you mean fra-edge-01?',
  ],
  ['a login that is none', withSsh({ users: ['*'] }), 'access[2].ssh.users[0]', 'not a login', 'autogroup:nonroot'],
  ['no login', withSsh({ users: [] }), 'access[2].ssh.users', 'is empty', 'for example [ops]'],
  ['a check that never holds', withSsh({ check: '0m' }), 'access[2].ssh.check', 'below 1m', '12h'],
  ['a check for longer than a week', withSsh({ check: '168h1m' }), 'access[2].ssh.check', 'above 168h', '1m to 168h'],
  ['a check that is no period', withSsh({ check: '12' }), 'access[2].ssh.check', 'not a period', 'always'],
  [
    'a check of what is no person',
    withSsh({ check: '12h' }, { from: ['role:router'] }),
    'access[2].from[0]',
    'only people can be checked',
    'remove check',
  ],
  ['logins from a LAN', withSsh({}, { from: ['role:db'] }), 'access[2].from[0]', 'has no member', 'with members'],
  [
    'a rule for an unknown tool',
    (raw) => Object.assign(raw.access[0] ?? {}, { from: ['tool:ci'] }),
    'access[0].from[0]',
    'tool that nobody declared',
    'under tools',
  ],
  [
    'a tool without a reason',
    (raw) => Object.assign(raw, { tools: { ci: {} } }),
    'tools.ci.why',
    'is missing',
    'one line',
  ],
  [
    'a role that would be a tool’s tag',
    (raw) => Object.assign(siteOf(raw).hosts[0] ?? {}, { roles: ['tool-ci'] }),
    'sites.eu-fra.hosts[0].roles[0]',
    'gives itself',
    'tool-…',
  ],
];
