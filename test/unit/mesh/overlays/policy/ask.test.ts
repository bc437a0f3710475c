import { describe, expect, test } from 'vitest';
import { evaluator, readPolicy, Unknown } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { allows, asking, granted, policy, world } from './fixtures.ts';

const grant = (src: string, dst: string, ...ip: string[]) => ({
  src: [src],
  dst: [dst],
  ip: ip.length > 0 ? ip : ['tcp:443'],
});

describe('selectors', () => {
  test.each([
    // a tag: who carries it, and nobody else
    ['tag:app', 'tag:db', 'app-1', 'db-1', true],
    ['tag:app', 'tag:db', 'edge-1', 'db-1', false],
    ['tag:app', 'tag:db', 'app-1', 'edge-1', false],
    // people by login, group, domain, role and membership; a device of theirs is theirs, a tagged node nobody's
    ['ada@example.com', 'tag:db', 'ada@example.com', 'db-1', true],
    ['ada@example.com', 'tag:db', 'laptop', 'db-1', true],
    ['ada@example.com', 'tag:db', 'linus@example.com', 'db-1', false],
    ['group:dev', 'tag:db', 'linus@example.com', 'db-1', true],
    ['group:dev', 'tag:db', 'grace@other.org', 'db-1', false],
    ['user:*@example.com', 'tag:db', 'linus@example.com', 'db-1', true],
    ['user:*@example.com', 'tag:db', 'grace@other.org', 'db-1', false],
    ['autogroup:admin', 'tag:db', 'ada@example.com', 'db-1', true],
    ['autogroup:admin', 'tag:db', 'linus@example.com', 'db-1', false],
    ['autogroup:member', 'tag:db', 'grace@other.org', 'db-1', true],
    ['autogroup:members', 'tag:db', 'laptop', 'db-1', true],
    ['autogroup:member', 'tag:db', 'app-1', 'db-1', false],
    ['autogroup:tagged', 'tag:db', 'app-1', 'db-1', true],
    ['autogroup:tagged', 'tag:db', 'laptop', 'db-1', false],
    // own devices
    ['autogroup:member', 'autogroup:self', 'ada@example.com', 'laptop', true],
    ['autogroup:member', 'autogroup:self', 'linus@example.com', 'laptop', false],
    ['autogroup:member', 'autogroup:self', 'ada@example.com', 'db-1', false],
    // addresses: of a node, of a LAN host by alias, prefix or range, of a LAN
    ['100.64.0.2', 'tag:db', 'app-2', 'db-1', true],
    ['100.64.0.2', 'tag:db', 'edge-1', 'db-1', false],
    ['100.64.0.2-100.64.0.4', 'tag:db', 'edge-1', 'db-1', true],
    ['100.64.0.0/10', 'tag:db', 'app-1', 'db-1', true],
    ['100.64.0.0/10', 'tag:db', 'linus@example.com', 'db-1', true],
    ['tag:app', 'nas-1', 'app-1', 'nas-1', true],
    ['tag:app', 'nas-1', 'app-1', 'printer', false],
    ['tag:app', 'lan-fra', 'app-1', 'printer', true],
    ['tag:app', 'lan-fra', 'app-1', '10.77.10.99', true],
    ['tag:app', 'lan-fra', 'app-1', 'LAN of eu-fra', false], // its IPv6 part is not in the alias
    ['tag:app', 'lan-fra', 'app-1', '10.77.10.0/24', true],
    ['tag:app', '10.77.10.16/28', 'app-1', '10.77.10.0/24', false],
    ['lan-fra', 'tag:db', 'printer', 'db-1', true],
    ['lan-fra', 'tag:db', 'app-1', 'db-1', false],
    // `*`: as a source nodes and what is behind approved routes, as a target everything
    ['*', 'tag:db', 'printer', 'db-1', true],
    ['*', 'tag:db', 'grace@other.org', 'db-1', true],
    ['*', 'tag:db', '203.0.113.7', 'db-1', false],
    ['autogroup:danger-all', 'tag:db', '203.0.113.7', 'db-1', true],
    ['tag:app', '*', 'app-1', '203.0.113.7', true],
    // the internet is neither LANs nor nodes
    ['tag:app', 'autogroup:internet', 'app-1', '203.0.113.7', true],
    ['tag:app', 'autogroup:internet', 'app-1', '2606:4700::1111', true],
    ['tag:app', 'autogroup:internet', 'app-1', 'nas-1', false],
    ['tag:app', 'autogroup:internet', 'app-1', 'db-1', false],
    // services answer and do not ask
    ['tag:app', 'svc:web', 'app-1', 'svc:web', true],
  ])('%s → %s: %s → %s is %s', (src, dst, from, to, expected) => {
    expect(allows(granted(grant(src, dst)), from, to, 'tcp/443')).toBe(expected);
  });

  test('a service is in nobody’s star as a source', () => {
    const read = policy({ grants: [grant('*', 'tag:db'), grant('tag:app', 'svc:web')] });
    expect(allows(read, 'svc:web', 'db-1', 'tcp/443')).toBe(false);
    expect(allows(read, 'app-1', 'db-1', 'tcp/443')).toBe(true);
  });

  test('only behind an approved route a LAN is in the star', () => {
    const unrouted = world({ nodes: world().nodes.map((node) => ({ ...node, routes: [] })) });
    expect(allows(granted(grant('*', 'tag:db')), 'printer', 'db-1', 'tcp/443', unrouted)).toBe(false);
  });

  test('a tag without nodes is whoever will carry it', () => {
    expect(allows(granted(grant('tag:new', 'tag:db')), 'tag:new', 'db-1', 'tcp/443')).toBe(true);
    expect(allows(granted(grant('tag:app', 'tag:db')), 'tag:new', 'db-1', 'tcp/443')).toBe(false);
  });

  test('connections are between addresses of one family', () => {
    const six = granted(grant('nas-1', 'nas-1-v6'), grant('tag:app', 'nas-1-v6'), grant('nas-1-v6', 'tag:db'));
    expect(allows(six, 'printer', 'nas-1', 'tcp/443')).toBe(false);
    expect(asking(six)('app-1', 'nas-1', 'tcp/443')).toMatchObject({ allowed: true, because: expect.stringContaining('over IPv6 only') as string }); // prettier-ignore
    expect(allows(six, 'app-1', 'fd00:77::20', 'tcp/443')).toBe(true);
    expect(allows(six, 'app-1', '10.77.10.20', 'tcp/443')).toBe(false);
    expect(allows(six, 'nas-1', 'db-1', 'tcp/443')).toBe(true);
    const both = granted(grant('tag:app', 'nas-1'), grant('tag:app', 'nas-1-v6'));
    expect(asking(both)('app-1', 'nas-1', 'tcp/443').because).not.toContain('only');
  });
});

describe('ports and protocols', () => {
  test.each([
    [['tcp:443'], 'tcp/443', true],
    [['tcp:443'], 'tcp/444', false],
    [['tcp:443'], 'udp/443', false],
    [['443'], 'udp/443', true],
    [['8000-8080'], 'tcp/8080', true],
    [['8000-8080'], 'tcp/8081', false],
    [['tcp:22,80-90'], 'tcp/85', true],
    [['tcp:22,80-90'], 'tcp/79', false],
    [['*'], 'tcp/1', true],
    [['*'], 'sctp/1', false],
    [['*'], 'gre', false],
    [['sctp:*'], 'sctp/1', true],
    [['gre:*'], 'gre', true],
    [['gre:*'], '47', true],
    [['47:*'], 'gre', true],
    [['6:443'], 'tcp/443', true],
    [['99:*'], '99', true],
    [['99:*'], '98', false],
    // Any open port lets a ping through, and a ping opens none.
    [['icmp:*'], 'icmp', true],
    [['tcp:443'], 'icmp', true],
    [['gre:*'], 'icmp', true],
    [['icmp:*'], 'tcp/443', false],
    [['ipv6-icmp:*'], 'icmp', true],
  ])('%j on %s is %s', (ip, on, expected) => {
    expect(allows(granted(grant('tag:app', 'tag:db', ...ip)), 'app-1', 'db-1', on)).toBe(expected);
  });

  test('acls: ports behind each destination, proto by name and number', () => {
    const old = (more: Record<string, unknown>) => policy({ acls: [{ action: 'accept', src: ['tag:app'], ...more }] });
    const two = old({ dst: ['tag:db:5432', '[fd00:77::20]:80,443', 'lan-fra:*'] });
    expect(allows(two, 'app-1', 'db-1', 'tcp/5432')).toBe(true);
    expect(allows(two, 'app-1', 'db-1', 'tcp/443')).toBe(false);
    expect(allows(two, 'app-1', 'fd00:77::20', 'tcp/443')).toBe(true);
    expect(allows(two, 'app-1', 'printer', 'udp/9')).toBe(true);
    expect(allows(old({ proto: 'udp', dst: ['tag:db:53'] }), 'app-1', 'db-1', 'tcp/53')).toBe(false);
    expect(allows(old({ proto: '17', dst: ['tag:db:53'] }), 'app-1', 'db-1', 'udp/53')).toBe(true);
    expect(allows(old({ proto: 6, dst: ['tag:db:53'] }), 'app-1', 'db-1', 'tcp/53')).toBe(true);
  });

  test('a text without acls and grants permits everything, an empty section nothing', () => {
    expect(allows(policy({}), 'app-1', 'db-1', 'tcp/22')).toBe(true);
    expect(allows(policy({ acls: [] }), 'app-1', 'db-1', 'tcp/22')).toBe(false);
    expect(allows(policy({ grants: [] }), 'app-1', 'db-1', 'tcp/22')).toBe(false);
    expect(asking(policy({}))('app-1', 'db-1', 'tcp/22').because).toContain('neither acls nor grants');
  });
});

describe('answers', () => {
  const read = readPolicy(`{
    "tagOwners": {"tag:app": [], "tag:db": [], "tag:router": []},
    "groups": {"group:dev": ["ada@example.com", "linus@example.com"]},
    "hosts": {"nas-1": "10.77.10.20"},
    "grants": [
      // the app reads the database
      {"src": ["group:dev", "tag:app"], "dst": ["tag:router", "tag:db"], "ip": ["tcp:80", "tcp:5432"]},
      // backups
      {"src": ["tag:app"], "dst": ["nas-1"], "ip": ["tcp:873"]},
      // work
      {"src": ["ada@example.com"], "dst": ["tag:db"], "ip": ["*"]},
    ],
    "ssh": [
      // on call
      {"action": "check", "src": ["group:dev"], "dst": ["tag:db"], "users": ["ops"], "checkPeriod": "12h"},
    ],
  }`).policy;
  const ask = asking(read);

  test('name every rule, and what each side matched in it', () => {
    expect(ask('ada@example.com', 'db-1', 'tcp/5432')).toMatchObject({
      allowed: true,
      because: '2 rules permit it: grants[0], grants[2]',
      rules: [
        { path: 'grants[0]', line: 7, why: 'the app reads the database', src: 'group:dev', dst: 'tag:db', ip: 'tcp:80, tcp:5432' },
        { path: 'grants[2]', line: 11, why: 'work', src: 'ada@example.com', dst: 'tag:db', ip: '*' },
      ],
    }); // prettier-ignore
  });

  test('a no says what is permitted between the two', () => {
    const no = ask('app-1', 'db-1', 'tcp/22');
    expect(no).toMatchObject({ allowed: false, rules: [] });
    expect(no.because).toBe('no rule lets app-1 reach db-1 on tcp/22; between them only tcp/80, tcp/5432 is permitted');
    expect(ask('edge-1', 'db-1', 'tcp/22').because).toContain('nothing is permitted between them');
  });

  test('of many: all or nothing, and nobody is asked about itself', () => {
    expect(ask('group:dev', 'db-1', 'tcp/5432').allowed).toBe(true);
    expect(ask('group:dev', 'db-1', 'tcp/6').because).toBe('no rule lets linus@example.com reach db-1 on tcp/6; between them only tcp/80, tcp/5432 is permitted (1 of 2 pairs are refused)'); // prettier-ignore
    const among = policy({
      grants: [{ src: ['app-alias'], dst: ['tag:app'], ip: ['*'] }],
      hosts: { 'app-alias': '100.64.0.2' },
    });
    expect(asking(among)('app-2', 'tag:app', 'tcp/1').allowed).toBe(true);
    expect(asking(among)('tag:app', 'tag:app', 'tcp/1').allowed).toBe(false);
  });

  test('tell the routers of a LAN host, and ssh rules between nodes', () => {
    expect(ask('app-1', 'nas-1', 'tcp/873').through).toEqual(['edge-1']);
    expect(ask('app-1', 'db-1', 'tcp/5432').through).toEqual([]);
    expect(ask('linus@example.com', 'db-1', 'tcp/5432').ssh).toEqual([
      { path: 'ssh[0]', line: 15, why: 'on call', src: 'group:dev', dst: 'tag:db', action: 'check', users: ['ops'], checkPeriod: '12h' },
    ]); // prettier-ignore
    expect(ask('app-1', 'db-1', 'tcp/5432').ssh).toEqual([]);
  });

  test('names that are nobody’s, ports and protocols that do not exist', () => {
    expect(() => ask('app-3', 'db-1', 'tcp/22')).toThrow(Unknown);
    expect(() => ask('app-1', '100.64.9.9', 'tcp/22')).toThrow(Unknown);
    expect(() => ask('app-1', 'db-1', 'tpc/22')).toThrow('no protocol is called "tpc"');
    expect(() => ask('app-1', 'db-1', 'tcp/70000')).toThrow('a port from 0 to 65535');
    expect(() => ask('app-1', 'db-1', 'tcp')).toThrow('needs a port');
    expect(evaluator(read, world()).names()).toEqual(expect.arrayContaining(['app-1', 'nas-1', 'group:dev', 'tag:db', 'linus@example.com'])); // prettier-ignore
  });
});

describe('what cannot be judged makes an answer conditional', () => {
  test.each([
    [{ srcPosture: ['posture:new'] }, 'only devices with posture:new'],
    [{ via: ['tag:router'] }, 'only through tag:router'],
    [{ quota: 3 }, 'as far as "quota" lets it'],
  ])('%j', (more, condition) => {
    const postures = { 'posture:new': ["node:os == 'linux'"] };
    const conditional = policy({ postures, grants: [{ ...grant('tag:app', 'tag:db'), ...more }] });
    expect(asking(conditional)('app-1', 'db-1', 'tcp/443')).toMatchObject({
      allowed: true,
      conditional: [condition],
      because: expect.stringContaining(`if: ${condition}`) as string,
    });
    const besides = policy({ postures, grants: [{ ...grant('tag:app', 'tag:db'), ...more }, grant('tag:app', '*')] });
    expect(asking(besides)('app-1', 'db-1', 'tcp/443').conditional).toBeUndefined();
    expect(asking(conditional)('app-1', 'edge-1', 'tcp/443').allowed).toBe(false);
  });

  test('the default posture is asked of rules that name none', () => {
    const sections = { postures: { 'posture:a': ['x'], 'posture:b': ['y'] }, grants: [grant('tag:app', 'tag:db'), { ...grant('tag:app', 'tag:router'), srcPosture: ['posture:b'] }] }; // prettier-ignore
    const ask = asking(policy({ ...sections, defaultSrcPosture: ['posture:a'] }));
    expect(ask('app-1', 'db-1', 'tcp/443').conditional).toEqual(['only devices with posture:a']);
    expect(ask('app-1', 'edge-1', 'tcp/443').conditional).toEqual(['only devices with posture:b']);
    expect(asking(policy(sections))('app-1', 'db-1', 'tcp/443').conditional).toBeUndefined();
  });

  test('the address of a node that has not joined, or of a person’s device', () => {
    const half = granted(grant('100.64.0.0/11', 'tag:db'));
    expect(asking(half)('app-1', 'db-1', 'tcp/443').conditional).toEqual(['if the address is one that the rule names']);
    expect(asking(half)('linus@example.com', 'db-1', 'tcp/443').conditional).toHaveLength(1);
    expect(asking(half)('app-2', 'db-1', 'tcp/443').conditional).toBeUndefined();
    expect(allows(granted(grant('100.96.0.0/11', 'tag:db')), 'app-2', 'db-1', 'tcp/443')).toBe(false);
    expect(allows(granted(grant('10.0.0.0/8', 'tag:db')), 'app-1', 'db-1', 'tcp/443')).toBe(false);
  });
});
