import { describe, expect, test } from 'vitest';
import { evaluator, labelText } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { granted, policy, world } from './fixtures.ts';
import { rows as told } from './told.ts';

describe('the matrix', () => {
  test('has a row for each class of sources and targets, and none for what is denied', () => {
    const rows = told(
      granted(
        { src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:5432'] },
        { src: ['group:dev'], dst: ['tag:app', 'tag:db'], ip: ['tcp:22', 'icmp:*'] },
      ),
    );
    // The laptop is ada's, and stands for itself besides.
    expect(rows).toEqual([
      'ada@example.com linus@example.com laptop → app-1 app-2: tcp/22',
      'ada@example.com linus@example.com laptop → db-1: tcp/22',
      'app-1 app-2 → db-1: tcp/5432',
    ]);
  });

  test('puts ports of several rules together, and names those that give them', () => {
    const rows = evaluator(
      granted(
        { src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:80', 'tcp:81'] },
        { src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:82'] },
        { src: ['tag:app'], dst: ['tag:db'], ip: ['icmp:*'] },
      ),
      world(),
    ).matrix();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      ports: ['tcp/80-82'],
      rules: [
        { path: 'grants[0]', ports: ['tcp/80-81'] },
        { path: 'grants[1]', ports: ['tcp/82'] },
      ],
    });
    expect(told(granted({ src: ['tag:app'], dst: ['tag:db'], ip: ['icmp:*'] }))).toEqual([
      'app-1 app-2 → db-1: icmp/*',
    ]);
    expect(told(granted({ src: ['tag:app'], dst: ['tag:db'], ip: ['*', 'sctp:7'] }))).toEqual([
      'app-1 app-2 → db-1: * sctp/7',
    ]);
  });

  test('tells the family where only one of two is open', () => {
    expect(told(granted({ src: ['tag:app'], dst: ['nas-1'], ip: ['tcp:873'] }))).toEqual([
      'app-1 app-2 → nas-1: tcp/873 v4',
    ]);
    expect(told(granted({ src: ['tag:app'], dst: ['nas-1', 'nas-1-v6'], ip: ['tcp:873'] }))).toEqual([
      'app-1 app-2 → nas-1: tcp/873',
    ]);
    expect(told(granted({ src: ['tag:app'], dst: ['10.77.10.30'], ip: ['tcp:631'] }))).toEqual([
      'app-1 app-2 → printer: tcp/631',
    ]);
  });

  test('own devices, conditions, logins by ssh', () => {
    expect(told(granted({ src: ['autogroup:member'], dst: ['autogroup:self'], ip: ['*'] }))).toEqual([
      'ada@example.com grace@other.org linus@example.com laptop anybody else of the tailnet → own: *',
    ]);
    expect(told(granted({ src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:1'], via: ['tag:router'] }, { src: ['tag:app'], dst: ['tag:db'], ip: ['tcp:2'] }))).toEqual([
      'app-1 app-2 → db-1: tcp/2',
      'app-1 app-2 → db-1: tcp/1 if only through tag:router',
    ]); // prettier-ignore
    const ssh = (rules: unknown[]) => told(policy({ grants: [], ssh: rules }));
    const rule = { action: 'accept', src: ['group:sre'], dst: ['tag:db'], users: ['ops', 'root'] };
    expect(ssh([rule])).toEqual(['grace@other.org → db-1: ssh as ops without a check ssh as root without a check']);
    expect(ssh([rule, { ...rule, action: 'check', users: ['autogroup:nonroot'] }])).toEqual([
      'grace@other.org → db-1: ssh as any user but root ssh as root without a check',
    ]);
  });

  test('ssh rules lead to nothing where Tailscale SSH does not answer', () => {
    const rule = { action: 'accept', src: ['group:sre'], dst: ['tag:app'], users: ['ops'] };
    const of = (ssh: boolean) => world({ nodes: world().nodes.map((node) => ({ ...node, ssh: ssh || node.name === 'app-1' })) }); // prettier-ignore
    expect(told(policy({ grants: [], ssh: [rule] }), of(true))).toEqual(['grace@other.org → app-1 app-2: ssh as ops without a check']); // prettier-ignore
    expect(told(policy({ grants: [], ssh: [rule] }), of(false))).toEqual(['grace@other.org → app-1: ssh as ops without a check']); // prettier-ignore
  });

  test('allow-all names everybody and everything, the internet too', () => {
    const rows = evaluator(policy({}), world()).matrix();
    expect(new Set(rows.map(({ ports }) => ports.join()))).toEqual(new Set(['*']));
    const labels = (end: 'from' | 'to'): string[] => rows.flatMap((row) => (row[end] === 'own' ? [] : row[end].map(({ label }) => label))); // prettier-ignore
    const everybody = ['app-1', 'laptop', 'ada@example.com', 'nas-1', 'LAN of eu-fra', 'anybody else of the tailnet', 'any other tagged node']; // prettier-ignore
    expect(labels('from')).toEqual(expect.arrayContaining(everybody));
    expect(labels('to')).toEqual(expect.arrayContaining([...everybody, 'the internet', 'other addresses']));
    expect(labels('from')).not.toContain('the internet');
  });
});

describe('labels', () => {
  test('groups, tags and LANs where all of them is meant; names else', () => {
    const judge = evaluator(
      granted(
        { src: ['group:dev'], dst: ['tag:app', 'tag:db'], ip: ['tcp:22'] },
        { src: ['linus@example.com'], dst: ['10.77.10.0/24', 'fd00:77::/64'], ip: ['tcp:80'] },
        { src: ['100.64.0.2'], dst: ['lan-fra'], ip: ['tcp:81'] },
      ),
      world(),
    );
    const label = judge.labels((tag) => (tag === 'tag:app' ? 'role:app' : undefined));
    const texts = judge.matrix().map(({ from, to, ports }) => [label(from).map(labelText), to === 'own' ? [] : label(to).map(labelText), ports.join()]); // prettier-ignore
    expect(texts).toContainEqual([['ada@example.com'], ['role:app (app-1, app-2)', 'db-1'], 'tcp/22']);
    expect(label([...judge.matrix().flatMap(({ from }) => from)]).map(({ name }) => name)).toEqual(expect.arrayContaining(['group:dev', 'app-2'])); // prettier-ignore
    const whole = judge.matrix().filter(({ ports }) => ports.includes('tcp/80')).flatMap(({ to }) => (to === 'own' ? [] : to)); // prettier-ignore
    expect(label(whole).map(labelText)).toEqual(['LAN of eu-fra (nas-1, printer)']);
    const part = judge.matrix().filter(({ ports }) => ports.includes('tcp/81')).flatMap(({ to }) => (to === 'own' ? [] : to)); // prettier-ignore
    expect(label(part).map(({ name }) => name)).toEqual(expect.arrayContaining(['nas-1', 'printer', 'LAN of eu-fra']));
    expect(label(part).map(labelText)).not.toContain('LAN of eu-fra (nas-1, printer)');
  });
});
