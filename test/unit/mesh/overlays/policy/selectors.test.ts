import { describe, expect, test } from 'vitest';
import type { Names } from '../../../../../mesh/overlays/tailscale/policy/names.ts';
import { INTERNET, parseRange, type Range } from '../../../../../mesh/overlays/tailscale/policy/ranges.ts';
import { isPeople, parseSelector } from '../../../../../mesh/overlays/tailscale/policy/selectors.ts';
import type { Selector } from '../../../../../mesh/overlays/tailscale/policy/types.ts';

const ranges = (...texts: string[]): Range[] => texts.map((text) => parseRange(text) as Range);
const NAMES: Names = {
  groups: new Map([['group:sre', ['grace@example.com']]]),
  hosts: new Map([['nas-1', ranges('10.77.10.20')]]),
  ipsets: new Map([['ipset:lan', ranges('10.77.10.0/24', '10.77.20.0/24')]]),
  tagOwners: new Map([['tag:db', []]]),
  postures: new Map(),
};
const read = (text: string, side: 'src' | 'dst' = 'src'): Selector | string => parseSelector(text, side, NAMES);

describe('a name on a side of a rule', () => {
  test.each([
    ['*', { kind: 'any' }],
    ['tag:db', { kind: 'tag', tag: 'tag:db' }],
    ['group:sre', { kind: 'group', members: ['grace@example.com'] }],
    ['ipset:lan', { kind: 'addresses', ranges: ranges('10.77.10.0/24', '10.77.20.0/24') }],
    ['nas-1', { kind: 'addresses', ranges: ranges('10.77.10.20') }],
    ['host:nas-1', { kind: 'addresses', ranges: ranges('10.77.10.20') }],
    ['10.0.0.0/8', { kind: 'addresses', ranges: ranges('10.0.0.0/8') }],
    ['fd00::1', { kind: 'addresses', ranges: ranges('fd00::1') }],
    ['svc:web', { kind: 'service' }],
    ['ada@example.com', { kind: 'user', login: 'ada@example.com' }],
    ['user:ada@example.com', { kind: 'user', login: 'ada@example.com' }],
    ['ada@', { kind: 'user', login: 'ada@' }],
    ['*@example.com', { kind: 'domain', domain: 'example.com' }],
    ['user:*@example.com', { kind: 'domain', domain: 'example.com' }],
  ])('%s', (text, selector) => {
    expect(read(text, 'src')).toEqual({ ...selector, text });
    expect(read(text, 'dst')).toEqual({ ...selector, text });
  });

  test.each([
    ['tag:1db', '"tag:1db" is no name of a tag: a letter first, then letters, digits and dashes'],
    ['tag:dbb', 'tag:dbb has no owner: no entry of tagOwners is for it; did you mean tag:db?'],
    ['tag:elsewhere', 'tag:elsewhere has no owner: no entry of tagOwners is for it; add it to tagOwners'],
    ['group:sree', 'no group is called group:sree; did you mean group:sre?'],
    ['group:elsewhere', 'no group is called group:elsewhere; add it to groups'],
    ['ipset:lann', 'no set of addresses is called ipset:lann; did you mean ipset:lan?'],
    ['*@', '"*@" is no login: write name@example.com'],
    ['a b@example.com', '"a b@example.com" is no login: write name@example.com'],
    ['10.0.0.1/8', '10.0.0.1/8 has host bits set; the prefix is 10.0.0.0/8'],
    ['nas-2', '"nas-2" is no alias of hosts, no address, no group, no tag and no login; did you mean nas-1?'],
    ['groupsre', '"groupsre" is no alias of hosts, no address, no group, no tag and no login; did you mean group:sre?'],
    ['tagdb', '"tagdb" is no alias of hosts, no address, no group, no tag and no login; did you mean tag:db?'],
    ['elsewhere', '"elsewhere" is no alias of hosts, no address, no group, no tag and no login; add it to hosts'],
  ])('%s is none', (text, problem) => {
    expect(read(text)).toBe(problem);
  });
});

describe('autogroups', () => {
  const roles = ['admin', 'owner', 'it-admin', 'network-admin', 'billing-admin', 'auditor'];
  const both = ['member', 'shared', 'tagged', ...roles];
  const named = (name: string): Selector => ({ kind: 'autogroup', name, text: `autogroup:${name}` });
  const sides = (name: string) => [read(`autogroup:${name}`, 'src'), read(`autogroup:${name}`, 'dst')];

  test('of people and of tagged nodes stand on both sides', () => {
    expect(both.map(sides)).toEqual(both.map((name) => [named(name), named(name)]));
    const members = { ...named('member'), text: 'autogroup:members' };
    expect(sides('members')).toEqual([members, members]);
  });

  test('some stand on one side only', () => {
    expect(sides('danger-all')).toEqual([named('danger-all'), 'autogroup:danger-all can be a source only']);
    expect(sides('self')).toEqual([
      'autogroup:self stands for the devices of whoever asks, so it can be a destination only',
      named('self'),
    ]);
    expect(sides('internet')).toEqual([
      'autogroup:internet can be a destination only',
      { kind: 'addresses', ranges: INTERNET, text: 'autogroup:internet' },
    ]);
  });

  test('of users of a host stand on none, and others do not exist', () => {
    const nonroot = 'autogroup:nonroot names users of a host: it belongs under users of an ssh rule';
    expect(sides('nonroot')).toEqual([nonroot, nonroot]);
    expect(sides('selv')[1]).toBe('no autogroup is called autogroup:selv; did you mean autogroup:self?');
    expect(sides('everybody-else')).toEqual([
      'no autogroup is called autogroup:everybody-else; there are: member, members, shared, admin, owner, it-admin, network-admin, billing-admin, auditor, tagged, danger-all',
      'no autogroup is called autogroup:everybody-else; there are: member, members, shared, admin, owner, it-admin, network-admin, billing-admin, auditor, tagged, self, internet',
    ]);
  });
});

test('people, groups of them and their roles own devices; tags, addresses and services do not', () => {
  const people = ['ada@example.com', '*@example.com', 'group:sre', 'autogroup:member', 'autogroup:auditor'];
  const others = ['*', 'tag:db', 'nas-1', 'svc:web', 'autogroup:tagged', 'autogroup:danger-all'];
  const owners = [...people, ...others].filter((text) => {
    const selector = read(text);
    return typeof selector !== 'string' && isPeople(selector);
  });
  expect(owners).toEqual(people);
});
