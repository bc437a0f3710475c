import { describe, expect, test } from 'vitest';
import type { StackModel } from '../../../../mesh/overlays/tailscale/in-stack.ts';
import { mergeParts } from '../../../../mesh/overlays/tailscale/merge.ts';
import { EMPTY, group, member, onLan, role, rule } from './rules.ts';

const model = (more: Partial<StackModel> = {}): StackModel => ({ ...EMPTY, ...more });
/** Two stacks, told in both orders, which must make no difference. */
const merged = (models: Record<string, Partial<StackModel>>, owner = 'a') => {
  const parts = Object.entries(models).map(([stack, more]) => ({ stack, model: model(more) }));
  const answer = mergeParts(parts, owner);
  expect(mergeParts(parts.toReversed(), owner)).toEqual(answer);
  return answer;
};
const faults = (models: Record<string, Partial<StackModel>>): string[] => {
  const answer = merged(models);
  return answer.ok
    ? []
    : answer.faults.map(
        ({ stack, path, value, problem, remedy }) => `${stack} ${path} ${value}: ${problem} → ${remedy}`,
      );
};

describe('one policy of several stacks', () => {
  test('has the parts of each, by the name of the stack, and a credential for each', () => {
    const at = (cidr: string) => [{ name: 'fra', cidr, routers: true, members: true }];
    const db = (address: string) => onLan('db', 'fra', address);
    const answer = merged(
      {
        prod: {
          groups: { sre: ['grace@example.com'] },
          sites: at('10.2.0.0/24'),
          members: [member('app', 'fra', ['web'])],
          namedMembers: ['app'],
          memberRoles: ['web'],
          tools: ['ci'],
          lanHosts: [db('10.2.0.2')],
          rules: [rule([group('sre')], [db('10.2.0.2')], ['tcp/80'])],
        },
        dev: {
          groups: { sre: ['grace@example.com'], dev: ['ada@example.com'] },
          sites: at('10.1.0.0/24'),
          rules: [rule([group('dev')], [db('10.1.0.2')], ['tcp/80'])],
        },
        lab: { memberRoles: ['web'] },
      },
      'prod',
    );
    const named = (name: string, stack: string, address: string) => ({ ...onLan(name, `${stack}-fra`, address) });
    expect(answer).toEqual({
      ok: true,
      model: {
        groups: { sre: ['grace@example.com'], dev: ['ada@example.com'] },
        sites: [
          { name: 'dev-fra', cidr: '10.1.0.0/24', routers: true, members: true },
          { name: 'prod-fra', cidr: '10.2.0.0/24', routers: true, members: true },
        ],
        members: [member('prod-app', 'prod-fra', ['prod-web'])],
        namedMembers: ['prod-app'],
        memberRoles: ['lab-web', 'prod-web'],
        tools: ['prod-ci'],
        lanHosts: [named('prod-db', 'prod', '10.2.0.2')],
        rules: [
          rule([group('dev')], [{ ...db('10.1.0.2'), name: 'dev-db' }], ['tcp/80'], { why: 'dev: wanted' }),
          rule([group('sre')], [{ ...db('10.2.0.2'), name: 'prod-db' }], ['tcp/80'], { why: 'prod: wanted' }),
        ],
        deployers: [
          { tag: 'tag:iac-dev', tags: ['tag:router-dev-fra', 'tag:site-dev-fra'] },
          { tag: 'tag:iac-lab', tags: ['tag:lab-web'] },
          {
            tag: 'tag:iac',
            tags: ['tag:host-prod-app', 'tag:prod-web', 'tag:router-prod-fra', 'tag:site-prod-fra', 'tag:tool-prod-ci'],
          },
        ],
        denies: [
          { src: 'dev-db', proto: 'tcp', accept: [], deny: ['prod-db:22', 'prod-db:80'] },
          { src: 'prod-db', proto: 'tcp', accept: [], deny: ['dev-db:22', 'dev-db:80'] },
        ],
      },
    });
  });
});

describe('stacks of one tailnet must agree', () => {
  test('about the people of a group, in whatever order they are listed', () => {
    const [ada, lin] = ['ada@example.com', 'lin@example.com'];
    expect(faults({ a: { groups: { sre: [lin, ada], x: [] } }, b: { groups: { sre: [ada, lin], y: [ada] } } })).toEqual(
      [],
    );
    expect(faults({ a: { groups: { sre: [ada, lin] } }, b: { groups: { sre: [lin, ada] } } })).toEqual([]);
    expect(faults({ a: { groups: { sre: [lin, ada] } }, b: { groups: { sre: [lin] } } })).toEqual([
      'b groups.sre lin@example.com: is ada@example.com, lin@example.com in stack a, and a group is one in a shared tailnet → list the same people in both, or call one of the groups otherwise',
    ]);
  });

  test.each([
    ['sources', (one: ReturnType<typeof onLan>) => ({ rules: [rule([one], [role('x')], [])] })],
    ['targets', (one: ReturnType<typeof onLan>) => ({ rules: [rule([group('sre')], [one], [])] })],
    ['LAN hosts', (one: ReturnType<typeof onLan>) => ({ lanHosts: [one] })],
  ])('about what a name of %s stands for', (_what, said) => {
    const mine = onLan('b-db', 'fra', '10.1.0.1');
    expect(faults({ a: said(mine), 'a-b': said(onLan('db', 'fra', '10.2.0.1')) })).toEqual([
      'a-b sites 10.2.0.1: is called a-b-db in the policy, and so is 10.1.0.1 of stack a → rename the host, site or stack of one of the two',
    ]);
    expect(faults({ a: said(mine), 'a-b': said(onLan('db', 'fra', '10.1.0.1')) })).toEqual([]);
    expect(faults({ a: said(mine), b: said(onLan('db', 'fra', '10.2.0.1')) })).toEqual([]);
  });

  test('about whose a tag is', () => {
    expect(faults({ a: { memberRoles: ['b-db', 'x'] }, 'a-b': { memberRoles: ['db', 'y'] } })).toEqual([
      'a-b sites tag:a-b-db: would be owned by the credential of stack a-b and by that of stack a → rename the role, site, host or stack of one of the two',
    ]);
  });

  test('about who advertises a prefix, in both families; a site without routers advertises none', () => {
    const at = (cidr: string, cidr6?: string, routers = true): Partial<StackModel> => ({
      sites: [{ name: 'fra', cidr, ...(cidr6 !== undefined && { cidr6 }), routers, members: true }],
    });
    const told = (mine: string, theirs: string): string =>
      `b sites ${mine}: of b-fra overlaps ${theirs} of a-fra: the routers of one could take over the other's LAN → give every site of every stack a prefix of its own`;
    expect(faults({ a: at('10.1.0.0/16'), b: at('10.1.2.0/24') })).toEqual([told('10.1.2.0/24', '10.1.0.0/16')]);
    expect(faults({ a: at('10.1.0.0/24', 'fd00::/48'), b: at('10.2.0.0/24', 'fd00:0:0:1::/64') })).toEqual([
      told('fd00:0:0:1::/64', 'fd00::/48'),
    ]);
    expect(faults({ a: at('10.1.0.0/24', 'fd00::/48'), b: at('10.2.0.0/24') })).toEqual([]);
    expect(faults({ a: at('10.1.0.0/24'), b: at('10.2.0.0/24', 'fd00::/48') })).toEqual([]);
    expect(faults({ a: at('10.1.0.0/16', undefined, false), b: at('10.1.2.0/24') })).toEqual([]);
    expect(faults({ a: at('10.1.0.0/16'), b: at('10.1.2.0/24', undefined, false) })).toEqual([]);
  });
});
