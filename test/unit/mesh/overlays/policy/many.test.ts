import { describe, expect, test } from 'vitest';
import { allows, asking, granted, policy, world } from './fixtures.ts';

const grant = (src: string, dst: string, ...more: string[]) => ({ src: [src], dst: [dst], ip: ['tcp:443', ...more] });

describe('a question about many', () => {
  const nodes = ['1', '2', '3'].map((n) => ({ name: `app-${n}`, tags: ['tag:app'], addresses: [`100.64.0.${n}`] }));
  const lanHosts = ['1', '2'].map((n) => ({ name: `lan-${n}`, site: 'eu-fra', addresses: [`10.77.10.${n}`] }));
  const around = world({ nodes, lanHosts });
  const each = (all: string[]) => all.flatMap((from) => all.flatMap((to) => (from === to ? [] : [grant(from, to)])));

  test('asks each of each other one, and nobody of itself', () => {
    const among = granted(...each(['100.64.0.1', '100.64.0.2', '100.64.0.3']));
    expect(allows(among, 'tag:app', 'tag:app', 'tcp/443', around)).toBe(true);
    expect(allows(among, 'app-1', 'tag:app', 'tcp/443', around)).toBe(true);
    expect(allows(among, 'tag:app', 'app-1', 'tcp/443', around)).toBe(true);
    expect(allows(granted(...each(['100.64.0.1', '100.64.0.2'])), 'tag:app', 'tag:app', 'tcp/443', around)).toBe(false);
    const lan = '10.77.10.1-10.77.10.2';
    expect(allows(granted(...each(['10.77.10.1', '10.77.10.2'])), lan, lan, 'tcp/443', around)).toBe(true);
    const two = world({ nodes: nodes.slice(0, 2) });
    const one = granted(grant('100.64.0.1', '100.64.0.2'));
    expect(allows(one, 'app-1', 'tag:app', 'tcp/443', two)).toBe(true);
    expect(allows(one, 'tag:app', 'app-2', 'tcp/443', two)).toBe(true);
  });

  test('asks one of itself where that alone was asked', () => {
    expect(allows(granted(grant('tag:app', 'tag:app')), 'app-1', 'app-1', 'tcp/443', around)).toBe(true);
    expect(allows(granted(grant('tag:app', 'tag:db')), 'app-1', 'app-1', 'tcp/443', around)).toBe(false);
  });

  test('asks people of themselves: they have several devices', () => {
    const [ada, linus] = ['ada@example.com', 'linus@example.com'];
    const others = granted(grant(ada, linus), grant(linus, ada));
    expect(allows(others, 'group:dev', 'group:dev', 'tcp/443')).toBe(false);
    expect(allows(granted(grant('group:dev', 'group:dev')), 'group:dev', 'group:dev', 'tcp/443')).toBe(true);
  });

  test('is conditional where it is for one of them', () => {
    const of = policy({
      postures: { 'posture:a': ['x'], 'posture:b': ['y'] },
      grants: [
        { ...grant('ada@example.com', 'tag:db'), srcPosture: ['posture:b'] },
        { ...grant('linus@example.com', 'tag:db'), srcPosture: ['posture:a'] },
        grant('grace@other.org', 'tag:db'),
      ],
    });
    expect(asking(of)('group:dev', 'db-1', 'tcp/443')).toMatchObject({
      allowed: true,
      because: '2 rules permit it: grants[0], grants[1]; if: only devices with posture:a; only devices with posture:b',
      conditional: ['only devices with posture:a', 'only devices with posture:b'],
    });
    const groups = { 'group:dev': ['ada@example.com', 'grace@other.org'], 'group:sre': ['grace@other.org'] };
    const part = policy({ postures: { 'posture:b': ['y'] }, groups, grants: [
        { ...grant('ada@example.com', 'tag:db'), srcPosture: ['posture:b'] },
        grant('grace@other.org', 'tag:db')] }); // prettier-ignore
    expect(asking(part)('group:dev', 'db-1', 'tcp/443').conditional).toEqual(['only devices with posture:b']);
    expect(asking(part)('grace@other.org', 'db-1', 'tcp/443').conditional).toBeUndefined();
  });

  test('says in which family of addresses, for all or for some of them', () => {
    const six = world({ lanHosts: [{ name: 'six', site: 'eu-fra', addresses: ['fd00:77::6'] }, ...world().lanHosts] });
    const because = (to: string, ...dst: string[]) => asking(granted({ src: ['tag:app'], dst, ip: ['tcp:443'] }), six)('app-1', to, 'tcp/443').because; // prettier-ignore
    expect(because('nas-1', 'nas-1')).toBe('1 rule permits it: grants[0]; over IPv4 only');
    expect(because('nas-1', 'nas-1-v6')).toBe('1 rule permits it: grants[0]; over IPv6 only');
    expect(because('nas-1', 'nas-1', 'nas-1-v6')).toBe('1 rule permits it: grants[0]');
    const tags = (...dst: string[]) => asking(granted({ src: ['tag:app'], dst, ip: ['tcp:443'] }), world({ nodes: [
      { name: 'app-1', tags: ['tag:app'], addresses: [] },
      ...['1', '2'].map((n) => ({ name: `db-${n}`, tags: ['tag:db'], addresses: [`100.64.0.${n}`, `fd7a:115c:a1e0::${n}`] }))] }))('app-1', 'tag:db', 'tcp/443').because; // prettier-ignore
    expect(tags('100.64.0.1', '100.64.0.2')).toBe('1 rule permits it: grants[0]; over IPv4 only');
    expect(tags('100.64.0.1', '100.64.0.2', 'fd7a:115c:a1e0::2')).toBe('1 rule permits it: grants[0]; in part over IPv4 only'); // prettier-ignore
    expect(tags('fd7a:115c:a1e0::1', '100.64.0.2')).toBe('1 rule permits it: grants[0]; over IPv4 or IPv6 only');
  });
});

describe('a question about one', () => {
  test.each([
    [0, true],
    [65_535, true],
    [-1, false],
    [65_536, false],
    [1.5, false],
  ])('port %j is one: %j', (port, good) => {
    const ask = () => allows(granted(grant('tag:app', 'tag:db', '*')), 'app-1', 'db-1', `tcp/${port}`);
    if (good) expect(ask()).toBe(true);
    else expect(ask).toThrow('a question about tcp needs a port from 0 to 65535');
  });

  test('the address of the target may be one that a rule names', () => {
    expect(asking(granted(grant('tag:db', '100.64.0.0/11')))('db-1', 'app-1', 'tcp/443').conditional).toEqual(['if the address is one that the rule names']); // prettier-ignore
    expect(asking(granted(grant('tag:db', '100.64.0.0/11')))('db-1', 'app-2', 'tcp/443').conditional).toBeUndefined();
  });

  test('own devices are certain, and a rule to others is not about them', () => {
    const own = granted(grant('ada@example.com', 'tag:db'), grant('autogroup:member', 'autogroup:self'));
    const answer = asking(own)('ada@example.com', 'laptop', 'tcp/443');
    expect(answer).toMatchObject({ allowed: true, because: '1 rule permits it: grants[1]' });
    expect(answer.conditional).toBeUndefined();
    expect(answer.rules).toEqual([{ path: 'grants[1]', line: 1, why: '', src: 'autogroup:member', dst: 'autogroup:self', ip: 'tcp:443' }]); // prettier-ignore
  });

  test('ssh rules: their conditions, and only where Tailscale SSH answers', () => {
    const rule = { action: 'accept', src: ['group:sre'], dst: ['tag:app'], users: ['ops'], srcPosture: ['posture:a'] };
    const of = policy({ postures: { 'posture:a': ['x'] }, grants: [grant('group:sre', 'tag:app')], ssh: [rule] });
    const around = world({ nodes: world().nodes.map((node) => ({ ...node, ssh: node.name === 'app-1' })) });
    const match = { path: 'ssh[0]', line: 1, why: '', src: 'group:sre', dst: 'tag:app', action: 'accept', users: ['ops'] }; // prettier-ignore
    const ask = asking(of, around);
    expect(ask('grace@other.org', 'app-1', 'tcp/443').ssh).toEqual([{ ...match, conditional: 'only devices with posture:a' }]); // prettier-ignore
    expect(ask('grace@other.org', 'app-2', 'tcp/443')).toMatchObject({ allowed: true, ssh: [] });
  });

  test('routers of the target, by name', () => {
    const nodes = ['z', 'b', 'a'].map((name) => ({ name, tags: ['tag:app'], addresses: [], routes: name === 'a' ? ['10.88.0.0/24'] : ['10.77.10.0/24'] })); // prettier-ignore
    const lanHosts = [...world().lanHosts, { name: 'far', site: 'ap-sin', addresses: ['10.88.0.5'] }];
    const through = (to: string) => asking(granted(grant('tag:app', '*')), world({ nodes, lanHosts }))('a', to, 'tcp/443').through; // prettier-ignore
    expect(through('nas-1')).toEqual(['b', 'z']);
    expect(through('far')).toEqual(['a']);
    expect(through('10.77.10.99')).toEqual(['b', 'z']);
    expect(through('203.0.113.7')).toEqual([]);
    expect(through('b')).toEqual([]);
  });
});
