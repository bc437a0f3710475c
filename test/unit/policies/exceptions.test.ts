import { describe, expect, it } from 'vitest';
import { allowed, EXCEPTIONS, ownExceptions } from '../../../policies/exceptions.ts';
import { guardrails } from '../../../policies/policies.ts';
import { tailnetPolicyNotAllowAll, tailnetPolicyTested } from '../../../policies/tailnet-policy.ts';
import { ask, UNKNOWN, type Asked } from './ask.ts';

describe('an exception', () => {
  const about = (resource: string, kind?: string, stack = 'prod') => ({ resource, kind, stack });
  const reason = 'somebody said why';
  it('holds for the resources that it names, and no others', () => {
    for (const [pattern, yes, no] of [
      ['fra-edge-*', 'fra-edge-01', 'fra-db-01'],
      ['*', 'anything', undefined],
      ['fra.edge', 'fra.edge', 'fra-edge'],
      ['*-edge-*', 'nyc-edge-02', 'edge'],
      ['a', 'a', 'aa'],
    ] as const) {
      expect(allowed([{ resource: pattern, reason }], about(yes))).toBe(true);
      if (no !== undefined) expect(allowed([{ resource: pattern, reason }], about(no))).toBe(false);
    }
  });
  it('holds in the stack and for the kind that it names', () => {
    const one = [{ resource: '*', stack: 'prod', allows: 'udp/9993', reason }];
    expect(allowed(one, about('x', 'udp/9993'))).toBe(true);
    expect(allowed(one, about('x', 'udp/9993', 'staging'))).toBe(false);
    expect(allowed(one, about('x', 'tcp/22'))).toBe(false);
    expect(allowed(one, about('x'))).toBe(false);
  });
});

describe('the exceptions of this repository', () => {
  const all = Object.entries(ownExceptions()).flatMap(([policy, { exceptions }]) =>
    exceptions.map((one) => ({ policy, one })),
  );
  it('name guardrails that there are, and are what the schema asks for', () => {
    const { properties, required } = EXCEPTIONS.items as {
      properties: Record<string, { minLength: number; pattern?: string }>;
      required: string[];
    };
    const names = guardrails.map(({ name }) => name);
    for (const { policy, one } of all) {
      expect(names).toContain(policy);
      for (const key of required) expect(one).toHaveProperty(key);
      for (const [key, value] of Object.entries(one) as [string, string][]) {
        expect(value.length).toBeGreaterThanOrEqual(properties[key]?.minLength ?? Infinity);
        expect(value).toMatch(new RegExp(properties[key]?.pattern ?? ''));
      }
    }
    expect(all.length).toBeGreaterThan(0);
  });
  it('hold in production only, and none is about what lets somebody in', () => {
    for (const { policy, one } of all) {
      expect(one.stack).toBe('prod');
      expect(policy).toMatch(/^prod-/);
    }
  });
});

describe('a tailnet policy', () => {
  const policy = (text: object): Asked => ({ type: 'mesh:index:TailnetPolicy', props: { text: JSON.stringify(text) } });
  const grants = [{ src: ['group:sre'], dst: ['tag:router'], ip: ['tcp:22'] }];
  const tests = [{ src: 'ada@example.com', accept: ['tag:router:22'], deny: ['tag:db:22'] }];
  const ssh = [{ action: 'accept', src: ['group:sre'], dst: ['tag:router'], users: ['ops'] }];
  const sshTests = [{ src: 'ada@example.com', dst: ['tag:router'], accept: ['ops'] }];

  it('with tests passes, and one without rules needs none', async () => {
    for (const one of [
      { grants, tests },
      { grants: [] },
      { ACLs: grants, Tests: tests },
      { grants, tests, ssh, sshTests },
    ])
      expect(await ask(tailnetPolicyTested, policy(one))).toEqual({ refused: [] });
  });
  it.each<[object, string]>([
    [{ grants }, 'rules and no "tests"'],
    [{ acls: grants, tests: [] }, 'rules and no "tests"'],
    [{ grants, tests: [{ src: 'a@example.com', accept: ['tag:x:22'] }] }, 'must be denied'],
  ])('%j is refused', async (one, message) => {
    expect((await ask(tailnetPolicyTested, policy(one))).refused).toEqual([expect.stringContaining(message)]);
  });
  it('with logins needs tests of them, but for ours: they are asked for after the joins', async () => {
    const text = JSON.stringify({ grants, tests, ssh });
    const foreign: Asked = { type: 'tailscale:index/acl:Acl', props: { acl: text } };
    expect((await ask(tailnetPolicyTested, foreign)).refused).toEqual([
      expect.stringContaining('"ssh" rules and no "sshTests"'),
    ]);
    const tested = { ...foreign, props: { acl: JSON.stringify({ grants, tests, ssh, sshTests }) } };
    expect(await ask(tailnetPolicyTested, tested)).toEqual({ refused: [] });
    expect(await ask(tailnetPolicyTested, policy({ grants, tests, ssh }))).toEqual({ refused: [] });
  });
  it('that is not known yet is an advisory', async () => {
    const later: Asked = { type: 'tailscale:index/acl:Acl', props: { acl: UNKNOWN, resetAclOnDestroy: true } };
    expect(await ask(tailnetPolicyTested, later)).toMatchObject({ refused: [], unknown: expect.anything() as string });
    const { refused, unknown } = await ask(tailnetPolicyNotAllowAll, later);
    expect(unknown).toContain('.acl');
    expect(refused).toEqual([expect.stringContaining('resetAclOnDestroy: a destroy would bring back the default')]);
  });
  it('must not be taken back to the default by a destroy', async () => {
    const acl = { acl: JSON.stringify({ grants: [] }) };
    const type = 'tailscale:index/acl:Acl';
    expect(
      (await ask(tailnetPolicyNotAllowAll, { type, props: { ...acl, resetAclOnDestroy: true } })).refused,
    ).toHaveLength(1);
    expect(await ask(tailnetPolicyNotAllowAll, { type, props: { ...acl, resetAclOnDestroy: false } })).toEqual({
      refused: [],
    });
  });
});
