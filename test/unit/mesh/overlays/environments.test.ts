import { describe, expect, test } from 'vitest';
import { environmentDenies, memberDenies } from '../../../../mesh/overlays/tailscale/environments.ts';
import { entryInStack, modelInStack, type StackModel } from '../../../../mesh/overlays/tailscale/in-stack.ts';
import { control, EMPTY, group, lan, member, node, onLan, role, routersOf, rule, site, tool } from './rules.ts';

const stack = (name: string, ...rules: StackModel['rules']) => ({ stack: name, model: { ...EMPTY, rules } });

describe('between stacks of one tailnet', () => {
  const db = onLan('prod-db', 'prod-fra', '10.1.0.1', 'fd00:1::1');
  const prod = stack(
    'prod',
    rule([group('sre'), role('prod-app')], [db, node('prod-nas')], ['udp/53', 'tcp/5432']),
    rule([group('dev')], [db], ['tcp/20-25']),
  );
  const test1 = stack('test', rule([onLan('test-app', 'test-fra', '10.2.0.1')], [role('test-db')], ['tcp/80']));

  test('LAN hosts of one are denied every service port and SSH of those of the other, in their family', () => {
    expect(environmentDenies([prod, test1])).toEqual([
      { src: 'prod-db', proto: 'tcp', accept: [], deny: ['test-app:22'] },
      {
        src: 'test-app',
        proto: 'tcp',
        accept: [],
        deny: ['prod-db:20', 'prod-db:22', 'prod-db:25', 'prod-db:5432'],
      },
      { src: 'test-app', proto: 'udp', accept: [], deny: ['prod-db:53'] },
    ]);
  });

  test('addresses of the other family are a matter of their own', () => {
    const six = stack('test', rule([group('sre')], [onLan('test-nas', 'test-fra', '10.2.0.2', 'fd00:2::2')], []));
    expect(environmentDenies([prod, six]).map(({ src, deny }) => [src, ...deny])).toEqual([
      ['prod-db', 'test-nas:22'],
      ['prod-db-v6', 'test-nas-v6:22'],
      ['test-nas', 'prod-db:20', 'prod-db:22', 'prod-db:25', 'prod-db:5432'],
      ['test-nas', 'prod-db:53'],
      ['test-nas-v6', 'prod-db-v6:20', 'prod-db-v6:22', 'prod-db-v6:25', 'prod-db-v6:5432'],
      ['test-nas-v6', 'prod-db-v6:53'],
    ]);
  });

  test('a stack alone has nothing to be kept from', () => {
    expect(environmentDenies([prod])).toEqual([]);
  });

  test('the first eight hosts by name stand for the rest: the text would grow with the product', () => {
    const hosts = ['9', '8', '7', '6', '5', '4', '3', '2', '1', '0'].map((n) => onLan(`test-${n}`, 'test-fra'));
    const many = stack('test', rule([group('sre')], hosts, []));
    const denies = environmentDenies([prod, many]);
    const first = ['0', '1', '2', '3', '4', '5', '6', '7'];
    expect(denies.find(({ src }) => src === 'prod-db')?.deny).toEqual(first.map((n) => `test-${n}:22`));
    expect([...new Set(denies.map(({ src }) => src))]).toEqual(['prod-db', ...first.map((n) => `test-${n}`)]);
  });

  test('members are denied the LAN hosts of the others, site by site', () => {
    const at = (n: number, members = true) => ({ name: `test-${n}`, cidr: '10.2.0.0/24', routers: true, members });
    const model = { ...EMPTY, sites: [at(0, false), ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => at(n))] };
    const app = stack('prod', rule([group('sre')], [onLan('prod-db', 'prod-fra')], ['udp/53']));
    expect(memberDenies(model, [app]).map(({ src, proto, deny }) => [src, proto, ...deny])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => [
        [`tag:site-test-${n}`, 'tcp', 'prod-db:22'],
        [`tag:site-test-${n}`, 'udp', 'prod-db:53'],
      ]),
    );
  });
});

describe('the name of the stack in front', () => {
  test('stands before every name of a site, role, tool and host, and whose rule it is', () => {
    const model: StackModel = {
      groups: { sre: ['grace@example.com'] },
      sites: [{ name: 'fra', cidr: '10.1.0.0/24', routers: true, members: true }],
      members: [member('edge', 'fra', ['relay'], true), member('app', 'fra', ['web'])],
      namedMembers: ['app'],
      memberRoles: ['router', 'relay', 'web'],
      tools: ['ci'],
      lanHosts: [onLan('nas', 'fra', '10.1.0.20')],
      rules: [
        rule([group('sre'), site('fra'), tool('ci')], [onLan('nas', 'fra', '10.1.0.20'), node('app'), role('web')], []),
        control('fra', '10.1.0.0/24'),
      ],
    };
    expect(modelInStack(model, 'prod')).toEqual({
      groups: { sre: ['grace@example.com'] },
      sites: [{ name: 'prod-fra', cidr: '10.1.0.0/24', routers: true, members: true }],
      members: [
        member('prod-edge', 'prod-fra', ['prod-relay', 'prod-router'], true),
        member('prod-app', 'prod-fra', ['prod-web']),
      ],
      namedMembers: ['prod-app'],
      memberRoles: ['prod-router', 'prod-relay', 'prod-web'],
      tools: ['prod-ci'],
      lanHosts: [onLan('prod-nas', 'prod-fra', '10.1.0.20')],
      rules: [
        rule(
          [group('sre'), site('prod-fra'), tool('prod-ci')],
          [{ ...onLan('nas', 'fra', '10.1.0.20'), name: 'prod-nas' }, node('prod-app'), role('prod-web')],
          [],
          { why: 'prod: wanted' },
        ),
        rule([routersOf('prod-fra')], [lan('prod-fra', '10.1.0.0/24')], ['icmp/*'], {
          implicit: true,
          why: 'prod: control',
        }),
      ],
    });
  });

  test('is told behind hosts and LANs, not behind groups, where another stack’s preview speaks of them', () => {
    const entry = { from: 'group:sre', to: 'db', ports: ['tcp/22'], why: 'on call', implicit: false };
    expect(entryInStack({ ...entry, people: ['grace@example.com'] }, 'prod')).toEqual({
      ...entry,
      people: ['grace@example.com'],
      to: 'db of prod',
    });
    expect(entryInStack({ ...entry, from: 'site:fra' }, 'prod')).toEqual({
      ...entry,
      from: 'site:fra of prod',
      to: 'db of prod',
    });
    const behind = { of: 'role:app', site: 'fra', hosts: ['a', 'b'] };
    expect(entryInStack({ ...entry, from: 'role:app on the LAN of fra', lan: behind }, 'prod')).toEqual({
      ...entry,
      from: 'role:app on the LAN of fra of prod',
      lan: { ...behind, hosts: ['a of prod', 'b of prod'] },
      to: 'db of prod',
    });
  });
});
