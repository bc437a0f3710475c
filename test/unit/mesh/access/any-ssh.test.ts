import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHuJson } from '../../../../lab/tailnet/policy/format.ts';
import { interpret, type PolicyNode } from '../../../../lab/tailnet/policy/index.ts';
import { parseConfig } from '../../../../mesh/config/index.ts';
import { withSshTests } from '../../../../mesh/overlays/tailscale/ssh-tests.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import { anyMesh } from '../fixtures.ts';

const DAY = new Date('2027-06-30T12:00:00Z');
const anyRule = fc.record({
  group: fc.constantFrom('platform', 'sre'),
  users: fc.subarray(['ops', 'root', 'deploy', 'autogroup:nonroot'], { minLength: 1 }),
  check: fc.constantFrom(undefined, '12h', 'always'),
  until: fc.constantFrom(undefined, '2027-06-29', '2027-06-30'),
});

test('for any mesh with logins and a tool the policy is valid, laid out as the service does, and all its tests hold', () => {
  let logins = 0;
  let ended = 0;
  fc.assert(
    fc.property(anyMesh, fc.array(anyRule, { minLength: 1, maxLength: 4 }), (raw, rules) => {
      const access = rules.map(({ group, users, check, until }, at) => ({
        from: [`group:${group}`],
        ssh: { on: ['role:router'], users, ...(check && { check }) },
        ...(until && { until }),
        why: `rule ${at}`,
      }));
      const tool = { from: ['tool:ci'], to: 'ssh', why: 'releases' };
      const services = { ...(raw.services as object), ssh: { on: ['role:router'], ports: ['tcp/22'] } };
      const more = { services, tools: { ci: { why: 'ci' } }, access: [...(raw.access as object[]), tool, ...access] };
      const parsed = parseConfig({ ...raw, ...more });
      // A mesh without routers, or without these groups.
      if (!parsed.ok) return;
      const { policy, sites, expiry } = planMesh(parsed.config, { stack: 'test', now: DAY });
      const hosts = sites.flatMap((site) => [...site.routers, ...site.hosts]);
      const nodes = hosts.flatMap(({ node }, index): PolicyNode[] =>
        node ? [{ addresses: [`100.64.2.${index + 1}`], tags: node.tags, routes: node.advertises }] : [],
      );
      logins += policy.joinedSsh.length;
      ended += expiry.ended.length;
      expect(formatHuJson(policy.text)).toBe(policy.text);
      expect(interpret(policy.text).failingTests()).toEqual([]);
      expect(interpret(withSshTests(policy.text, policy.joinedSsh), { nodes }).failingTests()).toEqual([]);
      expect(interpret(policy.text, { nodes }).failingTests(policy.joined.map((one) => ({ ...one })))).toEqual([]);
      const holds = rules.some(({ until }) => until !== '2027-06-29');
      expect(hosts.filter(({ kind }) => kind === 'router').every(({ node }) => node?.ssh === holds)).toBe(true);
      expect(policy.text.includes('"ssh": [')).toBe(holds);
    }),
    { numRuns: 60 },
  );
  expect(Math.min(logins, ended)).toBeGreaterThan(10);
});
