import { describe, expect, test } from 'vitest';
import { formatHuJson } from '../../../../lab/tailnet/policy/format.ts';
import { interpret, type PolicyNode } from '../../../../lab/tailnet/policy/index.ts';
import { accessChanges } from '../../../../mesh/access/sentences.ts';
import { withSshTests } from '../../../../mesh/overlays/tailscale/ssh-tests.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan, SshTest } from '../../../../mesh/plan/types.ts';
import { NOW } from '../../../now.ts';
import { accepted, validRaw, wideRaw } from '../fixtures.ts';

const plan = (raw: Record<string, unknown>): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });
const hosts = (made: MeshPlan): HostPlan[] => made.sites.flatMap((site) => [...site.routers, ...site.hosts]);

/** The wide stack with these rules besides its own. */
const withRules = (...rules: object[]) => {
  const raw = wideRaw();
  return { ...raw, access: [...raw.access, ...rules] };
};
const login = (from: string[], ssh: object, more: object = {}): object => ({ from, ssh, why: 'by night', ...more });
const SRE = login(['group:sre'], { on: ['role:app'], users: ['ops', 'autogroup:nonroot'], check: '12h' });
const APP = login(['role:app'], { on: ['nyc-infra-01'], users: ['logs'] });

/** The text with the tests of logins in it, as the service is asked once all have joined, and what it refuses then. */
function failing(made: MeshPlan, tests: SshTest[] = made.policy.joinedSsh, text = made.policy.text): string[] {
  const nodes = hosts(made).flatMap(({ node }, index): PolicyNode[] =>
    node === undefined ? [] : [{ addresses: [`100.64.0.${index + 1}`], tags: node.tags, routes: node.advertises }],
  );
  return interpret(withSshTests(text, tests), { nodes })
    .failingTests()
    .flatMap(({ user, errors }) => errors.map((error) => `${user}: ${error}`));
}

describe('an intent that gives logins', () => {
  const made = plan(withRules(SRE, APP));

  test('lets its port through and names who logs in as whom; a check has its period', () => {
    const { policy } = interpret(made.policy.text);
    expect(policy.ssh.map(({ action, users }) => [action, users])).toEqual([
      ['check', ['autogroup:nonroot', 'ops']],
      ['accept', ['logs']],
    ]);
    expect(made.policy.text).toContain('"checkPeriod": "12h"');
    expect(formatHuJson(made.policy.text)).toBe(made.policy.text);
    const lab = interpret(made.policy.text);
    expect(lab.allowed({ src: 'grace@example.com', dst: 'tag:app', proto: 'tcp', port: 22 })).toBe(true);
    expect(lab.allowed({ src: 'ada@example.com', dst: 'tag:app', proto: 'tcp', port: 22 })).toBe(false);
  });

  test('has the nodes that it leads to answer SSH, and no other; without it none does', () => {
    const answering = (one: MeshPlan): string[] =>
      hosts(one).flatMap(({ name, node }) => (node?.ssh === true ? [name] : []));
    expect(answering(made)).toEqual(['sin-app-01', 'nyc-infra-01']);
    expect(answering(plan(wideRaw()))).toEqual([]);
  });

  test('is tested once all have joined: logins and checks, and no root, nor anybody else', () => {
    expect(failing(made)).toEqual([]);
    expect(made.policy.joinedSsh).toContainEqual({
      src: 'group:sre',
      dst: ['tag:app'],
      accept: [],
      check: ['nobody', 'ops'],
      deny: ['root'],
    });
    expect(made.policy.joinedSsh).toContainEqual({
      src: 'group:platform',
      dst: ['tag:app'],
      accept: [],
      check: [],
      deny: ['nobody', 'ops', 'root'],
    });
    const tag = made.policy.joinedSsh.find(({ src }) => src === 'tag:app');
    expect(tag).toMatchObject({ dst: ['tag:app'], deny: ['nobody', 'ops', 'root'] });
  });

  test('its tests could not stand in a text that is pushed first, and a text is needed to put them in', () => {
    expect(interpret(withSshTests(made.policy.text, made.policy.joinedSsh)).failingTests()).not.toEqual([]);
    expect(withSshTests('{"grants": []}', [])).toBe('{"grants": [],\n\t"sshTests": [],\n}\n');
    expect(() => withSshTests('// nothing', [])).toThrow('closing brace');
  });

  test.each([
    ['root', '"users":       ["autogroup:nonroot", "ops"]', '"users": ["autogroup:nonroot", "ops", "root"]'],
    ['an accept without a check', '"action":      "check"', '"action": "accept"'],
    ['another source', '"src":    ["tag:app"],\n\t\t\t"dst":    ["tag:host-nyc-infra-01"]', '"src": ["tag:app", "group:platform"], "dst": ["tag:host-nyc-infra-01"]'], // prettier-ignore
  ])('a policy that gives more fails its tests: %s', (_, from, to) => {
    const wider = made.policy.text
      .replace(from, to)
      .replace(/"checkPeriod": "12h",/, to.includes('accept') ? '' : '$&');
    expect(wider).not.toBe(made.policy.text);
    expect(failing(made, made.policy.joinedSsh, wider)).not.toEqual([]);
  });

  test('is not tested where two intents differ about a login', () => {
    const two = plan(withRules(SRE, login(['group:sre'], { on: ['role:app'], users: ['ops'] })));
    expect(two.policy.joinedSsh.find(({ src }) => src === 'group:sre')).toMatchObject({
      check: ['nobody'],
      accept: [],
    });
    expect(failing(two)).toEqual([]);
  });

  test('gains and losses are told by login, and another check is both', () => {
    const access = (rule: object): MeshPlan['policy']['access'] => plan(withRules(rule)).policy.access;
    const rule = (users: string[], check?: string): object =>
      login(['group:sre'], { on: ['sin-app-01'], users, ...(check !== undefined && { check }) });
    expect(accessChanges(access(rule(['ops'])), access(rule(['ops', 'root'])))).toEqual([
      'group:sre gains ssh as root on sin-app-01 (by night)',
    ]);
    expect(accessChanges(access(rule(['ops'], '1h')), access(rule(['ops'])))).toEqual([
      'group:sre loses ssh as ops checked every 1h on sin-app-01 (by night)',
      'group:sre gains ssh as ops on sin-app-01 (by night)',
    ]);
    expect(accessChanges(access(rule(['ops'])), access(rule(['ops'])))).toEqual([]);
  });

  test('leaves out LAN hosts of a role, and says so', () => {
    const raw = withRules();
    const rule = login(['role:db'], { on: ['sin-app-01'], users: ['ops'] });
    const site = raw.sites['ap-sin'] as { hosts: object[] };
    site.hosts.push({ name: 'sin-db-01', roles: ['db'] });
    const { notes, policy } = plan({ ...raw, access: [...raw.access, rule] });
    expect(policy.access.filter(({ ssh }) => ssh !== undefined).map(({ from }) => from)).toEqual(['role:db']);
    expect(notes.join('\n')).toContain('role:db → ssh on sin-app-01: not from the LAN of eu-fra');
  });

  test('takes the port from sshd: whoever may only connect is told', () => {
    const raw = validRaw();
    const rule = login(['group:platform'], { on: ['fra-edge-01'], users: ['ops'] });
    expect(
      plan({ ...raw, access: [...raw.access, rule] }).notes.some((one) =>
        one.startsWith('group:sre may connect to tcp/22 on fra-edge-01, but Tailscale SSH answers there'),
      ),
    ).toBe(true);
    expect(
      plan(raw).notes.some((one) =>
        one.startsWith('group:sre may connect to tcp/22 on fra-edge-01, but Tailscale SSH answers there'),
      ),
    ).toBe(false);
  });
});

describe('a tool', () => {
  const raw = withRules({ from: ['tool:ci'], to: 'api', why: 'smoke tests' });
  const services = { ...raw.services, api: { on: ['role:app'], ports: ['tcp/8443'] } };
  const made = plan({ ...raw, services, tools: { ci: { why: 'runs the releases' } } });

  test('joins with a tag of its own, which the deploying credential owns', () => {
    expect(made.tools).toEqual([{ name: 'ci', tag: 'tag:tool-ci', why: 'runs the releases' }]);
    expect(interpret(made.policy.text).ownsTag('tag:tool-ci', { tags: [made.policy.ownerTag] })).toBe(true);
    expect(hosts(made).flatMap(({ node }) => node?.tags ?? [])).not.toContain('tag:tool-ci');
  });

  test('reaches what names it, and nothing that its neighbours reach', () => {
    const passes = (dst: string, port: number): boolean =>
      interpret(made.policy.text, { nodes: [{ addresses: ['100.64.9.9'], tags: ['tag:tool-ci'] }] }).allowed({
        src: '100.64.9.9',
        dst,
        proto: 'tcp',
        port,
      });
    expect(made.policy.access.filter(({ from }) => from === 'tool:ci').map(({ to, ports }) => [to, ports])).toEqual([
      ['sin-app-01', ['tcp/8443']],
    ]);
    expect(passes('tag:app', 8443)).toBe(true);
    expect(passes('tag:app', 22)).toBe(false);
    expect(passes('10.77.10.10', 5432)).toBe(false);
  });

  test('is no source of the tests after the joins: nobody knows whether it has joined', () => {
    expect(made.policy.joined.map(({ src }) => src)).not.toContain('tag:tool-ci');
    expect(made.policy.joined.length).toBeGreaterThan(0);
  });

  test('that no rule names is told', () => {
    const note = 'tool ci is named by no access rule, so it reaches nothing';
    expect(plan({ ...wideRaw(), tools: { ci: { why: 'idle' } } }).notes).toContain(note);
    expect(made.notes).not.toContain(note);
  });
});
