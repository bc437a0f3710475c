import { expect, test } from 'vitest';
import { reasonsOf } from '../../../../mesh/overlays/tailscale/reasons.ts';
import { group, member, node, onLan, role, routersOf, rule, site } from './rules.ts';

const MEMBERS = [
  member('edge', 'fra', [], true),
  member('app-1', 'fra', ['app']),
  member('app-2', 'sin', ['app', 'web']),
  member('db-1', 'sin', ['db']),
];
const asked = (src: string, ...accept: string[]) => ({ src, proto: 'tcp', accept, deny: ['tag:db:22'] });

test('what a test accepts has the reason of each rule that gives it, by whatever name source and target have there', () => {
  const because = (why: string) => ({ why });
  const rules = [
    rule([site('fra')], [role('db')], ['tcp/80'], because('pages')),
    rule([role('app')], [node('db-1')], ['tcp/80-90', 'tcp/443'], because('jobs')),
    rule([role('app')], [node('db-1')], ['tcp/80'], because('jobs')),
    rule([node('app-1')], [site('sin')], ['udp/80', 'tcp/81'], because('by name')),
    rule([routersOf('fra'), role('router')], [role('db')], ['tcp/9100'], because('metrics')),
    rule([role('web'), node('edge')], [role('web')], ['tcp/7'], because('greets')),
    rule([group('sre')], [role('db'), onLan('nas', 'gra')], ['tcp/22'], because('on call')),
    rule([group('sre')], [role('app')], ['tcp/80'], because('elsewhere')),
  ];
  const reasons = reasonsOf(
    [
      asked('tag:app', 'tag:site-sin:80', 'tag:db:80', 'tag:db:443', 'tag:host-db-1:81'),
      asked('tag:web', 'tag:db:80', 'tag:site-sin:7'),
      asked('tag:router', 'tag:db:9100', 'tag:web:7'),
      asked('tag:router-fra', 'tag:db:9100', 'tag:web:7'),
      asked('tag:host-app-1', 'tag:db:81'),
      asked('group:sre', 'tag:db:22', 'nas:22', 'tag:host-app-1:80', 'tag:db:80'),
      asked('group:none', 'tag:none:1'),
    ],
    rules,
    MEMBERS,
  );
  expect(Object.entries(reasons)).toEqual([
    ['group:sre tcp nas:22', 'on call'],
    ['group:sre tcp tag:db:22', 'on call'],
    ['group:sre tcp tag:host-app-1:80', 'elsewhere'],
    // The first member with the role is of Frankfurt and stands for it.
    ['tag:app tcp tag:db:443', 'jobs'],
    ['tag:app tcp tag:db:80', 'jobs; pages'],
    ['tag:app tcp tag:host-db-1:81', 'by name; jobs'],
    ['tag:host-app-1 tcp tag:db:81', 'by name; jobs'],
    ['tag:router tcp tag:db:9100', 'metrics'],
    ['tag:router tcp tag:web:7', 'greets'],
    ['tag:router-fra tcp tag:db:9100', 'metrics'],
    ['tag:router-fra tcp tag:web:7', 'greets'],
    ['tag:web tcp tag:db:80', 'jobs'],
    ['tag:web tcp tag:site-sin:7', 'greets'],
  ]);
});
