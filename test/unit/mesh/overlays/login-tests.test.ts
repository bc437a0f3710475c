import { describe, expect, test } from 'vitest';
import { sshTests, withSshTests } from '../../../../mesh/overlays/tailscale/ssh-tests.ts';
import { group, member, node, onLan, role, rule, site } from './rules.ts';

const GROUPS = { sre: ['grace@example.com'], dev: ['ada@example.com'] };
const MEMBERS = [member('app-1', 'fra', ['app']), member('db-1', 'sin', ['db']), member('db-2', 'fra', ['db'])];
const NAS = onLan('nas', 'fra', '10.0.0.9');
const AROUND = { groups: GROUPS, members: MEMBERS, lanHosts: [NAS] };
const login = (from: string, to: Parameters<typeof rule>[1], users: string[], check?: string) =>
  rule([group(from)], to, ['tcp/22'], { ssh: { users, ...(check !== undefined && { check }) } });

describe('tests of logins', () => {
  const tested = (...rules: ReturnType<typeof login>[]) =>
    sshTests(rules, AROUND)
      .filter(({ src }) => src.startsWith('group:'))
      .map(({ src, dst, accept, check, deny }) => [src, ...dst, { accept, check, deny }]);

  test('name what each group gets on a tag, at once and after a check, and that nothing else is given there', () => {
    expect(
      tested(
        login('sre', [role('app')], ['web', 'ops']),
        login('sre', [role('app')], ['root'], '12h'),
        login('dev', [role('app')], ['autogroup:nonroot'], '1h'),
        login('dev', [node('db-1')], ['backup']),
      ),
    ).toEqual([
      ['group:dev', 'tag:app', { accept: [], check: ['nobody', 'ops', 'web'], deny: ['root'] }],
      ['group:dev', 'tag:host-db-1', { accept: ['backup'], check: [], deny: ['root'] }],
      ['group:sre', 'tag:app', { accept: ['ops', 'web'], check: ['root'], deny: ['nobody'] }],
      ['group:sre', 'tag:host-db-1', { accept: [], check: [], deny: ['backup', 'root'] }],
    ]);
  });

  test('say nothing of a login that some nodes give and others do not, nor of one that is given in both ways', () => {
    expect(tested(login('sre', [role('db')], ['ops']), login('sre', [node('db-1')], ['ops', 'db'], 'always'))).toEqual([
      ['group:sre', 'tag:db', { accept: [], check: [], deny: ['root'] }],
      ['group:sre', 'tag:host-db-1', { accept: [], check: ['db'], deny: ['root'] }],
    ]);
    expect(tested(login('sre', [role('db')], ['root']), login('sre', [node('db-1')], ['root'], '1h'))).toEqual([]);
  });

  test('come from members too, and never from a LAN host, which has no login', () => {
    const rules = [
      rule([site('sin')], [role('app')], ['tcp/22'], { ssh: { users: ['ops'] } }),
      rule([NAS], [role('db')], ['tcp/80']),
    ];
    expect(sshTests(rules, AROUND)).toEqual([
      { src: 'tag:site-fra', dst: ['tag:app'], accept: [], check: [], deny: ['ops', 'root'] },
      { src: 'tag:site-sin', dst: ['tag:app'], accept: ['ops'], check: [], deny: ['root'] },
    ]);
    expect(sshTests(rules.slice(1), AROUND)).toEqual([]);
  });
});

describe('a policy with tests of logins in it', () => {
  test.each([
    ['{}\n', '{\n\t"sshTests": [],\n}\n'],
    ['{"acls": []}', '{"acls": [],\n\t"sshTests": [],\n}\n'],
    ['{\n\t"acls": [],\n}\n\n', '{\n\t"acls": [],\n\t"sshTests": [],\n}\n'],
  ])('%j has them at its end', (text, expected) => {
    expect(withSshTests(text, [])).toBe(expected);
  });

  test('needs a text that ends with its brace', () => {
    expect(() => withSshTests('{"acls": []} // the end', [])).toThrow('closing brace');
  });
});
