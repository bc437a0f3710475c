import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpret, type PolicyNode } from '../../../lab/tailnet/policy/index.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import type { MeshPlan } from '../../../mesh/plan/types.ts';
import { accepted, anyMesh, wideRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

const plan = (raw: Record<string, unknown>): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });

/** The tailnet once every member of a plan has joined. */
function joinedNodes(made: MeshPlan): PolicyNode[] {
  const members = made.sites.flatMap(({ routers, hosts }) => [...routers, ...hosts]).flatMap(({ node }) => node ?? []);
  return members.map(({ tags, advertises }, index) => ({
    addresses: [`100.64.1.${index + 1}`, `fd7a:115c:a1e0::1:${index + 1}`],
    tags,
    routes: advertises,
  }));
}

/** What the lab's interpreter refuses of the joined tests, on this text. */
function failing(made: MeshPlan, text = made.policy.text, nodes = joinedNodes(made)): string[] {
  const tests = made.policy.joined.map((one) => ({ ...one }));
  return interpret(text, { nodes })
    .failingTests(tests)
    .flatMap(({ user, errors }) => errors.map((error) => `${user}: ${error}`));
}

describe('tests that hold once every member has joined', () => {
  const made = plan(wideRaw());

  test('hold for any mesh, by the lab’s reading of its policy', () => {
    let named = 0;
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const one = plan(raw);
        named += one.policy.joined.length;
        expect(failing(one)).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(named).toBeGreaterThan(60);
  });

  test('could not stand in the policy: before the joins no tag stands for anybody', () => {
    expect(failing(made, made.policy.text, []).length).toBeGreaterThan(0);
  });

  test('fail as soon as a grant is wider or narrower than the intents', () => {
    const first = /"ip": {2}\["tcp:(\d+)"\]/.exec(made.policy.text)?.[0] ?? '';
    expect(first).not.toBe('');
    for (const port of ['"ip": ["tcp:*"]', '"ip": ["tcp:1"]'])
      expect(failing(made, made.policy.text.replaceAll(/"ip": {2}\["tcp:\d+"\]/g, port)).length).toBeGreaterThan(0);
  });

  test('deny from site to site what no intent gives', () => {
    const denied = made.policy.joined.filter(({ src }) => src === 'tag:site-us-nyc').flatMap(({ deny }) => deny);
    expect(denied).toContain('tag:site-ap-sin:22');
    const open = made.policy.text.replace(
      '"grants": [',
      '"grants": [{"src": ["tag:site-us-nyc"], "dst": ["tag:site-ap-sin"], "ip": ["tcp:22"]},',
    );
    expect(failing(made, open)).not.toEqual([]);
  });

  test('name a protocol, one port each, and never the same source and protocol twice', () => {
    const keys = made.policy.joined.map(({ src, proto }) => `${src} ${proto}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { proto, accept, deny } of made.policy.joined) {
      expect(['tcp', 'udp']).toContain(proto);
      for (const target of [...accept, ...deny]) expect(target).toMatch(/^(tag:)?[a-z0-9-]+:\d+$/);
    }
  });

  test('do not grow with the number of hosts', () => {
    const many = wideRaw();
    const site = many.sites['ap-sin'] as { hosts: unknown[] };
    for (let at = 0; at < 200; at++) site.hosts.push({ name: `sin-more-${at}`, roles: ['app'] });
    expect(JSON.stringify(plan(many).policy.joined).length).toBeLessThan(
      JSON.stringify(made.policy.joined).length + 2000,
    );
  });
});
