import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHuJson } from '../../../lab/tailnet/policy/format.ts';
import { interpret, type PolicyNode } from '../../../lab/tailnet/policy/index.ts';
import type { MeshConfig } from '../../../mesh/config/index.ts';
import { readHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan } from '../../../mesh/plan/types.ts';
import { accepted, anyMesh, validRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

const compile = (config: MeshConfig): MeshPlan => planMesh(config, { stack: 'test', now: NOW });
const hostsOf = (plan: MeshPlan): HostPlan[] => plan.sites.flatMap((site) => [...site.routers, ...site.hosts]);

/** The tailnet after all routers joined and their routes were approved. */
function nodesOf(plan: MeshPlan): { nodes: PolicyNode[]; addressOf: Map<string, string> } {
  const routers = hostsOf(plan).filter(({ node }) => node !== undefined);
  const addressOf = new Map(routers.map(({ name }, index) => [name, `100.64.0.${index + 1}`]));
  const nodes = routers.map(({ name, node }) => ({
    addresses: [addressOf.get(name) ?? ''],
    tags: node?.tags ?? [],
    routes: node?.advertises ?? [],
  }));
  return { nodes, addressOf };
}

/** Ports of the generated services, the ends of their ranges and the numbers beside them. */
const PROBES = ['tcp/22', 'tcp/443', 'tcp/5432', 'udp/53', 'udp/443', 'tcp/1'].concat([
  'tcp/19',
  'tcp/20',
  'tcp/25',
  'tcp/26',
  'tcp/7999',
  'tcp/8000',
  'tcp/8010',
  'tcp/8011',
]);

/** An address on a LAN that no host of the configuration has. */
const strangerAt = (cidr: string): string => cidr.replace(/\.0\/24$/, '.200');

/** Every `source host port` that the lab's interpreter lets pass, over all people, routers, hosts and probed ports. */
function passing(plan: MeshPlan, config: MeshConfig): string[] {
  const { nodes, addressOf } = nodesOf(plan);
  const lab = interpret(plan.policy.text, { nodes });
  const people = Object.values(config.groups).flat();
  const sources = [
    ...new Set([...people, 'stranger@example.com']),
    ...addressOf.values(),
    ...hostsOf(plan)
      .filter(({ node }) => !node)
      .flatMap(({ lan }) => lan ?? []),
    ...plan.sites.map(({ cidr }) => strangerAt(cidr)),
  ];
  // Members answer on their own addresses; that a way leads to their LAN address as well must permit nothing.
  const targets = hostsOf(plan).flatMap(({ name, lan }): [string, string][] => [
    ...[addressOf.get(name) ?? lan].flatMap((address): [string, string][] =>
      address === undefined ? [] : [[name, address]],
    ),
    ...(addressOf.has(name) && lan !== undefined ? [[`LAN of ${name}`, lan] as [string, string]] : []),
  ]);
  return sources.flatMap((src) =>
    targets.flatMap(([name, dst]) =>
      PROBES.filter((port) => {
        const [proto = '', number] = port.split('/');
        return lab.allowed({ src, dst, proto, port: Number(number) });
      }).map((port) => `${src} ${name} ${port}`),
    ),
  );
}

function probesOf(port: string): string[] {
  const [proto = '', range = ''] = port.split('/');
  const [first = 0, last = first] = range.split('-').map(Number);
  return PROBES.filter((probe) => {
    const number = Number(probe.slice(proto.length + 1));
    return probe.startsWith(`${proto}/`) && number >= first && number <= last;
  });
}

/** What the written intents say, straight from the configuration: this test's own reading, not the compiler's. */
function intended(config: MeshConfig, addressOf: ReadonlyMap<string, string>): string[] {
  const all = Object.entries(config.sites).flatMap(([site, { cloud, lan, snat, routers, hosts }]) => {
    const routed = routers.length > 0 && cloud !== 'digitalocean';
    const opens = routed && snat === false && lan !== 'routed';
    const at = { site, routed, opens, cloud };
    return [
      ...routers.map((host) => ({ ...at, ...host, roles: [...host.roles, 'router'], member: true })),
      ...hosts.map((host) => ({ ...at, ...host, member: host.member ?? cloud === 'digitalocean' })),
    ];
  });
  const lines = config.access.flatMap(({ from, to }) => {
    const service = config.services[to ?? ''];
    const served = all.filter(({ name, roles }) =>
      service?.on.some((place) => place === name || roles.some((role) => place === `role:${role}`)),
    );
    const permits = (src: string, hosts: typeof served): string[] =>
      hosts.flatMap(({ name }) => (service?.ports ?? []).flatMap(probesOf).map((port) => `${src} ${name} ${port}`));
    return from.flatMap((source) => {
      const [kind, which = ''] = source.split(':');
      const selected = all.filter(({ site, roles }) => (kind === 'site' ? site === which : roles.includes(which)));
      const members = selected.filter(({ member }) => member);
      const tailnet =
        kind === 'group' ? (config.groups[which] ?? []) : members.map(({ name }) => addressOf.get(name) ?? '');
      // Members answer for themselves; a LAN host only through its site's routers, and never to its own LAN alone.
      const reached = served.filter(
        ({ member, routed, site }) =>
          member || (routed && (kind === 'group' || members.some((one) => one.site !== site))),
      );
      // A LAN host reaches other LANs, and members where its network has routes for their addresses.
      const declared = selected.flatMap(({ member, opens, site, cloud, lan }) =>
        !member && opens ? [{ src: lan ?? '', site, cloud }] : [],
      );
      const whole = Object.entries(config.sites).flatMap(([site, { cloud, cidr }]) =>
        source === `site:${site}` && all.some((one) => one.site === site && one.opens)
          ? [{ src: strangerAt(cidr), site, cloud }]
          : [],
      );
      return [
        ...tailnet.flatMap((src) => permits(src, reached)),
        ...[...declared, ...whole].flatMap(({ src, site, cloud }) => {
          const there = served.filter(
            (host) => host.site !== site && (host.member ? cloud === 'existing' : host.routed),
          );
          // A role is one tag: with a member elsewhere the policy names those on the own LAN too, where no path leads.
          const tagged = there.filter(({ member }) => member).flatMap(({ roles }) => roles);
          const own = served.filter(
            (host) =>
              host.member && tagged.some((role) => host.roles.includes(role) && service?.on.includes(`role:${role}`)),
          );
          return permits(src, [...there, ...own]);
        }),
      ];
    });
  });
  return [...new Set(lines)].sort();
}

describe('the policy of the one-site stack, judged by the lab', () => {
  const config = accepted(validRaw());
  const plan = compile(config);

  test('accepts exactly the two intents', () => {
    expect(passing(plan, config).sort()).toEqual([
      'ada@example.com fra-db-01 tcp/5432',
      'grace@example.com fra-edge-01 tcp/22',
      'grace@example.com fra-edge-02 tcp/22',
    ]);
  });

  test('lets the routers of the site ping their own LAN, so that they see each other, and nothing more', () => {
    const { nodes, addressOf } = nodesOf(plan);
    const lab = interpret(plan.policy.text, { nodes });
    const router = addressOf.get('fra-edge-01') ?? '';
    expect(lab.allowed({ src: router, dst: '10.77.10.3', proto: 'icmp' })).toBe(true);
    expect(lab.allowed({ src: router, dst: '10.77.10.3', proto: 'tcp', port: 22 })).toBe(false);
    expect(lab.allowed({ src: router, dst: '10.77.11.3', proto: 'icmp' })).toBe(false);
    expect(plan.policy.access.filter(({ implicit }) => implicit)).toEqual([
      {
        from: 'routers of eu-fra',
        to: 'LAN of eu-fra',
        ports: ['icmp/*'],
        why: expect.stringMatching(/^control: /) as string,
        implicit: true,
      },
    ]);
  });

  test('its own tests pass before any node exists, and fail once a rule is widened or narrowed', () => {
    expect(interpret(plan.policy.text).failingTests()).toEqual([]);
    const widened = plan.policy.text.replace('"ip":  ["tcp:5432"]', '"ip":  ["tcp:*"]');
    const narrowed = plan.policy.text.replace('"ip":  ["tcp:5432"]', '"ip":  ["tcp:5433"]');
    expect(widened).not.toBe(plan.policy.text);
    expect(interpret(widened).failingTests()).not.toEqual([]);
    expect(interpret(narrowed).failingTests()).not.toEqual([]);
  });

  test('tests name single hosts and a protocol', () => {
    const { tests } = interpret(plan.policy.text).policy;
    expect(tests.length).toBeGreaterThan(0);
    expect(plan.policy.text.match(/"proto":/g)).toHaveLength(tests.length);
  });

  test('a router may advertise its own site and no other prefix; another tag may not', () => {
    const lab = interpret(plan.policy.text);
    const [router] = nodesOf(plan).nodes;
    if (!router) throw new Error('the plan has no router');
    expect(lab.approvesRoute('10.77.10.0/24', router)).toBe(true);
    expect(lab.approvesRoute('10.77.11.0/24', router)).toBe(false);
    expect(lab.approvesRoute('0.0.0.0/0', router)).toBe(false);
    expect(lab.approvesRoute('10.77.10.0/24', { ...router, tags: ['tag:router'] })).toBe(false);
  });

  test('the credential tag may give every tag of every node; a person without it may not', () => {
    const lab = interpret(plan.policy.text, { admins: ['root@example.com'] });
    const tags = nodesOf(plan).nodes.flatMap((node) => node.tags);
    expect(new Set(tags)).toEqual(new Set(['tag:router', 'tag:router-eu-fra', 'tag:site-eu-fra']));
    for (const tag of tags) {
      expect(lab.ownsTag(tag, { tags: [plan.policy.ownerTag] })).toBe(true);
      expect(lab.ownsTag(tag, { tags: [], user: 'ada@example.com' })).toBe(false);
    }
  });

  test('it says whose it is, and an edit breaks the mark', () => {
    expect(readHeader(plan.policy.text)).toEqual({ owner: 'acme/test-tailnet', intact: true });
    expect(readHeader(plan.policy.text.replace('tcp:5432', 'tcp:5433'))).toEqual({
      owner: 'acme/test-tailnet',
      intact: false,
    });
  });
});

test('a person in two groups does not make the policy refuse itself, and the rest stays tested', () => {
  const raw = validRaw();
  raw.groups = { platform: ['ada@example.com'], sre: ['ada@example.com', 'grace@example.com'] };
  const { text } = compile(accepted(raw)).policy;
  expect(interpret(text).failingTests()).toEqual([]);
  expect(text).toContain('"deny":  ["fra-db-01:22"]');
  expect(text).not.toContain('"deny":  ["fra-db-01:22", "fra-db-01:5432"]');
});

test('without intents everything is denied to people, and the text still denies by default', () => {
  const config = accepted({ ...validRaw(), access: [], services: {}, groups: {} });
  const plan = compile(config);
  expect(passing(plan, { ...config, groups: { all: ['ada@example.com'] } })).toEqual([]);
  expect(plan.policy.text).toContain('"acls": []');
});

test('a reason cannot break out of its comment', () => {
  const raw = validRaw();
  raw.access = [{ from: ['group:sre'], to: 'ssh', why: '*/ "grants": [{ "src": ["*"] }] // ' }];
  const config = accepted(raw);
  expect(passing(compile(config), config)).toEqual([
    'grace@example.com fra-edge-01 tcp/22',
    'grace@example.com fra-edge-02 tcp/22',
  ]);
});

test('for any mesh exactly the intents pass, the policy is valid and its own tests hold', () => {
  fc.assert(
    fc.property(anyMesh, (raw) => {
      const config = accepted(raw);
      const plan = compile(config);
      expect([...new Set(passing(plan, config))].sort()).toEqual(intended(config, nodesOf(plan).addressOf));
      expect(interpret(plan.policy.text).failingTests()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('for any mesh the text is what the service itself would make of it', () => {
  const long = Array.from({ length: 12 }, (_, n) => `person-with-a-long-name-${n}@example.com`);
  fc.assert(
    fc.property(anyMesh, fc.boolean(), (raw, crowded) => {
      const { text } = compile(
        accepted(crowded ? { ...raw, groups: { ...(raw.groups as object), platform: long } } : raw),
      ).policy;
      expect(formatHuJson(text)).toBe(text);
    }),
    { numRuns: 60 },
  );
});

test('the service’s formatter would change a text that is laid out otherwise', () => {
  const { text } = compile(accepted(validRaw())).policy;
  expect(formatHuJson(text.replaceAll('\t', '  '))).not.toBe(text.replaceAll('\t', '  '));
});
