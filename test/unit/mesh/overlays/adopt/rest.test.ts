import { describe, expect, test } from 'vitest';
import { grant, intoWide, policy } from './fixtures.ts';

const approved = (autoApprovers: object) => intoWide(policy({ autoApprovers }));
const routes = (prefix: string, ...who: string[]) => approved({ routes: { [prefix]: who } });

describe('an approval of routes', () => {
  test.each(['10.77.40.0/24', 'fd12:3456:789a:40::/64', '10.77.10.0/24'])(
    'of %s, which a site has, is the program’s work',
    (prefix) => {
      expect(routes(prefix, 'group:sre')).toMatchObject({
        leftovers: [],
        covered: [
          `autoApprovers.routes["${prefix}"]: the routers of the site that has this prefix may advertise it, and nobody else`,
        ],
      });
    },
  );

  const NOBODYS = 'no site of this stack has this prefix, and routers advertise their own site only';
  const TAILNETS =
    'these are the addresses of the tailnet itself, which no router stands in front of: whoever advertises a part of it would draw traffic of other nodes';
  test.each([
    ['100.64.0.0/10', TAILNETS],
    ['100.64.0.0/11', TAILNETS],
    ['100.96.0.0/11', TAILNETS],
    ['100.100.0.0/16', TAILNETS],
    ['fd7a:115c:a1e0::/48', TAILNETS],
    ['fd7a:115c:a1e0:1::/64', TAILNETS],
    ['100.0.0.0/8', NOBODYS],
    ['100.0.0.0-100.127.255.255', NOBODYS],
    ['100.64.0.0-100.128.0.0', NOBODYS],
    ['100.128.0.0/10', NOBODYS],
    ['fd7a:115c:a1e0::/47', NOBODYS],
    ['10.77.40.0/25', NOBODYS],
    ['10.99.0.0/24', NOBODYS],
  ])('of %s is a question', (prefix, why) => {
    expect(routes(prefix, 'group:sre', 'tag:edge')).toMatchObject({
      leftovers: [{ path: `autoApprovers.routes["${prefix}"]`, what: 'group:sre, tag:edge', why }],
      covered: [],
    });
  });

  test('of exit nodes and services is told where it stands', () => {
    const { leftovers, covered } = approved({ exitNode: ['group:sre'], services: { 'svc:web': ['tag:edge'] } });
    expect(covered).toEqual([]);
    expect(leftovers).toEqual([
      {
        path: 'autoApprovers.services["svc:web"]',
        what: 'tag:edge',
        why: 'Tailscale services are not made here',
        todo: 'leave it out, or name the hosts that serve it',
      },
      {
        path: 'autoApprovers.exitNode',
        what: 'group:sre',
        why: 'the mesh has no exit nodes',
        todo: 'leave it out',
      },
    ]);
  });
});

test('who gives tags now is told, but not what the deploying credential and admins give', () => {
  const owned = (tagOwners: object) => intoWide(policy({ tagOwners })).covered;
  const told = (list: string): string =>
    `tagOwners: people give ${list} now; afterwards the deploying credential (tag:iac) alone gives tags, so a machine joins by a reviewed change. Devices keep the tags that they have`;
  expect(
    owned({
      'tag:iac': ['autogroup:admin'],
      'tag:db': ['group:sre', 'tag:iac'],
      'tag:app': ['tag:iac'],
      'tag:web': [],
    }),
  ).toEqual([told('tag:db (group:sre, tag:iac)')]);
  expect(owned({ 'tag:iac': [], 'tag:db': ['group:sre'], 'tag:app': ['ada@example.com'] })).toEqual([
    told('tag:db (group:sre); tag:app (ada@example.com)'),
  ]);
  expect(owned({ 'tag:iac': ['group:sre'], 'tag:app': ['tag:iac'] })).toEqual([]);
});

test('tests are written by the program', () => {
  const tests = ['tag:app:443', 'tag:app:22'].map((target) => ({ src: 'group:sre', deny: [target] }));
  expect(intoWide(policy({ tests }))).toMatchObject({
    leftovers: [],
    covered: ['tests (2): the program writes tests from the intents, and the service runs them at each push'],
  });
});

test('what nobody here judges is told by its section', () => {
  const { leftovers } = intoWide(
    policy({
      nodeAttrs: [{ target: ['*'], attr: ['funnel'] }],
      grants: [{ ...grant('group:sre', 'tag:app'), app: { 'example.com/cap': [{}] } }],
    }),
  );
  const todo = 'the program does not write it: with the first push it is gone. Set it another way, or do without';
  expect(leftovers).toEqual([
    {
      path: 'grants[0].app',
      what: 'grants',
      why: 'capabilities of an application: what they permit is for the application to say',
      todo,
    },
    {
      path: 'nodeAttrs',
      what: 'nodeAttrs',
      why: 'attributes switch features of nodes on; none opens a connection between two of them',
      todo,
    },
  ]);
});

test('an entry of acls with several ports has its source told once', () => {
  const acls = [{ action: 'accept', src: ['*'], dst: ['tag:app:443', 'tag:db:5432'] }];
  expect(intoWide(policy({ acls })).leftovers.map(({ path }) => path)).toEqual(['acls[0].src[0]']);
});

test('a text that has neither acls nor grants permits everything, which no intent says', () => {
  expect(intoWide('{}')).toEqual({
    groups: {},
    services: {},
    access: [],
    covered: [],
    leftovers: [
      {
        path: '',
        what: 'neither acls nor grants',
        why: 'without them the service lets everybody reach everything, which no intent says',
        todo: 'write the intents that are needed; the first push replaces a policy that says nothing without being asked',
      },
    ],
  });
});
