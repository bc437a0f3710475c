import { describe, expect, test } from 'vitest';
import { compareAccess, type Policy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { granted, policy, world } from './fixtures.ts';
import { changes } from './told.ts';

const DEV = 'group:dev (ada@example.com, linus@example.com)';
const APP = 'tag:app (app-1, app-2)';
const grant = (src: string[], dst: string[], ...ip: string[]) => ({ src, dst, ip });
const people = (dev: string[], sre: string[], grants: unknown[]): Policy =>
  policy({ groups: { 'group:dev': dev, 'group:sre': sre }, grants });
const [ada, linus, grace] = ['ada@example.com', 'linus@example.com', 'grace@other.org'];

describe('changes that are one', () => {
  test('the same to several targets, and of several sources', () => {
    // Rules that stay keep the targets, and the sources, in classes of their own.
    const stays = [grant(['tag:router'], ['tag:db'], 'tcp:9'), grant(['tag:app'], ['tag:router'], 'tcp:8')];
    expect(changes(granted(...stays), granted(...stays, grant(['group:dev'], ['tag:db', 'tag:app'], 'tcp:22')))).toEqual([`${DEV} gains tcp/22 on tag:app (app-1, app-2) and db-1 (grants[2])`]); // prettier-ignore
    expect(changes(granted(...stays), granted(...stays, grant(['tag:app', 'group:sre'], ['nas-1'], 'tcp:22')))).toEqual([`group:sre (grace@other.org) and ${APP} gain tcp/22 over IPv4 on nas-1 (grants[2])`]); // prettier-ignore
  });

  test('not where the ports differ', () => {
    const had = grant(['tag:app'], ['tag:db'], 'tcp:23');
    const now = grant(['tag:app'], ['tag:db', 'tag:router'], 'tcp:22-23');
    expect(changes(granted(had), granted(now))).toEqual([
      `${APP} gains tcp/22 on db-1 (grants[0])`,
      `${APP} gains tcp/22-23 on edge-1 (grants[0])`,
    ]);
  });

  test('not where the families differ', () => {
    const stays = grant(['tag:db'], ['10.77.10.30'], 'tcp:9');
    const now = grant(['tag:app'], ['10.77.10.20', '10.77.10.30'], 'tcp:1');
    expect(changes(granted(stays), granted(stays, now))).toEqual([
      `${APP} gains tcp/1 on printer (grants[1])`,
      `${APP} gains tcp/1 over IPv4 on nas-1 (grants[1])`,
    ]);
  });

  test('not where one is conditional', () => {
    const nodes = world().nodes.filter(({ name }) => name.startsWith('app') || name === 'edge-1');
    const now = granted(grant(['tag:router'], ['100.64.0.0/11', 'fd7a:115c:a1e0::/49'], 'tcp:1'));
    const rest = `${DEV}, grace@other.org, app-1, anybody else of the tailnet and any other tagged node`;
    expect(changes(granted(), now, [world({ nodes }), world({ nodes })])).toContain(
      `edge-1 gains tcp/1 on ${rest} (conditional: if its address is one that the rule names; grants[0])`,
    );
  });

  test('not where other rules give them', () => {
    expect(
      changes(
        granted(),
        granted(grant(['tag:app'], ['tag:db'], 'tcp:22'), grant(['tag:app'], ['tag:router'], 'tcp:22')),
      ),
    ).toEqual([`${APP} gains tcp/22 on db-1 (grants[0])`, `${APP} gains tcp/22 on edge-1 (grants[1])`]);
  });

  test('not where only some have joined a group', () => {
    const grants = [grant(['group:dev'], ['tag:db'], 'tcp:22')];
    expect(changes(people([ada], [grace], []), people([ada, linus], [grace], grants))).toEqual([
      'group:dev (ada@example.com) gains tcp/22 on db-1 (grants[0])',
      'linus@example.com gains tcp/22 on db-1 (grants[0]; now in group:dev)',
    ]);
  });

  test('hosts that come are told once, whichever end they are', () => {
    const first = world({ nodes: [{ name: 'aaa', tags: ['tag:db'], addresses: [] }, ...world().nodes] });
    expect(changes(granted(), granted(grant(['tag:app'], ['tag:db'], 'tcp:22')), [world(), first])).toEqual([
      `${APP} gains tcp/22 on tag:db (aaa, db-1) (grants[0]; new: aaa)`,
    ]);
    const nodes = [
      ...world().nodes,
      { name: 'db-9', tags: ['tag:db'], addresses: [] },
      { name: 'app-9', tags: ['tag:app'], addresses: [] },
    ];
    const of = granted(grant(['tag:app'], ['tag:db', 'tag:router'], 'tcp:22'));
    expect(changes(of, of, [world(), world({ nodes })])).toEqual([
      'app-9 gains tcp/22 on tag:db (db-1, db-9) and edge-1 (grants[0]; new: app-9 and db-9)',
      `${APP} gains tcp/22 on db-9 (grants[0]; new: db-9)`,
    ]);
  });
});

describe('who joins groups', () => {
  const give = (group: string, dst: string, port: string) => grant([group], [dst], port);

  test('gains what the rules of that group give, and is told which', () => {
    const grants = [give('group:dev', 'tag:db', 'tcp:22'), give('group:sre', 'tag:app', 'tcp:22')];
    expect(changes(people([ada], [ada], grants), people([ada, linus], [ada, linus], grants))).toEqual([
      'linus@example.com gains tcp/22 on db-1 (grants[0]; now in group:dev)',
      'linus@example.com gains tcp/22 on tag:app (app-1, app-2) (grants[1]; now in group:sre)',
    ]);
    const both = [give('group:dev', 'tag:db', 'tcp:22'), give('group:sre', 'tag:db', 'tcp:22')];
    expect(changes(people([ada], [ada], both), people([ada, linus], [ada, linus], both))).toEqual([
      'linus@example.com gains tcp/22 on db-1 (grants[0]; grants[1]; now in group:dev; now in group:sre)',
    ]);
    const one = [grant(['group:sre', 'group:dev'], ['tag:db'], 'tcp:22')];
    expect(changes(people([ada], [grace], one), people([ada, linus], [grace], one))).toEqual([
      'linus@example.com gains tcp/22 on db-1 (grants[0]; now in group:dev)',
    ]);
    // By their own names or by the group: the person is told, not the group that all of it is.
    expect(changes(people([ada], [grace], grants), people([ada], [linus], grants))).toEqual([
      'linus@example.com gains tcp/22 on tag:app (app-1, app-2) (grants[1]; now in group:sre)',
      'grace@other.org loses tcp/22 on tag:app (app-1, app-2) (grants[1]; no longer in group:sre)',
    ]);
  });

  test('a group that is new has nobody who joined it', () => {
    const before = policy({ groups: { 'group:sre': [grace] }, grants: [] });
    const after = people([ada, linus], [grace], [give('group:dev', 'tag:db', 'tcp:22')]);
    expect(changes(before, after)).toEqual([`${DEV} gains tcp/22 on db-1 (grants[0])`]);
  });
});

describe('what is said of a change', () => {
  test('only the rules that give it', () => {
    const had = grant(['tag:app'], ['tag:db'], 'tcp:80');
    expect(changes(granted(had), granted(had, grant(['tag:app'], ['tag:db'], 'tcp:22')))).toEqual([
      `${APP} gains tcp/22 on db-1 (grants[1])`,
    ]);
    const six = [grant(['tag:app'], ['nas-1'], 'tcp:80'), grant(['tag:app'], ['nas-1-v6'], 'tcp:22')];
    expect(changes(granted(six[0] ?? {}), granted(...six))).toEqual([
      `${APP} gains tcp/22 over IPv6 on nas-1 (grants[1])`,
    ]);
  });

  test('one family where only that differs, pings too, and both where only one is there', () => {
    expect(changes(granted(), granted(grant(['tag:app'], ['nas-1'], 'icmp:*')))).toEqual([
      `${APP} gains icmp/* over IPv4 on nas-1 (grants[0])`,
    ]);
    const lanHosts = [{ name: 'six', site: 'eu-fra', addresses: ['fd00:77::6'] }];
    const around = world({ lanHosts });
    expect(changes(granted(), granted(grant(['tag:app'], ['fd00:77::6'], 'tcp:1')), [around, around])).toEqual([
      `${APP} gains tcp/1 on six (grants[0])`,
    ]);
    expect(changes(granted(), granted(grant(['fd00:77::6'], ['tag:db'], 'tcp:1')), [around, around])).toEqual([
      'six gains tcp/1 on db-1 (grants[0])',
    ]);
    const apart = granted(grant(['tag:app'], ['nas-1'], 'tcp:1'), grant(['tag:app'], ['nas-1-v6'], 'tcp:2'));
    expect(changes(granted(), apart)).toEqual([
      `${APP} gains tcp/1 over IPv4 on nas-1 (grants[0])`,
      `${APP} gains tcp/2 over IPv6 on nas-1 (grants[1])`,
    ]);
  });

  test('conditions that some of it had, of the family that they are of', () => {
    const postures = { 'posture:a': ['x'], 'posture:b': ['y'] };
    const on = (dst: string, port: string, ...srcPosture: string[]) => ({
      ...grant(['tag:app'], [dst], port),
      ...(srcPosture.length > 0 && { srcPosture }),
    });
    const of = (...grants: unknown[]) => policy({ postures, grants });
    for (const [dst, family] of [
      ['nas-1', 4],
      ['nas-1-v6', 6],
    ] as const) {
      const other = on(dst, 'gre:*', 'posture:b');
      expect(changes(of(on(dst, 'tcp:1', 'posture:a'), other), of(on(dst, 'tcp:1'), other))).toEqual([
        `${APP} gains tcp/1 over IPv${family} on nas-1 (grants[0]; no longer only devices with posture:a)`,
      ]);
    }
    // Of a ping where nothing else is open.
    expect(changes(of(on('nas-1', 'icmp:*', 'posture:a')), of(on('nas-1', 'icmp:*')))).toEqual([
      `${APP} gains icmp/* over IPv4 on nas-1 (grants[0]; no longer only devices with posture:a)`,
    ]);
    // In one family, and the other is new.
    const both = of(on('nas-1', 'tcp:1'), on('nas-1-v6', 'tcp:1'));
    expect(changes(of(on('nas-1-v6', 'tcp:1', 'posture:a')), both)).toEqual([
      `${APP} gains tcp/1 on nas-1 (grants[0]; grants[1]; no longer only devices with posture:a)`,
    ]);
  });

  test('an entry of acls is one rule, with all of its targets', () => {
    const acl = (...dst: string[]) => policy({ acls: [{ action: 'accept', proto: 'tcp', src: ['tag:app'], dst }] });
    expect(changes(acl('tag:router:1'), acl('tag:router:1', 'tag:db:22', 'tag:db:23'))).toEqual([
      `${APP} gains tcp/22-23 on db-1 (acls[0])`,
    ]);
    const two = acl('tag:db:22', 'tag:app:22', '100.64.0.3:23');
    const { gains } = compareAccess({ policy: granted(), world: world() }, { policy: two, world: world() });
    expect(gains.flatMap(({ rules }) => rules)).toContainEqual({ path: 'acls[0]', why: '', src: ['tag:app'], dst: ['tag:db', 'tag:app', '100.64.0.3'] }); // prettier-ignore
  });
});

describe('own devices and those of the same name', () => {
  test('hosts reach themselves without a rule; who will carry a tag is several', () => {
    expect(changes(granted(), granted(grant(['tag:db'], ['tag:db'], 'tcp:1')))).toEqual([]);
    expect(changes(granted(), granted(grant(['tag:db'], ['tag:db', 'tag:router'], 'tcp:1')))).toEqual(['db-1 gains tcp/1 on db-1 and edge-1 (grants[0])']); // prettier-ignore
    expect(changes(granted(), granted(grant(['tag:new'], ['tag:new'], 'tcp:1')))).toEqual(['tag:new (no node yet) gains tcp/1 on tag:new (no node yet) (grants[0])']); // prettier-ignore
  });

  test('own devices by their addresses, of one family', () => {
    const told = changes(granted(), granted(grant([linus], ['100.64.0.0/10'], 'tcp:1')));
    expect(told).toContain('linus@example.com gains tcp/1 over IPv4 on their own devices (grants[0])');
  });

  test('a group’s rule to itself is not about own devices, one of everybody to their own is', () => {
    expect(changes(granted(), granted(grant(['group:dev'], ['group:dev'], 'tcp:1')))).toEqual([`${DEV} gains tcp/1 on ${DEV} (grants[0])`]); // prettier-ignore
    const self = (port: string) => granted(grant(['autogroup:member'], ['autogroup:self'], port));
    expect(changes(granted(), self('tcp:1'))).toEqual([`${DEV}, grace@other.org and anybody else of the tailnet gain tcp/1 on their own devices (grants[0])`]); // prettier-ignore
    expect(changes(self('tcp:1'), self('tcp:1-2'))).toEqual([`${DEV}, grace@other.org and anybody else of the tailnet gain tcp/2 on their own devices (grants[0])`]); // prettier-ignore
    const { gains } = compareAccess({ policy: granted(), world: world() }, { policy: self('tcp:1'), world: world() });
    expect(gains.map(({ from, to }) => [from.map(({ label }) => label), to])).toEqual([[[ada, grace, linus, 'anybody else of the tailnet'], 'own']]); // prettier-ignore
    const acl = policy({ acls: [{ action: 'accept', proto: 'tcp', src: ['*'], dst: ['autogroup:self:1'] }] });
    expect(changes(granted(), acl)).toEqual([`${DEV}, grace@other.org and anybody else of the tailnet gain tcp/1 on their own devices (acls[0])`]); // prettier-ignore
  });
});
