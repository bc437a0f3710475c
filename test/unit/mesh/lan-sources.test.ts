import { describe, expect, test } from 'vitest';
import { interpret } from '../../../lab/tailnet/policy/index.ts';
import { accessChanges } from '../../../mesh/access/sentences.ts';
import { parseConfig } from '../../../mesh/config/index.ts';
import { hostsOf, planMesh } from '../../../mesh/plan/index.ts';
import type { MeshPlan } from '../../../mesh/plan/types.ts';
import { graphOf } from '../cli/graph/fixtures.ts';
import { accepted, wideRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

type Raw = Record<string, unknown>;
const KEEPS = { snat: false, vip: '10.77.10.254' };
const DB = '10.77.10.10';
const NAS = '10.77.40.20';

/** The wide stack, whose Hetzner site keeps sources too, with these rules and no others. */
function raw(access: object[], fra: object = KEEPS): Raw {
  const wide = wideRaw();
  return { ...wide, sites: { ...wide.sites, 'eu-fra': { ...wide.sites['eu-fra'], ...fra } }, access };
}
const rule = (from: string, to: string) => ({ from: [from], to, why: 'tried' });
const plan = (of: Raw): MeshPlan => planMesh(accepted(of), { stack: 'test', now: NOW });

/** What the lab's own reading of the policy lets pass, with every member joined. */
function judge(made: MeshPlan) {
  const members = made.sites.flatMap(hostsOf).filter(({ node }) => node !== undefined);
  const addressOf = new Map(members.map(({ name }, n) => [name, `100.64.0.${n + 1}`]));
  const nodes = members.map(({ name, node }) => ({
    addresses: [addressOf.get(name) ?? ''],
    tags: node?.tags ?? [],
    routes: node?.advertises ?? [],
  }));
  const lab = interpret(made.policy.text, { nodes });
  return (src: string, dst: string, port: number): boolean =>
    lab.allowed({ src: addressOf.get(src) ?? src, dst: addressOf.get(dst) ?? dst, proto: 'tcp', port });
}

describe('a role that LAN hosts carry', () => {
  const made = plan(raw([rule('role:db', 'backup')]));
  const passes = judge(made);

  test('is granted by their addresses: they reach what the rule says, and nobody else there does', () => {
    expect(passes(DB, NAS, 873)).toBe(true);
    expect(passes(DB, NAS, 22)).toBe(false);
    expect(passes('10.77.10.11', NAS, 873), 'a neighbour without the role').toBe(false);
    expect(passes('fra-edge-01', NAS, 873), 'a router of the same site').toBe(false);
    expect(passes('sin-app-01', NAS, 873), 'a member without the role').toBe(false);
    expect(passes(NAS, DB, 5432), 'the way back').toBe(false);
    expect(made.policy.text).toContain('"src": ["fra-db-01"]');
    expect(made.policy.text).toContain('"dst": ["gra-nas-01"]');
  });

  test('is refused once the routers masquerade, and nothing passes without the rule', () => {
    const answer = parseConfig(raw([rule('role:db', 'backup')], {}));
    expect(answer.ok ? [] : answer.faults.map(({ path }) => path)).toEqual(['access[0].from[0]']);
    expect(judge(plan(raw([])))(DB, NAS, 873)).toBe(false);
  });

  test('stands in plan and matrix as what it is', () => {
    expect(made.policy.access.filter(({ implicit }) => !implicit)).toEqual([
      {
        from: 'role:db on the LAN of eu-fra',
        lan: { of: 'role:db', site: 'eu-fra', hosts: ['fra-db-01'] },
        to: 'gra-nas-01',
        ports: ['tcp/873'],
        why: 'tried',
        implicit: false,
      },
    ]);
    expect(graphOf(raw([rule('role:db', 'backup')])).sources).toEqual([
      { name: 'role:db on the LAN of eu-fra', kind: 'lan', detail: '1 LAN host', members: ['fra-db-01'] },
    ]);
  });

  test('is tested by the policy itself from each such host, and from one to which nothing is granted', () => {
    const { tests } = interpret(made.policy.text).policy;
    expect(tests.map(({ src, accept, deny }) => [src, accept, deny])).toEqual([
      ['fra-db-01', ['gra-nas-01:873'], ['gra-nas-01:22']],
    ]);
    expect(interpret(made.policy.text).failingTests()).toEqual([]);
    const both = plan(raw([rule('role:db', 'backup'), rule('group:sre', 'postgres')]));
    const silent = interpret(both.policy.text).policy.tests.filter(({ src }) => src === 'gra-nas-01');
    expect(silent.map(({ accept, deny }) => [accept, deny])).toEqual([[[], ['fra-db-01:22', 'fra-db-01:5432']]]);
    const opened = both.policy.text.replace('"src": ["group:sre"]', '"src": ["group:sre", "gra-nas-01"]');
    expect(interpret(opened).failingTests().map(({ user }) => user)).toEqual(['gra-nas-01']); // prettier-ignore
    expect(interpret(both.policy.text).failingTests()).toEqual([]);
  });
});

describe('a site', () => {
  test('stands for its members and for everybody on its LAN, where the LAN can open connections', () => {
    const passes = judge(plan(raw([rule('site:eu-gra', 'postgres')])));
    for (const src of ['gra-edge-01', NAS, '10.77.40.200']) expect(passes(src, DB, 5432), src).toBe(true);
    for (const src of ['10.77.41.20', '10.77.30.20', 'nyc-edge-01']) expect(passes(src, DB, 5432), src).toBe(false);
    expect(passes(NAS, DB, 22)).toBe(false);
  });

  test('stands for its members alone where its routers masquerade, and the reader is told', () => {
    const made = plan(raw([rule('site:eu-fra', 'backup')], {}));
    expect([judge(made)('fra-edge-01', NAS, 873), judge(made)(DB, NAS, 873)]).toEqual([true, false]);
    expect(made.notes.filter((note) => note.startsWith('site:eu-fra → backup'))).toEqual([
      expect.stringContaining('LAN hosts of eu-fra cannot open connections'),
    ]);
  });

  test('of Hetzner reaches members from its members only: its LAN has no route to their addresses', () => {
    const made = plan(raw([rule('site:eu-fra', 'api'), rule('site:eu-gra', 'api')]));
    const passes = judge(made);
    expect([passes('fra-edge-01', 'sin-app-01', 8443), passes(DB, 'sin-app-01', 8443)]).toEqual([true, false]);
    expect([passes('gra-edge-01', 'sin-app-01', 8443), passes(NAS, 'sin-app-01', 8443)]).toEqual([true, true]);
    expect(made.policy.access.filter(({ implicit }) => !implicit).map(({ from, to }) => `${from} ${to}`)).toEqual([
      'site:eu-fra sin-app-01',
      'site:eu-gra sin-app-01',
      'LAN of eu-gra sin-app-01',
    ]);
    expect(made.notes.join('\n')).toContain('LAN hosts of eu-fra cannot reach members');
  });

  test('without a LAN host that anybody declared stands for its prefix all the same', () => {
    const wide = wideRaw();
    const bare = { ...wide.sites['eu-gra'], hosts: [] };
    const sites = { ...wide.sites, 'eu-gra': bare };
    const { backup, ...services } = wide.services;
    expect(backup.on).toEqual(['gra-nas-01']);
    const made = plan({ ...wide, sites, services, access: [rule('site:eu-gra', 'postgres')] });
    expect(judge(made)('10.77.40.200', DB, 5432)).toBe(true);
    expect(made.notes.join('\n')).toContain('LAN hosts of eu-gra can open connections through 10.77.40.1');
    expect(interpret(made.policy.text).failingTests()).toEqual([]);
  });
});

describe('a preview says who gains', () => {
  const access = (of: Raw) => plan(of).policy.access;

  test('when routers stop to masquerade, and a site’s LAN comes in', () => {
    const rules = [rule('site:eu-fra', 'backup')];
    expect(accessChanges(access(raw(rules, {})), access(raw(rules)))).toEqual([
      'LAN of eu-fra gains tcp/873 on gra-nas-01 (tried)',
    ]);
    expect(accessChanges(access(raw(rules)), access(raw(rules, {})))).toEqual([
      'LAN of eu-fra loses tcp/873 on gra-nas-01 (tried)',
    ]);
  });

  test('when another LAN host takes the role', () => {
    const rules = [rule('role:db', 'backup')];
    const hosts = [...wideRaw().sites['eu-fra'].hosts, { name: 'fra-db-02', lan: '10.77.10.11', roles: ['db'] }];
    expect(accessChanges(access(raw(rules)), access(raw(rules, { ...KEEPS, hosts })))).toEqual([
      'fra-db-02 gains tcp/873 on gra-nas-01 (now in role:db on the LAN of eu-fra)',
    ]);
  });
});
