import { describe, expect, test } from 'vitest';
import { evaluator, readPolicy, type Policy, type World } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { allows, asking, granted, policy, text, world } from './fixtures.ts';
import { rows } from './told.ts';

/** Two people of whom only one place knows each, and two nodes that say who their user is. */
const around = (): World => ({
  nodes: [
    { name: 'web-1', tags: ['tag:app'], addresses: ['100.64.0.12'] },
    { name: 'phone', tags: [], user: 'mia@example.com', addresses: ['100.64.0.11'] },
    { name: 'ci', tags: ['tag:router'], user: 'bot@example.com', addresses: ['100.64.0.10'] },
  ],
  people: [{ login: 'visitor@example.com' }],
  lanHosts: [{ name: 'nas', site: 'eu-fra', addresses: ['10.77.10.20'] }],
  lans: [{ site: 'eu-fra', cidrs: ['10.77.10.0/24'] }],
});
const full = (): Policy =>
  policy({
    groups: { 'group:dev': ['member@example.com'] },
    tagOwners: { 'tag:app': [], 'tag:router': [], 'tag:new': [], 'tag:later': [] },
    hosts: { backup: '10.77.10.20' },
    grants: [
      { src: ['named@example.com', 'tag:new'], dst: ['svc:web', 'autogroup:auditor'], ip: ['tcp:443'] },
      {
        src: ['user:*@other.org', 'autogroup:shared', 'autogroup:tagged', 'autogroup:danger-all'],
        dst: ['10.1.0.0/16'],
        ip: ['tcp:443'],
      },
    ],
    ssh: [{ action: 'accept', src: ['oncall@example.com'], dst: ['tag:app'], users: ['ops'] }],
  });

describe('who and what there is', () => {
  test('questions may use the names of everybody and everything, and what the policy and the LANs are called', () => {
    expect(evaluator(full(), around()).names()).toEqual([
      'member@example.com', // of a group
      'mia@example.com', // of a device
      'named@example.com', // of a rule
      'oncall@example.com', // of an ssh rule
      'visitor@example.com',
      'ci', // whoever has it: it is tagged, so nobody's device
      'phone',
      'web-1',
      'nas',
      'autogroup:auditor',
      'autogroup:shared',
      'svc:web',
      'tag:new',
      'group:dev',
      'tag:app',
      'tag:router',
      'tag:new',
      'tag:later',
      'backup',
      'LAN of eu-fra',
    ]);
  });

  test('the matrix has them in one order, whatever the order of rules and nodes', () => {
    expect(
      rows(
        granted(
          {
            src: ['autogroup:shared', 'tag:new', 'user:*@zoo.org', 'autogroup:auditor'],
            dst: ['tag:db'],
            ip: ['tcp:1'],
          },
          { src: ['tag:db'], dst: ['tag:router'], ip: ['tcp:2'] },
          { src: ['tag:app'], dst: ['tag:router'], ip: ['tcp:3'] },
          { src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:4'] },
        ),
        world({ nodes: world().nodes.toReversed() }),
      ),
    ).toEqual([
      'app-1 app-2 → db-1: tcp/4',
      'app-1 app-2 → edge-1: tcp/3',
      'db-1 → edge-1: tcp/2',
      'anybody of zoo.org autogroup:auditor autogroup:shared tag:new (no node yet) → db-1: tcp/1',
    ]);
  });

  test('members, tagged nodes and anybody: known ones, and whoever there may be besides', () => {
    const from = (...src: string[]): string[] => rows(granted({ src, dst: ['tag:db'], ip: ['tcp:1'] })).map((row) => row.replace(/ → .*/, '')); // prettier-ignore
    const people = 'ada@example.com grace@other.org linus@example.com';
    expect(from('autogroup:member')).toEqual([`${people} laptop anybody else of the tailnet`]);
    expect(from('autogroup:tagged')).toEqual(['app-1 app-2 db-1 edge-1 any other tagged node']);
    expect(from('autogroup:shared')).toEqual(['autogroup:shared']);
    expect(from('autogroup:auditor')).toEqual(['autogroup:auditor']);
    expect(from('100.64.0.2')).toEqual(['app-2']);
    expect(from('user:*@example.com')).toEqual(['ada@example.com linus@example.com laptop anybody of example.com']);
    expect(from('autogroup:danger-all').join().split(' ')).toEqual(expect.arrayContaining(['app-1', 'internet', 'addresses'])); // prettier-ignore
  });

  test('a tag without nodes is tagged, a role is a member unless it is of guests', () => {
    const to = (src: string, ...more: string[]): string[] => rows(policy({ grants: [{ src: [src], dst: ['tag:db'], ip: ['tcp:1'] }, { src: more, dst: ['tag:db'], ip: ['tcp:2'] }] })).filter((row) => row.endsWith('2')); // prettier-ignore
    expect(to('autogroup:tagged', 'tag:new')).toEqual(['tag:new (no node yet) → db-1: tcp/1-2']);
    expect(to('autogroup:member', 'autogroup:auditor')).toEqual(['autogroup:auditor → db-1: tcp/1-2']);
    expect(to('autogroup:member', 'user:*@zoo.org')).toEqual(['anybody of zoo.org → db-1: tcp/1-2']);
    expect(to('autogroup:member', 'autogroup:shared')).toEqual(['autogroup:shared → db-1: tcp/2']);
  });
});

describe('what a name in a question stands for', () => {
  const grant = (src: string, dst: string) => ({ src: [src], dst: [dst], ip: ['tcp:443'] });

  test('a tag of one node is that node; one that nobody carries is any other tagged node', () => {
    const of = granted(grant('100.64.0.3', 'nas-1'), grant('autogroup:tagged', '10.77.10.30'));
    expect(allows(of, 'tag:db', '10.77.10.20', 'tcp/443')).toBe(true);
    expect(allows(of, 'tag:new', '10.77.10.30', 'tcp/443')).toBe(true);
    expect(asking(of)('tag:new', 'nas-1', 'tcp/443').because).toBe(
      'no rule lets tag:new reach nas-1 on tcp/443; nothing is permitted between them',
    );
  });

  test('a tagged node is nobody’s device, whoever its user is', () => {
    expect(allows(full(), 'ci', 'web-1', 'tcp/443', around())).toBe(false);
    const bot = granted(grant('bot@example.com', 'tag:app'));
    expect(allows(bot, 'bot@example.com', 'web-1', 'tcp/443', around())).toBe(true);
    expect(allows(bot, 'ci', 'web-1', 'tcp/443', around())).toBe(false);
  });

  test('a single address is whoever has it, a prefix is everything in it', () => {
    const of = granted(grant('tag:app', 'nas-1'), grant('tag:app', '100.64.0.3'), grant('tag:db', '100.64.0.0/29'));
    expect(allows(of, 'app-1', '10.77.10.20', 'tcp/443')).toBe(true);
    expect(allows(of, 'app-1', '100.64.0.3', 'tcp/443')).toBe(true);
    expect(asking(of)('app-1', '10.77.10.20-10.77.10.21', 'tcp/443').because).toBe(
      'no rule lets app-1 reach LAN of eu-fra on tcp/443; nothing is permitted between them (1 of 2 pairs are refused)',
    );
  });

  test('the LAN of one site is not that of another', () => {
    const two = world({ lans: [...world().lans, { site: 'ap-sin', cidrs: ['10.88.0.0/24'] }] });
    const of = granted({ src: ['tag:app'], dst: ['10.77.10.0/24', 'fd00:77::/64'], ip: ['tcp:443'] });
    expect(allows(of, 'app-1', 'LAN of eu-fra', 'tcp/443', two)).toBe(true);
    expect(allows(of, 'app-1', 'LAN of ap-sin', 'tcp/443', two)).toBe(false);
  });

  test('a LAN is not only its hosts, also where one of its prefixes is a single address', () => {
    const lans = [{ site: 'eu-fra', cidrs: ['10.77.10.0/24', '10.99.0.7/32'] }];
    const of = granted(grant('tag:app', '10.77.10.16/28'), grant('tag:app', '10.99.0.7'));
    expect(allows(of, 'app-1', 'LAN of eu-fra', 'tcp/443', world({ lans, lanHosts: world().lanHosts.slice(0, 1) }))).toBe(false); // prettier-ignore
  });

  test('a group of nobody is nobody', () => {
    const groups = { 'group:dev': [], 'group:sre': [] };
    const of = readPolicy(text({ groups, grants: [grant('*', '*')] }), { emptyGroups: 'taken' }).policy;
    expect(asking(of)('group:dev', 'db-1', 'tcp/443')).toMatchObject({ allowed: false, because: 'nobody is named' });
  });
});

describe('addresses', () => {
  const grant = (src: string, dst: string) => ({ src: [src], dst: [dst], ip: ['tcp:443'] });

  test('the internet behind an exit node is no source of the tailnet', () => {
    const exit = world({ nodes: world().nodes.map((node) => ({ ...node, routes: ['0.0.0.0/0', '::/0'] })) });
    expect(allows(granted(grant('*', 'tag:db')), '203.0.113.7', 'db-1', 'tcp/443', exit)).toBe(false);
    expect(allows(granted(grant('*', 'tag:db')), 'app-2', 'db-1', 'tcp/443', exit)).toBe(true);
    expect(asking(granted(grant('*', 'tag:db')))('app-2', 'db-1', 'tcp/443').through).toEqual([]);
    expect(asking(granted(grant('*', 'tag:db')), exit)('app-2', 'db-1', 'tcp/443').through).toEqual([]);
    expect(asking(granted(grant('*', '*')), exit)('app-2', '203.0.113.7', 'tcp/443').through).toEqual(['app-1', 'app-2', 'db-1', 'edge-1', 'laptop']); // prettier-ignore
  });

  test('the lowest of all addresses, private ones', () => {
    const of = granted({ src: ['tag:app'], dst: ['0.0.0.0/0'], ip: ['tcp:443'] });
    expect(allows(of, 'app-1', '0.1.2.3', 'tcp/443')).toBe(true);
    expect(allows(of, 'app-1', '10.1.2.3', 'tcp/443')).toBe(true);
    expect(allows(granted(grant('tag:app', '*')), 'app-1', '10.1.2.3', 'tcp/443')).toBe(true);
  });

  test('a piece in which two ranges overlap is the smaller one’s, to its last address', () => {
    expect(
      rows(
        granted(
          { src: ['tag:app'], dst: ['10.9.0.0-10.9.0.5'], ip: ['tcp:1'] },
          { src: ['tag:app'], dst: ['10.9.0.5-10.9.0.99'], ip: ['tcp:2'] },
        ),
      ),
    ).toEqual([
      'app-1 app-2 → 10.9.0.0-10.9.0.5: tcp/1',
      'app-1 app-2 → 10.9.0.0-10.9.0.5: tcp/1-2',
      'app-1 app-2 → 10.9.0.5-10.9.0.99: tcp/2',
    ]);
  });

  test('an address of a node is the node, in its own family', () => {
    const of = granted({ src: ['100.64.0.2'], dst: ['tag:db'], ip: ['tcp:443'] });
    expect(asking(of)('app-2', 'db-1', 'tcp/443').because).toBe('1 rule permits it: grants[0]; over IPv4 only');
    expect(rows(of)).toEqual(['app-2 → db-1: tcp/443 v4']);
  });

  test('hosts whose addresses stand in another order are alike', () => {
    const lanHosts = [
      { name: 'a', site: 'eu-fra', addresses: ['10.77.10.1', 'fd00:77::1'] },
      { name: 'b', site: 'eu-fra', addresses: ['fd00:77::2', '10.77.10.2'] },
    ];
    const dst = ['10.77.10.0/29', 'fd00:77::/120'];
    expect(rows(granted({ src: ['tag:app'], dst, ip: ['tcp:1'] }), world({ lanHosts }))).toContain(
      'app-1 app-2 → a b: tcp/1',
    );
  });

  test('a set of addresses may be in part of the tailnet', () => {
    const of = (...ranges: string[]): Policy => policy({ ipsets: { 'ipset:some': ranges }, grants: [grant('ipset:some', 'tag:db')] }); // prettier-ignore
    const conditional = (ranges: string[]) => asking(of(...ranges))('app-1', 'db-1', 'tcp/443');
    expect(conditional(['100.64.0.0/10', '10.9.0.0/24'])).toMatchObject({ allowed: true });
    expect(conditional(['100.64.0.0/10', '10.9.0.0/24']).conditional).toBeUndefined();
    expect(conditional(['100.64.0.0/11', '10.9.0.0/24']).conditional).toHaveLength(1);
    expect(conditional(['10.8.0.0/24', '10.9.0.0/24']).allowed).toBe(false);
  });
});
