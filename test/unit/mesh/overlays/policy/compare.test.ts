import { describe, expect, test } from 'vitest';
import { comparePowers, type Policy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { granted, policy, world } from './fixtures.ts';
import { changes as told } from './told.ts';

const app = { src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:5432'] };
const dev = { src: ['group:dev'], dst: ['tag:db'], ip: ['tcp:22'] };

describe('who gains and who loses', () => {
  test('a rule that comes, a rule that goes, a port more', () => {
    expect(told(granted(app), granted(app, dev))).toEqual(['group:dev (ada@example.com, linus@example.com) gains tcp/22 on db-1 (grants[1])']); // prettier-ignore
    expect(told(granted(app, dev), granted(app))).toEqual(['group:dev (ada@example.com, linus@example.com) loses tcp/22 on db-1 (grants[1])']); // prettier-ignore
    expect(told(granted(app), granted({ ...app, ip: ['tcp:5432', 'tcp:9187'] }))).toEqual(['tag:app (app-1, app-2) gains tcp/9187 on db-1 (grants[0])']); // prettier-ignore
    expect(told(granted({ ...app, ip: ['tcp:80-90'] }), granted({ ...app, ip: ['tcp:85-95'] }))).toEqual([
      'tag:app (app-1, app-2) gains tcp/91-95 on db-1 (grants[0])',
      'tag:app (app-1, app-2) loses tcp/80-84 on db-1 (grants[0])',
    ]);
  });

  test.each([
    ['order', granted(app, dev), granted(dev, app)],
    ['a rule twice', granted(app), granted(app, app)],
    [
      'acls for grants',
      granted(app),
      policy({ acls: [{ action: 'accept', proto: 'tcp', src: ['tag:app'], dst: ['tag:db:5432'] }] }),
    ],
    ['people for their group', granted(dev), granted({ ...dev, src: ['linus@example.com', 'ada@example.com'] })],
    ['an address for its alias', granted({ ...app, dst: ['nas-1'] }), granted({ ...app, dst: ['10.77.10.20'] })],
    [
      'a rule split',
      granted({ ...app, ip: ['tcp:1', 'tcp:2'] }),
      granted({ ...app, ip: ['tcp:1'] }, { ...app, ip: ['tcp:2'] }),
    ],
    ['ports joined', granted({ ...app, ip: ['tcp:1', 'tcp:2'] }), granted({ ...app, ip: ['tcp:1-2'] })],
    [
      'halves of a prefix',
      granted({ ...app, dst: ['lan-fra'] }),
      granted({ ...app, dst: ['10.77.10.0/25', '10.77.10.128/25'] }),
    ],
    ['the ping that goes with a port', granted(app), granted(app, { ...app, ip: ['icmp:*'] })],
    ['no sections for allow-all', policy({}), granted({ src: ['*'], dst: ['*'], ip: ['*'] })],
  ])('%s is no change', (_what, before, after) => {
    expect(told(before, after)).toEqual([]);
    expect(told(granted(), after)).not.toEqual([]);
  });

  test('who joins a group gains what it gives, unless another rule gave it before', () => {
    const groups = { 'group:dev': ['ada@example.com', 'linus@example.com'], 'group:sre': ['grace@other.org'] };
    const joined = { ...groups, 'group:dev': [...groups['group:dev'], 'grace@other.org'] };
    const rules = [dev, { src: ['group:sre'], dst: ['tag:app'], ip: ['tcp:22'] }];
    expect(told(policy({ groups, grants: rules }), policy({ groups: joined, grants: rules }))).toEqual([
      'grace@other.org gains tcp/22 on db-1 (grants[0]; now in group:dev)',
    ]);
    expect(told(policy({ groups: joined, grants: rules }), policy({ groups, grants: rules }))).toEqual([
      'grace@other.org loses tcp/22 on db-1 (grants[0]; no longer in group:dev)',
    ]);
    const already = [...rules, { src: ['group:sre'], dst: ['tag:db'], ip: ['tcp:22'] }];
    expect(told(policy({ groups, grants: already }), policy({ groups: joined, grants: already }))).toEqual([]);
  });

  test('a narrower name for the same people is a loss for everybody else', () => {
    const everybody = {
      'group:sre': ['grace@other.org'],
      'group:all': ['ada@example.com', 'linus@example.com', 'grace@other.org'],
    };
    const of = (src: string): Policy =>
      policy({ groups: everybody, grants: [{ src: [src], dst: ['tag:db'], ip: ['tcp:22'] }] });
    expect(told(of('autogroup:member'), of('group:all'))).toEqual([
      'anybody else of the tailnet loses tcp/22 on db-1 (grants[0])',
    ]);
  });

  test('whom no world knows: tags without nodes, addresses of nobody', () => {
    expect(told(granted({ src: ['tag:new'], dst: ['192.168.7.0/24'], ip: ['tcp:22'] }), granted())).toEqual([
      'tag:new (no node yet) loses tcp/22 on 192.168.7.0/24 (grants[0])',
    ]);
    expect(told(granted(), granted({ ...app, dst: ['192.168.0.0/16'] }))).toEqual(['tag:app (app-1, app-2) gains tcp/5432 on 192.168.0.0/16 (grants[0])']); // prettier-ignore
    expect(told(granted({ ...app, dst: ['192.168.0.0/16'] }), granted({ ...app, dst: ['192.168.0.0/17'] }))).toEqual([
      'tag:app (app-1, app-2) loses tcp/5432 on 192.168.0.0/16 (192.168.128.0/17) (grants[0])',
    ]);
  });

  test('hosts that come and go with rules that stay', () => {
    const more = world({ nodes: [...world().nodes, { name: 'app-3', tags: ['tag:app'], addresses: [] }] });
    expect(told(granted(app), granted(app), [world(), more])).toEqual(['app-3 gains tcp/5432 on db-1 (grants[0]; new: app-3)']); // prettier-ignore
    expect(told(granted(app), granted(app), [more, world()])).toEqual(['app-3 loses tcp/5432 on db-1 (grants[0]; gone: app-3)']); // prettier-ignore
    const retagged = world({
      nodes: world().nodes.map((node) => (node.name === 'edge-1' ? { ...node, tags: ['tag:app'] } : node)),
    });
    expect(told(granted(app), granted(app), [world(), retagged])).toEqual([
      'edge-1 gains tcp/5432 on db-1 (grants[0])',
    ]);
  });

  test('a condition that comes or goes or changes', () => {
    const postures = { 'posture:a': ['x'], 'posture:b': ['y'] };
    const of = (...srcPosture: string[]): Policy => policy({ postures, grants: [{ ...app, ...(srcPosture.length > 0 && { srcPosture }) }] }); // prettier-ignore
    const who = 'tag:app (app-1, app-2)';
    expect(told(granted(), of('posture:a'))).toEqual([`${who} gains tcp/5432 on db-1 (conditional: only devices with posture:a; grants[0])`]); // prettier-ignore
    expect(told(of('posture:a'), of())).toEqual([`${who} gains tcp/5432 on db-1 (grants[0]; no longer only devices with posture:a)`]); // prettier-ignore
    expect(told(of(), of('posture:a'))).toEqual([`${who} loses tcp/5432 on db-1 (grants[0]; from now on only devices with posture:a)`]); // prettier-ignore
    expect(told(of('posture:a'), of('posture:b'))).toEqual([
      `${who} gains tcp/5432 on db-1 (conditional: only devices with posture:b; grants[0]; until now only devices with posture:a)`,
      `${who} loses tcp/5432 on db-1 (conditional: only devices with posture:a; grants[0]; from now on only devices with posture:b)`,
    ]);
    expect(told(of('posture:a'), of('posture:a'))).toEqual([]);
    const looser = policy({
      postures: { ...postures, 'posture:a': ['z'] },
      grants: [{ ...app, srcPosture: ['posture:a'] }],
    });
    expect(told(of('posture:a'), looser)).toHaveLength(2);
  });

  test('one family of two', () => {
    const lan = (...dst: string[]) => granted({ ...app, dst });
    expect(told(lan('nas-1'), lan('nas-1', 'nas-1-v6'))).toEqual(['tag:app (app-1, app-2) gains tcp/5432 over IPv6 on nas-1 (grants[0])']); // prettier-ignore
    expect(told(lan(), lan('nas-1', 'nas-1-v6'))).toEqual([
      'tag:app (app-1, app-2) gains tcp/5432 on nas-1 (grants[0])',
    ]);
  });

  test('logins by ssh: users, and the check', () => {
    const ssh = (action: string, ...users: string[]) => policy({ grants: [], ssh: [{ action, src: ['group:sre'], dst: ['tag:db'], users }] }); // prettier-ignore
    const who = 'group:sre (grace@other.org)';
    expect(told(ssh('check', 'ops'), ssh('check', 'ops', 'root'))).toEqual([
      `${who} gains ssh as root on db-1 (ssh[0])`,
    ]);
    expect(told(ssh('check', 'ops'), ssh('accept', 'ops'))).toEqual([
      `${who} gains ssh as ops without a check on db-1 (ssh[0])`,
    ]);
    expect(told(ssh('accept', 'ops'), ssh('check', 'ops'))).toEqual([
      `${who} loses ssh as ops without a check on db-1 (ssh[0])`,
    ]);
    expect(told(ssh('check', 'autogroup:nonroot'), ssh('check', 'ops'))).toEqual([`${who} loses ssh as any user but root on db-1 (ssh[0])`]); // prettier-ignore
    expect(told(ssh('check', 'ops'), ssh('check', 'autogroup:nonroot'))).toEqual([`${who} gains ssh as any user but root on db-1 (ssh[0])`]); // prettier-ignore
  });

  test('own devices', () => {
    const self = granted({ src: ['autogroup:member'], dst: ['autogroup:self'], ip: ['tcp:22'] });
    expect(told(granted(), self)).toEqual([expect.stringMatching(/gain tcp\/22 on their own devices/)]);
    expect(told(self, self)).toEqual([]);
    // The same by name, for one person.
    const [me, named] = ['autogroup:self', 'linus@example.com'].map((dst) => granted({ src: ['linus@example.com'], dst: [dst], ip: ['tcp:22'] })); // prettier-ignore
    expect(told(me ?? self, named ?? self)).toEqual([]);
    expect(told(named ?? self, me ?? self)).toEqual([]);
    expect(told(granted(), named ?? self)).toEqual(['linus@example.com gains tcp/22 on their own devices (grants[0])']);
  });
});

test('who may give tags and advertise routes', () => {
  const of = (owners: string[], routes: Record<string, string[]>, exitNode: string[] = []): Policy =>
    policy({
      tagOwners: { 'tag:app': [], 'tag:db': owners, 'tag:router': [] },
      autoApprovers: { routes, exitNode },
      grants: [],
    });
  const before = of(['group:sre'], { '10.77.10.0/24': ['tag:router'] });
  expect(comparePowers(before, of(['group:dev'], { '10.77.0.0/16': ['tag:router'] }, ['group:dev']))).toEqual({
    gains: ['group:dev now may be an exit node without approval', 'group:dev now may give tag:db to a node', 'tag:router now may advertise 10.77.0.0/16 without approval'], // prettier-ignore
    losses: ['group:sre no longer may give tag:db to a node', 'tag:router no longer may advertise 10.77.10.0/24 without approval'], // prettier-ignore
  });
  expect(comparePowers(before, before)).toEqual({ gains: [], losses: [] });
  const deployer = of(['group:sre', 'tag:app'], { '10.77.10.0/24': ['tag:router'] });
  expect(comparePowers(before, deployer, 'tag:app').gains).toEqual([]);
  expect(comparePowers(before, deployer).gains).toEqual(['tag:app now may give tag:db to a node']);
});
