import { expect, test } from 'vitest';
import { intoWide, policy } from './fixtures.ts';

const rule = (more: object = {}) => ({
  action: 'accept',
  src: ['group:sre'],
  dst: ['tag:app'],
  users: ['ops'],
  ...more,
});
const into = (...ssh: object[]) =>
  intoWide(policy({ ssh, hosts: { nas: '10.77.40.20' }, postures: { 'posture:mac': ["node:os == 'macos'"] } }));

test('logins are an intent, with their users in order and each once', () => {
  expect(into(rule({ users: ['root', 'ops', 'root', 'autogroup:nonroot'] }))).toEqual({
    groups: { sre: ['grace@example.com'] },
    services: {},
    access: [
      {
        from: ['group:sre'],
        ssh: { on: ['role:app'], users: ['autogroup:nonroot', 'ops', 'root'] },
        why: 'adopted from ssh[0]',
      },
    ],
    leftovers: [],
    covered: [],
  });
});

test.each([
  ['12h where it does not say for how long', {}, '12h'],
  ['as long as it says', { checkPeriod: '20h' }, '20h'],
  ['every time', { checkPeriod: 'always' }, 'always'],
])('a check holds %s', (_, more, check) => {
  const { access, leftovers } = into(rule({ action: 'check', ...more }));
  expect([access.map(({ ssh }) => ssh), leftovers]).toEqual([[{ on: ['role:app'], users: ['ops'], check }], []]);
});

test.each([
  [
    'to a host that is no member',
    { dst: ['nas'] },
    'gra-nas-01',
    'Tailscale SSH runs on members, and this host is none',
    'give it member: true, or use its own SSH server',
  ],
  [
    'as a user that no host has',
    { users: ['localpart:*@example.com'] },
    'localpart:*@example.com',
    'an intent names logins that hosts have',
    'name the logins that are used, for example ops',
  ],
  [
    'with a check for days',
    { action: 'check', checkPeriod: '2d' },
    '2d',
    'a check holds for hours and minutes here',
    'write the intent with a period from 1m to 168h',
  ],
  [
    'under a condition',
    { srcPosture: ['posture:mac'] },
    'only devices with posture:mac',
    'an intent has no conditions: adopted without them it would permit more',
    'write an intent for what may happen in any case, or do without',
  ],
])('%s they are left to a person', (_, more, what, why, todo) => {
  const { access, leftovers } = into(rule(more));
  expect(access).toEqual([]);
  expect(leftovers.filter(({ path }) => path === 'ssh[0]')).toEqual([{ path: 'ssh[0]', line: 1, what, why, todo }]);
});

test('of a rule that can be said in part, that part is adopted', () => {
  const { access, leftovers } = into(rule({ dst: ['nas', 'tag:app'], users: ['localpart:*@example.com', 'ops'] }));
  expect(access.map(({ ssh }) => ssh)).toEqual([{ on: ['role:app'], users: ['ops'] }]);
  expect(leftovers.map(({ what }) => what)).toEqual(['gra-nas-01', 'localpart:*@example.com']);
});

test('a rule of which nobody or no place is left gives no logins', () => {
  const { access, leftovers } = into(rule({ src: ['autogroup:member'] }), rule({ dst: ['autogroup:tagged'] }));
  expect(access).toEqual([]);
  expect(leftovers.map(({ path }) => path)).toEqual(['ssh[0].src[0]', 'ssh[1].dst[0]']);
});
