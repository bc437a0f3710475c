import { describe, expect, test } from 'vitest';
import { grant, intoWide, policy } from './fixtures.ts';

const DB = 'tag:db';
/** What a rule from there becomes, whatever it leads to. */
const adopted = (src: string | string[], sections: object = {}, more: object = {}) =>
  intoWide(policy({ grants: [grant(src, DB)], ...sections }), more);

describe('a source that the stack has', () => {
  test.each([
    ['a tag of a site', 'tag:site-eu-gra', ['site:eu-gra']],
    ['the prefix of a site', '10.77.40.0/24', ['site:eu-gra']],
    ['its prefix in IPv6', 'fd12:3456:789a:40::/64', ['site:eu-gra']],
    ['the tag of routers', 'tag:router', ['role:router']],
    ['a tag of anything else', 'tag:app', ['role:app']],
    ['the tag of a tool', 'tag:tool-ci', ['tool:ci']],
    ['several, in order and each once', ['tag:app', 'group:sre', 'tag:app'], ['group:sre', 'role:app']],
  ])('%s', (_, src, from) => {
    expect(adopted(src).access.map((intent) => intent.from)).toEqual([from]);
  });
});

describe('people', () => {
  test('of a group are its people, in order and each once', () => {
    const groups = { 'group:audit': ['lin@example.com', 'ada@example.com', 'lin@example.com'] };
    const { access, groups: said } = adopted('group:audit', { groups });
    expect(said).toEqual({ audit: ['ada@example.com', 'lin@example.com'] });
    expect(access.map(({ from }) => from)).toEqual([['group:audit']]);
  });

  test('who are a group of the stack already, in any order, are that one', () => {
    const people = ['lin@example.com', 'ada@example.com'];
    const { access, groups } = adopted(
      'group:audit',
      { groups: { 'group:audit': people } },
      { groups: { audit: people } },
    );
    expect(groups).toEqual({});
    expect(access.map(({ from }) => from)).toEqual([['group:audit']]);
  });

  test.each([
    ['Ada.Lovelace@example.com', 'ada-lovelace'],
    ['ada_2@example.com', 'ada-2'],
    ['7of9@example.com', 'of9'],
    ['42@example.com', 'some'],
    ['a-person-of-thirty-letters-here@example.com', 'a-person-of-thirty-letters-her'],
    ['a-person-of-thirty-letters-he-is@example.com', 'a-person-of-thirty-letters-he'],
  ])('%s alone is the group %s', (login, name) => {
    expect(adopted(login).groups).toEqual({ [name]: [login] });
  });

  test('of one name at two companies are not one group', () => {
    const { groups, access, leftovers } = adopted(['ada@example.com', 'ada@example.org']);
    expect(groups).toEqual({ ada: ['ada@example.com'] });
    expect(access.map(({ from }) => from)).toEqual([['group:ada']]);
    expect(leftovers[0]).toEqual({
      path: 'grants[0].src[1]',
      line: 1,
      what: 'ada@example.org',
      why: 'the stack has a group ada already, of other people (ada@example.com; here: ada@example.org)',
      todo: 'decide who belongs to it, then add the intent; or give one of the two another name',
    });
  });
});

describe('a source that no intent can name', () => {
  const NO_ROLE =
    'no role can have this name: it is not in lower case, or too long, or has a form that the mesh gives itself';
  const NO_ADDRESS = 'sources are people, sites and roles, not addresses';
  const ipsets = { 'ipset:both': ['10.77.40.0/24', '10.77.50.0/24'] };
  test.each([
    ['tag:router-eu-gra', NO_ROLE],
    ['tag:site-nowhere', NO_ROLE],
    ['tag:host-gra-nas-01', NO_ROLE],
    ['tag:tool-other', NO_ROLE],
    ['tag:Web', NO_ROLE],
    ['group:Ops', 'the name of a group here begins with a letter and has lower-case letters, digits and hyphens'],
    ['group:nobody', 'nobody is in this group'],
    ['10.77.40.0/25', NO_ADDRESS],
    ['10.77.40.128/25', NO_ADDRESS],
    ['10.77.40.0-10.77.41.255', NO_ADDRESS],
    ['ipset:both', NO_ADDRESS],
    ['svc:web', 'a Tailscale service opens no connections'],
  ])('%s', (src, why) => {
    const groups = { 'group:Ops': ['ada@example.com'], 'group:nobody': [] };
    const { access, groups: said, leftovers } = adopted(src, { groups, ipsets });
    expect([access, said]).toEqual([[], {}]);
    expect(leftovers.filter(({ path }) => path.startsWith('grants'))).toEqual([
      { path: 'grants[0].src[0]', line: 1, what: src, why, todo: expect.stringMatching(/./) as string },
    ]);
  });
});

test('roles that no host has are told once each, in order, wherever an intent names them', () => {
  const grants = [grant('tag:web', ['tag:db', 'tag:cache', 'tag:queue']), grant('tag:app', 'tag:router')];
  const ssh = [{ action: 'accept', src: ['group:sre'], dst: ['tag:bastion', 'tag:cache'], users: ['ops'] }];
  const told = intoWide(policy({ grants, ssh })).leftovers;
  expect(told.map(({ path }) => path)).toEqual(
    ['bastion', 'cache', 'queue', 'web'].map((role) => `tagOwners["tag:${role}"]`),
  );
  expect(told[1]).toEqual({
    path: 'tagOwners["tag:cache"]',
    what: 'role:cache',
    why: 'intents select hosts by role, and no host of this stack has this one',
    todo: 'give the hosts that carry tag:cache roles: [cache] under their site',
  });
});
