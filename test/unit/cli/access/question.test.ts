import { describe, expect, test } from 'vitest';
import { answer } from '../../../../cli/access/answer.ts';
import type { StackAccess } from '../../../../cli/access/held.ts';
import { asked, parseTarget } from '../../../../cli/access/question.ts';
import { EXIT } from '../../../../cli/exit.ts';
import { evaluator } from '../../../../mesh/overlays/tailscale/policy/index.ts';
import { stack, withGrants } from './fixtures.ts';

const STACK = stack();
const ask = (from: string, to: string, of: StackAccess = STACK) => {
  const judge = evaluator(of.policy, of.world);
  return answer(of, judge, asked(of, from, to, judge.names()));
};

describe('a target', () => {
  test.each([
    ['fra-db-01:5432', { name: 'fra-db-01', protocol: 'tcp', port: 5432 }],
    ['fra-db-01:53/udp', { name: 'fra-db-01', protocol: 'udp', port: 53 }],
    ['fra-db-01:icmp', { name: 'fra-db-01', protocol: 'icmp' }],
    ['role:router:22', { name: 'role:router', protocol: 'tcp', port: 22 }],
    ['[fd5a::20]:873', { name: 'fd5a::20', protocol: 'tcp', port: 873 }],
    ['LAN of eu-fra:22', { name: 'LAN of eu-fra', protocol: 'tcp', port: 22 }],
  ])('%s', (text, expected) => expect(parseTarget(text)).toEqual(expected));

  test.each(['fra-db-01', 'fra-db-01:', ':22', 'fra-db-01:70000', 'fra-db-01:22/tcp/6', 'fra-db-01:icmp/1', ''])(
    '%j is none',
    (text) => {
      let thrown: unknown;
      try {
        parseTarget(text);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: EXIT.usage });
    },
  );
});

describe('names', () => {
  test('both sides are told at once, each with what was probably meant', () => {
    expect(() => ask('grace', 'fra-db-1:22')).toThrow(/--from grace: .* Did you mean grace@example\.com\?\n--to fra-db-1: .* Did you mean fra-db-01\?/); // prettier-ignore
    expect(() => ask('site:eu-frr', 'role:routr:22')).toThrow(/site:eu-fra\?\n.*role:router\?/);
    expect(() => ask('somebody-else-altogether', 'fra-db-01:22')).toThrow(/Name a host, a login, group:NAME/);
    expect(() => ask('203.0.113.300', 'fra-db-01:22')).toThrow('203.0.113.300');
    expect(() => ask('sin-app-01', 'fra-db-01:tcpp')).toThrow('no protocol is called "tcpp"');
  });
});

describe('an answer', () => {
  test('yes: the rule, its reason, what matched on each side, and the way', () => {
    expect(ask('sin-app-01', 'fra-db-01:5432')).toMatchObject({
      allowed: true,
      on: 'tcp/5432',
      rules: [{ why: 'the app tier reads the primary', src: 'tag:site-ap-sin', dst: 'fra-db-01', ip: 'tcp:5432' }],
      path: [
        'through the subnet routers of eu-fra (fra-edge-01, fra-edge-02); the target sees the router as its client',
      ],
    });
    expect(ask('sin-app-01', 'gra-nas-01:873').path).toEqual([
      'through the subnet routers of eu-gra (gra-edge-01, gra-edge-02); sources on other LANs keep their addresses',
    ]);
    expect(ask('grace@example.com', 'fra-edge-01:22')).toMatchObject({ allowed: true, path: [] });
  });

  test('no: and what is permitted instead', () => {
    expect(ask('sin-app-01', 'fra-db-01:22')).toMatchObject({
      allowed: false,
      rules: [],
      because: 'no rule lets sin-app-01 reach fra-db-01 on tcp/22; between them only tcp/5432 is permitted',
    });
    expect(ask('group:platform', 'role:router:22').allowed).toBe(false);
  });

  test('sites, roles, LANs and addresses stand for all that is in them', () => {
    expect(ask('group:sre', 'role:router:22')).toMatchObject({ allowed: true, because: '1 rule permits it, in each of 4 pairs' }); // prettier-ignore
    expect(ask('site:ap-sin', 'fra-db-01:5432').allowed).toBe(true);
    expect(ask('site:eu-gra', 'fra-db-01:5432').allowed).toBe(false);
    expect(ask('role:router', 'role:router:22').allowed).toBe(false);
    expect(ask('fra-edge-01', 'LAN of eu-fra:icmp').allowed).toBe(true);
    expect(ask('fra-edge-01', '10.77.10.99:icmp').allowed).toBe(true);
    expect(ask('fra-edge-01', '10.77.40.99:icmp').allowed).toBe(false);
    expect(ask('sin-app-01', '[fd5a:1c9e:77b0:40::20]:873').allowed).toBe(true);
  });

  test('what no path carries is no, although the policy permits it', () => {
    const open = withGrants(STACK, [{ src: ['fra-db-01'], dst: ['gra-nas-01', 'tag:app'], ip: ['*'] }]);
    expect(ask('fra-db-01', 'sin-app-01:22', open)).toMatchObject({
      allowed: false,
      because: expect.stringMatching(/^the policy permits it, but no path of the network carries it: LAN hosts of eu-fra cannot open/) as string, // prettier-ignore
    });
    expect(ask('fra-db-01', 'sin-app-01:22').because).toMatch(/^no rule/);
  });

  test('a port with Tailscale SSH behind it: who may log in, or that nobody may', () => {
    const access = [{ from: ['group:sre'], ssh: { on: ['role:app'], users: ['ops'], check: '12h' }, why: 'on call' }];
    const logins = stack({ access });
    expect(ask('grace@example.com', 'sin-app-01:22', logins)).toMatchObject({
      allowed: true,
      ssh: [{ action: 'check', users: ['ops'], checkPeriod: '12h', src: 'group:sre', dst: 'tag:app' }],
      path: ['Tailscale SSH answers on sin-app-01'],
    });
    const open = { ...logins, ...withGrants(logins, [{ src: ['ada@example.com'], dst: ['tag:app'], ip: ['tcp:22'] }]) };
    expect(ask('ada@example.com', 'sin-app-01:22', open)).toMatchObject({
      allowed: true,
      ssh: [],
      path: ['Tailscale SSH answers on sin-app-01, and no ssh rule lets them log in'],
    });
    expect(ask('grace@example.com', 'fra-edge-01:22')).toMatchObject({ ssh: [], path: [] });
  });

  test('a tool asks like a host; conditions are told', () => {
    const tools = stack({
      tools: { ci: { why: 'tests' } },
      access: [{ from: ['tool:ci'], to: 'api', why: 'smoke tests' }],
    });
    expect(ask('tool:ci', 'sin-app-01:8443', tools)).toMatchObject({ allowed: true, rules: [{ src: 'tag:tool-ci' }] });
    expect(ask('tool:ci', 'sin-app-01:22', tools).allowed).toBe(false);
    const open = withGrants(STACK, [{ src: ['group:sre'], dst: ['tag:router'], ip: ['tcp:22'], via: ['tag:router'] }]);
    expect(ask('grace@example.com', 'fra-edge-01:22', open)).toMatchObject({ allowed: true, conditional: ['only through tag:router'] }); // prettier-ignore
    expect(ask('grace@example.com', 'fra-edge-01:22').conditional).toBeUndefined();
  });
});
