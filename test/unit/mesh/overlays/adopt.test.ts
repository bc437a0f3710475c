import { describe, expect, test } from 'vitest';
import { parseConfig, type MeshConfig } from '../../../../mesh/config/index.ts';
import type { Adoption } from '../../../../mesh/overlays/tailscale/adopt/index.ts';
import { compareAccess, PolicyUnreadable, readPolicy } from '../../../../mesh/overlays/tailscale/policy/index.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import { worldOf } from '../../../../mesh/plan/world.ts';
import { NOW } from '../../../now.ts';
import { accepted, validRaw } from '../fixtures.ts';
import { adoptedInto } from './adopt/fixtures.ts';

/** The example of the requirements, with logins where it has addresses that were blacked out. */
const EXAMPLE = `{
"ACLs": [
{"Action": "accept", "Users": ["group:platform"], "Ports": ["tag:edge:443", "tag:app:5432"]},
{"Action": "accept", "Users": ["group:sre"], "Ports": ["tag:edge:22", "tag:infra:9100"]}
],
"Groups": {
"group:platform": ["ada@example.com", "linus@example.com"],
"group:sre": ["grace@example.com"]
},
"TagOwners": {
"tag:edge": ["group:sre"],
"tag:app": ["group:platform"],
"tag:infra": ["group:sre"]
},
"AutoApprovers": {
"routes": {"100.64.0.0/10": ["group:sre"]}
}
}`;

const bareRaw = () => ({ ...validRaw(), groups: {}, services: {}, access: [] });
const bare = (): MeshConfig => accepted(bareRaw());
const policy = (rules: string, more = ''): string => `{
  "groups": { "group:sre": ["grace@example.com"] },
  "tagOwners": { "tag:app": [], "tag:db": [], "tag:iac": [] },
  "hosts": { "primary": "10.77.10.10" },
  ${more}
  "grants": [${rules}],
}`;
const grant = (src: string, dst: string, ip = 'tcp:443'): string =>
  `{ "src": ["${src}"], "dst": ["${dst}"], "ip": ["${ip}"] },`;
const from = (text: string): Adoption => adoptedInto(bare(), text);

describe('the example of the requirements', () => {
  test('is read as it stands but for its logins, and says which those are', () => {
    const blackedOut = EXAMPLE.replaceAll(/[a-z]+@example\.com/g, '[email protected]');
    expect(() => readPolicy(blackedOut)).toThrow(PolicyUnreadable);
    expect(() => readPolicy(blackedOut)).toThrow('Groups["group:sre"][0]');
  });

  test('becomes groups, services and intents; what it owns and approves is explained', () => {
    const { groups, services, access, leftovers, covered } = from(EXAMPLE);
    expect(groups).toEqual({ platform: ['ada@example.com', 'linus@example.com'], sre: ['grace@example.com'] });
    expect(services).toEqual({
      'edge-https': { on: ['role:edge'], ports: ['tcp/443', 'udp/443'] },
      'app-postgres': { on: ['role:app'], ports: ['tcp/5432', 'udp/5432'] },
      'edge-ssh': { on: ['role:edge'], ports: ['tcp/22', 'udp/22'] },
      'infra-node-exporter': { on: ['role:infra'], ports: ['tcp/9100', 'udp/9100'] },
    });
    expect(access.map((intent) => `${intent.from.join()} → ${intent.to} (${intent.why})`)).toEqual([
      'group:platform → edge-https (adopted from ACLs[0])',
      'group:platform → app-postgres (adopted from ACLs[0])',
      'group:sre → edge-ssh (adopted from ACLs[1])',
      'group:sre → infra-node-exporter (adopted from ACLs[1])',
    ]);
    expect(leftovers.map(({ path }) => path)).toEqual([
      'autoApprovers.routes["100.64.0.0/10"]',
      'tagOwners["tag:app"]',
      'tagOwners["tag:edge"]',
      'tagOwners["tag:infra"]',
    ]);
    expect(covered.join('\n')).toMatch(/tag:edge \(group:sre\).*\n.*tcp and udp/);
  });

  test('is the same policy once its hosts have their roles: nobody gains or loses', () => {
    const raw = bareRaw();
    const app = { name: 'fra-app-01', lan: '10.77.10.20', roles: ['app', 'edge'], member: true };
    const infra = { name: 'fra-infra-01', lan: '10.77.10.21', roles: ['infra'], member: true };
    raw.sites['eu-fra'].hosts.push(app, infra);
    const { groups, services, access, leftovers } = adoptedInto(accepted(raw), EXAMPLE);
    expect(leftovers).toHaveLength(1);
    const parsed = parseConfig({ ...raw, groups, services, access });
    const plan = planMesh(parsed.ok ? parsed.config : bare(), { stack: 'test', now: NOW });
    const world = worldOf(plan);
    const { gains, losses } = compareAccess(
      { policy: readPolicy(EXAMPLE).policy, world },
      { policy: readPolicy(plan.policy.text).policy, world },
    );
    // The routers of a site see each other through its LAN: the one permission that the mesh gives itself.
    expect(gains.map(({ ports }) => ports)).toEqual([['icmp/*']]);
    expect(losses).toEqual([]);
  });
});

describe('what an intent can name', () => {
  test.each([
    ['a LAN host by its alias', grant('group:sre', 'primary'), ['group:sre'], ['fra-db-01']],
    ['a LAN host by its address', grant('group:sre', '10.77.10.10'), ['group:sre'], ['fra-db-01']],
    ['a site by its prefix', grant('10.77.10.0/24', 'tag:app'), ['site:eu-fra'], ['role:app']],
    ['a tag as a role', grant('tag:app', 'tag:db'), ['role:app'], ['role:db']],
    ['one person as a group of one', grant('ada@example.com', 'tag:db'), ['group:ada'], ['role:db']],
  ])('%s', (_, rule, sources, on) => {
    const { access, services } = from(policy(rule));
    expect(access.map((intent) => intent.from)).toEqual([sources]);
    expect(Object.values(services)).toEqual([{ on, ports: ['tcp/443'] }]);
  });

  test('a comment above a rule is its reason', () => {
    const { access } = from(policy(`\n// the office reads\n${grant('group:sre', 'tag:db')}`));
    expect(access[0]?.why).toBe('the office reads');
  });

  test('what the stack has is reused and not said again', () => {
    const stack = accepted(validRaw());
    const { groups, services, access } = adoptedInto(
      stack,
      policy(grant('group:sre', 'primary', 'tcp:5432') + grant('group:sre', 'tag:router', 'tcp:22')).replace(
        '"tag:app": []',
        '"tag:router": []',
      ),
    );
    expect([groups, services]).toEqual([{}, {}]);
    expect(access).toEqual([{ from: ['group:sre'], to: 'postgres', why: 'adopted from grants[0]' }]);
  });
});

describe('logins by Tailscale SSH', () => {
  const login = (more: string): Adoption =>
    from(policy('', `"ssh": [{ "src": ["group:sre"], "dst": ["tag:db"], ${more} }],`));
  test('are intents of their own, checks included', () => {
    expect(login('"action": "accept", "users": ["root", "ops"]').access).toEqual([
      { from: ['group:sre'], ssh: { on: ['role:db'], users: ['ops', 'root'] }, why: 'adopted from ssh[0]' },
    ]);
    expect(login('"action": "check", "users": ["ops"]').access[0]?.ssh?.check).toBe('12h');
    expect(login('"action": "check", "checkPeriod": "20h", "users": ["ops"]').access[0]?.ssh?.check).toBe('20h');
  });

  test('as users that hosts do not have, and on what is no member, are told', () => {
    const odd = login('"action": "accept", "users": ["localpart:*@example.com", "ops"]');
    expect(odd.access[0]?.ssh?.users).toEqual(['ops']);
    expect(odd.leftovers[0]?.what).toBe('localpart:*@example.com');
    const own = `"ssh": [{ "action": "check", "src": ["autogroup:member"], "dst": ["autogroup:self"], "users": ["root"] }],`;
    expect(from(policy('', own)).access).toEqual([]);
    expect(from(policy('', own)).leftovers.map(({ path }) => path)).toEqual(['ssh[0].src[0]', 'ssh[0].dst[0]']);
  });
});

describe('what an intent cannot name is told with a way out, and widens nothing', () => {
  test.each([
    ['everybody', grant('*', 'tag:db'), 'grants[0].src[0]', 'name the groups'],
    ['an autogroup', grant('autogroup:member', 'tag:db'), 'grants[0].src[0]', 'list these people'],
    ['addresses as a source', grant('192.0.2.0/24', 'tag:db'), 'grants[0].src[0]', 'site:NAME'],
    ['the deploying tag', grant('tag:iac', 'tag:db'), 'grants[0].src[0]', 'leave it out'],
    ['everything', grant('group:sre', '*'), 'grants[0].dst[0]', 'name the services'],
    ['a whole network', grant('group:sre', '10.77.10.0/24'), 'grants[0].dst[0]', 'declare the hosts'],
    ['an address of nobody', grant('group:sre', '10.77.10.99'), 'grants[0].dst[0]', 'declare it under its site'],
    ['devices of people', grant('group:sre', 'autogroup:self'), 'grants[0].dst[0]', 'make the machine a host'],
    ['all ports', grant('group:sre', 'tag:db', '*'), 'grants[0]', 'name the ports'],
    ['a ping alone', grant('group:sre', 'tag:db', 'icmp:*'), 'grants[0]', 'leave it out'],
  ])('%s', (_, rule, path, todo) => {
    const { access, services, leftovers } = from(policy(rule));
    expect([access, services]).toEqual([[], {}]);
    expect(leftovers[0]?.path).toBe(path);
    expect(leftovers[0]?.todo).toContain(todo);
  });

  test('a posture: without its condition the intent would permit more', () => {
    const posture = `"postures": { "posture:mac": ["node:os == 'macos'"] },`;
    const rule = `{ "src": ["group:sre"], "dst": ["tag:db"], "ip": ["tcp:22"], "srcPosture": ["posture:mac"] },`;
    const { access, leftovers } = from(policy(rule, posture));
    expect(access).toEqual([]);
    expect(leftovers[0]).toMatchObject({ path: 'grants[0]', why: expect.stringContaining('permit more') as string });
  });

  test('of a rule that can be said in part, that part is adopted', () => {
    const { access, leftovers } = from(
      policy(`{ "src": ["*", "group:sre"], "dst": ["tag:db", "10.77.0.0/16"], "ip": ["tcp:443"] },`),
    );
    expect(access.map((intent) => intent.from)).toEqual([['group:sre']]);
    expect(leftovers.map(({ path }) => path).slice(0, 2)).toEqual(['grants[0].src[0]', 'grants[0].dst[1]']);
  });

  test('a group of other people than the stack’s is not joined with it', () => {
    const { access, leftovers } = adoptedInto(
      accepted(validRaw()),
      policy(grant('group:sre', 'primary', 'tcp:443')).replace('grace@', 'mallory@'),
    );
    expect(access).toEqual([]);
    expect(leftovers[0]?.why).toContain('grace@example.com; here: mallory@example.com');
  });

  test('attributes, tests and a text that permits everything', () => {
    const more = `"nodeAttrs": [{ "target": ["*"], "attr": ["funnel"] }],
      "tests": [{ "src": "group:sre", "proto": "tcp", "accept": ["primary:443"] }],`;
    const { leftovers, covered } = from(policy(grant('group:sre', 'primary'), more));
    expect(leftovers.map(({ path }) => path)).toEqual(['nodeAttrs']);
    expect(covered.join()).toContain('tests (1)');
    expect(from('{}').leftovers[0]?.why).toContain('lets everybody reach everything');
  });

  test('an approval of a site’s own prefix is the program’s work; of another one it is a question', () => {
    const approvers = (prefix: string): string =>
      `{ "tagOwners": { "tag:r": [] }, "autoApprovers": { "routes": { "${prefix}": ["tag:r"] } }, "acls": [] }`;
    expect(from(approvers('10.77.10.0/24')).covered[0]).toContain('and nobody else');
    expect(from(approvers('10.99.0.0/24')).leftovers[0]?.todo).toContain('declare the network as a site');
  });
});
