import { describe, expect, test } from 'vitest';
import { grantPort, selectors } from '../../../../mesh/overlays/tailscale/selectors.ts';
import { deployerTag, memberTags, tagWords } from '../../../../mesh/overlays/tailscale/tags.ts';
import { group, lan, node, onLan, role, routersOf, site, tool } from './rules.ts';

describe('what the policy calls an end of a rule', () => {
  test.each([
    [group('sre'), 'group:sre'],
    [tool('ci'), 'tag:tool-ci'],
    [site('fra'), 'tag:site-fra'],
    [routersOf('fra'), 'tag:router-fra'],
    [node('db-1'), 'tag:host-db-1'],
    [role('db'), 'tag:db'],
  ])('%j is a selector without a value', (endpoint, text) => {
    expect(selectors(endpoint)).toEqual([{ text }]);
  });

  test.each([
    [onLan('nas', 'fra', '10.0.0.9'), [{ text: 'nas', value: '10.0.0.9' }]],
    [
      onLan('nas', 'fra', '10.0.0.9', 'fd00::9'),
      [
        { text: 'nas', value: '10.0.0.9' },
        { text: 'nas-v6', value: 'fd00::9' },
      ],
    ],
    [lan('fra', '10.0.0.0/24'), [{ text: 'lan-fra', value: '10.0.0.0/24' }]],
    [
      lan('fra', '10.0.0.0/24', 'fd00::/64'),
      [
        { text: 'lan-fra', value: '10.0.0.0/24' },
        { text: 'lan-fra-v6', value: 'fd00::/64' },
      ],
    ],
  ])('%j is an alias for each family', (endpoint, expected) => {
    expect(selectors(endpoint)).toEqual(expected);
  });

  test('a port is written with a colon', () => {
    expect(['tcp/5432', 'udp/20-25', 'icmp/*'].map(grantPort)).toEqual(['tcp:5432', 'udp:20-25', 'icmp:*']);
  });
});

describe('tags of a member', () => {
  const app = { name: 'app-1', site: 'fra', roles: ['web', 'app', 'web'], router: false, named: false };

  test('are its site and its roles, each once, sorted', () => {
    expect(memberTags(app)).toEqual(['tag:app', 'tag:site-fra', 'tag:web']);
  });

  test('and its own where a service names it, and those of a router where it is one', () => {
    expect(memberTags({ ...app, named: true })).toEqual(['tag:app', 'tag:host-app-1', 'tag:site-fra', 'tag:web']);
    expect(memberTags({ ...app, router: true })).toEqual([
      'tag:app',
      'tag:router',
      'tag:router-fra',
      'tag:site-fra',
      'tag:web',
    ]);
  });

  test('carry the stack in a shared tailnet', () => {
    expect(memberTags({ ...app, router: true, named: true, stack: 'prod' })).toEqual([
      'tag:host-prod-app-1',
      'tag:prod-app',
      'tag:prod-router',
      'tag:prod-web',
      'tag:router-prod-fra',
      'tag:site-prod-fra',
    ]);
    expect([deployerTag(undefined), deployerTag('prod')]).toEqual(['tag:iac', 'tag:iac-prod']);
  });
});

test.each([
  ['tag:site-fra', 'members of site fra'],
  ['tag:router-fra', 'routers of site fra'],
  ['tag:host-db-1', 'host db-1'],
  ['tag:tool-ci', 'tool ci'],
  ['tag:db', 'members with role db'],
  ['tag:router', 'members with role router'],
  ['tag:', undefined],
  ['group:sre', undefined],
  ['fra-db-01', undefined],
])('%s stands for: %s', (tag, words) => {
  expect(tagWords(tag)).toBe(words);
});
