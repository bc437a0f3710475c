import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHuJson } from '../../../lab/tailnet/policy/format.ts';
import { interpret, type PolicyNode } from '../../../lab/tailnet/policy/index.ts';
import type { SharedTailnet } from '../../../mesh/config/shared.ts';
import { compilePolicy } from '../../../mesh/overlays/tailscale/compile.ts';
import { readHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { mergeParts } from '../../../mesh/overlays/tailscale/merge.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import { resolveAccess } from '../../../mesh/access/resolve.ts';
import { stackModel } from '../../../mesh/plan/policy.ts';
import { sharedConflicts } from '../../../mesh/plan/shared.ts';
import type { HostPlan, MeshPlan } from '../../../mesh/plan/types.ts';
import { NOW } from '../../now.ts';
import { anyMesh, validRaw, wideRaw } from './fixtures.ts';
import { sharing } from './shared-fixtures.ts';

type Raw = Record<string, unknown>;

const plans = (tailnet: SharedTailnet): Map<string, MeshPlan> =>
  new Map(tailnet.stacks.map(({ stack, config }) => [stack, planMesh(config, { stack, now: NOW, tailnet })]));
const textOf = (tailnet: SharedTailnet): string => plans(tailnet).get(tailnet.owner)?.policy.text ?? '';
const hostsOf = (plan: MeshPlan): HostPlan[] => plan.sites.flatMap((site) => [...site.routers, ...site.hosts]);

/** Nodes of all stacks, each with an address of its own; and by stack, what a packet can come from or go to. */
function joined(all: Map<string, MeshPlan>): { nodes: PolicyNode[]; places: Map<string, string[]> } {
  const nodes: PolicyNode[] = [];
  const places = new Map<string, string[]>();
  for (const [stack, plan] of all) {
    const here: string[] = plan.sites.map(({ cidr }) => cidr.replace(/\.0\/24$/, '.200'));
    for (const { node, lan } of hostsOf(plan)) {
      if (lan !== undefined) here.push(lan);
      if (node === undefined) continue;
      const address = `100.64.1.${nodes.length + 1}`;
      nodes.push({ addresses: [address], tags: node.tags, routes: node.advertises });
      here.push(address);
    }
    places.set(stack, here);
  }
  return { nodes, places };
}

const PORTS = [22, 443, 5432, 8443, 53, 873, 8000];
/** `stack source stack target port` of everything that passes from one stack to another. */
function crossing(text: string, all: Map<string, MeshPlan>): string[] {
  const { nodes, places } = joined(all);
  const lab = interpret(text, { nodes });
  return [...places].flatMap(([stack, sources]) =>
    [...places].flatMap(([other, targets]) =>
      stack === other
        ? []
        : sources.flatMap((src) =>
            targets.flatMap((dst) =>
              PORTS.filter(
                (port) =>
                  lab.allowed({ src, dst, proto: 'tcp', port }) || lab.allowed({ src, dst, proto: 'udp', port }),
              ).map((port) => `${stack} ${src} ${other} ${dst} ${port}`),
            ),
          ),
    ),
  );
}

/** Two meshes whose groups, being people, are the same. */
const anyTwo = fc.tuple(anyMesh, anyMesh).map(([a, b]): [Raw, Raw] => {
  const people = {
    platform: ['ada@example.com'],
    sre: ['grace@example.com', 'linus@example.com'],
    audit: ['ada@example.com', 'bob@example.com'],
  };
  return [
    { ...a, groups: people },
    { ...b, groups: people },
  ];
});
const RUNS = { numRuns: 25 };

describe('a policy of two stacks', () => {
  test('is the same text whichever of them makes it, and whatever order they come in', () => {
    fc.assert(
      fc.property(anyTwo, ([a, b]) => {
        const tailnet = sharing({ prod: a, staging: b });
        const texts = [...plans(tailnet).values()].map(({ policy }) => policy.text);
        expect(texts[1]).toBe(texts[0]);
        expect(textOf({ ...tailnet, stacks: tailnet.stacks.toReversed() })).toBe(texts[0]);
        expect(formatHuJson(texts[0] ?? '')).toBe(texts[0]);
        expect(readHeader(texts[0] ?? '')).toEqual({ owner: 'acme/prod-tailnet', intact: true });
      }),
      RUNS,
    );
  });

  test('is taken by the service, its tests hold before and after the joins, and nothing passes between the stacks', () => {
    fc.assert(
      fc.property(anyTwo, ([a, b]) => {
        const all = plans(sharing({ prod: a, staging: b }));
        const text = all.get('prod')?.policy.text ?? '';
        expect(interpret(text).failingTests(), 'before any node').toEqual([]);
        const { nodes } = joined(all);
        const lab = interpret(text, { nodes });
        for (const [stack, { policy }] of all)
          expect(lab.failingTests(policy.joined.map((one) => ({ ...one }))), stack).toEqual([]);
        // Of another stack's nodes nobody knows whether they have joined.
        for (const [stack, { policy }] of all)
          for (const { src, accept, deny } of policy.joined)
            for (const name of [src, ...accept, ...deny].filter((one) => one.startsWith('tag:')))
              expect(name).toMatch(new RegExp(`^tag:((site|router|host)-)?${stack}-`));
        expect(crossing(text, all)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('would join the environments without their names in front: the control', () => {
    const raw = { ...wideRaw(), groups: { platform: ['ada@example.com'], sre: ['grace@example.com'] } };
    const tailnet = sharing({ prod: raw, staging: raw });
    const models = tailnet.stacks.map(({ config }) => stackModel(config, resolveAccess(config, NOW).rules));
    const own = new Map(
      tailnet.stacks.map(({ stack, config }) => [
        stack,
        planMesh({ ...config, tailnet: { name: 'acme' } }, { stack, now: NOW }),
      ]),
    );
    const [one, other] = models;
    if (one === undefined || other === undefined) throw new Error('two stacks were meant');
    // Aliases would clash: members alone, whose tags do not.
    const members = (model: typeof one) =>
      model.rules.filter(({ targets, sources }) =>
        [...targets, ...sources].every(({ kind }) => !['lan', 'lan-host'].includes(kind)),
      );
    const naive = compilePolicy({ ...one, owner: 'acme/prod-tailnet', rules: [...members(one), ...members(other)] });
    expect(crossing(naive.text, own).length).toBeGreaterThan(0);
    expect(crossing(textOf(tailnet), plans(tailnet))).toEqual([]);
  });

  test('gives each credential its own tags, and says whose rule is whose', () => {
    const text = textOf(sharing({ prod: validRaw(), staging: validRaw() }));
    for (const part of [
      '"tag:iac":         ["autogroup:admin"]',
      '"tag:iac-staging": ["autogroup:admin"]',
      '"tag:prod-router":           ["tag:iac"]',
      '"tag:staging-router":        ["tag:iac-staging"]',
      '"tag:router-staging-eu-fra": ["tag:iac-staging"]',
      '"10.78.10.0/24": ["tag:router-staging-eu-fra"]',
      '"prod-fra-db-01":      "10.77.10.10"',
      '"staging-fra-db-01":   "10.78.10.10"',
      '// staging: works on the primary',
    ])
      expect(text.replaceAll(/ +/g, ' ')).toContain(part.replaceAll(/ +/g, ' '));
    expect(text).not.toContain('"tag:router"');
  });

  test('denies from environment to environment in its tests, and fails once a rule joins them', () => {
    const tailnet = sharing({ prod: validRaw(), staging: validRaw() });
    const text = textOf(tailnet);
    const tests = interpret(text).policy.tests;
    for (const [src, target] of [
      ['prod-fra-db-01', 'staging-fra-db-01'],
      ['staging-fra-db-01', 'prod-fra-db-01'],
    ])
      expect(tests).toContainEqual(
        expect.objectContaining({ src, accept: [], deny: [`${target}:22`, `${target}:5432`], proto: 6 }),
      );
    const across = '\t"grants": [\n\t\t{"src": ["staging-fra-db-01"], "dst": ["prod-fra-db-01"], "ip": ["tcp:5432"]},';
    expect(
      interpret(text.replace('\t"grants": [', across))
        .failingTests()
        .map(({ user }) => user),
    ).toEqual(['staging-fra-db-01']);
    const [prod] = plans(tailnet).values();
    expect(prod?.policy.joined).toContainEqual({
      src: 'tag:site-prod-eu-fra',
      proto: 'tcp',
      accept: [],
      deny: expect.arrayContaining(['staging-fra-db-01:22', 'staging-fra-db-01:5432']) as string[],
    });
  });

  test('is no matter of a stack that has its tailnet for itself', () => {
    const { stacks } = sharing({ prod: validRaw(), staging: validRaw() });
    for (const { stack, config } of stacks) {
      const plan = planMesh({ ...config, tailnet: { name: 'own' } }, { stack, now: NOW });
      expect(plan.policy.shared).toBeUndefined();
      expect(JSON.stringify(plan)).not.toContain(`${stack}-fra`);
    }
  });

  test('tells each stack what it needs of it, and the owner what the others may do', () => {
    const all = plans(sharing({ prod: validRaw(), staging: validRaw() }));
    const [prod, staging] = [...all.values()].map(({ policy }) => policy);
    expect(staging).toMatchObject({
      ownerTag: 'tag:iac-staging',
      shared: {
        owner: 'prod',
        ownerLine: 'acme/prod-tailnet',
        stacks: ['prod', 'staging'],
        others: [],
        tags: ['tag:router-staging-eu-fra', 'tag:site-staging-eu-fra', 'tag:staging-router'],
        routes: [{ prefix: '10.78.10.0/24', tag: 'tag:router-staging-eu-fra' }],
      },
    });
    for (const { notes } of all.values())
      expect(notes.join('\n')).toContain('tailnet acme is shared by prod, staging: prod pushes the policy of all');
    expect(prod?.ownerTag).toBe('tag:iac');
    expect(prod?.shared?.others.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'group:platform → fra-db-01 of staging',
      'group:sre → fra-edge-01 of staging',
      'group:sre → fra-edge-02 of staging',
      'routers of eu-fra of staging → LAN of eu-fra of staging',
    ]);
    const node = hostsOf(all.get('staging') ?? expect.fail()).find(({ name }) => name === 'fra-edge-01')?.node;
    expect([node?.hostname, node?.tags]).toEqual(['staging-fra-edge-01', staging?.shared?.tags]);
  });
});

describe('stacks that contradict each other', () => {
  const told = (raws: Record<string, Raw>): string[] => {
    const tailnet = sharing(raws);
    const faults = sharedConflicts(tailnet, NOW);
    expect(sharedConflicts({ ...tailnet, stacks: tailnet.stacks.toReversed() }, NOW)).toEqual(faults);
    if (faults.length > 0) expect(() => textOf(tailnet)).toThrow('contradict');
    return faults.map(({ stack, path, value, problem }) => `${stack} ${path} ${value}: ${problem}`);
  };
  const called = (role: string) => {
    const raw = wideRaw();
    const sin = raw.sites['ap-sin'];
    return {
      ...raw,
      sites: { ...raw.sites, 'ap-sin': { ...sin, hosts: [{ name: 'sin-app-01', roles: ['app', role] }] } },
    };
  };
  const served = (name: string) => {
    const text = JSON.stringify(validRaw()).replaceAll('fra-db-01', name);
    return JSON.parse(text) as Raw;
  };

  test('agree when they say the same', () => {
    expect(told({ prod: validRaw(), staging: validRaw() })).toEqual([]);
  });

  test('about a group', () => {
    const other = {
      ...validRaw(),
      groups: { platform: ['lin@example.com', 'ada@example.com'], sre: ['grace@example.com'] },
    };
    expect(told({ prod: validRaw(), staging: other })).toEqual([
      'staging groups.platform ada@example.com, lin@example.com: is ada@example.com in stack prod, and a group is one in a shared tailnet',
    ]);
    const sorted = { ...validRaw(), groups: { platform: ['ada@example.com'], sre: ['grace@example.com'] } };
    expect(told({ prod: validRaw(), staging: sorted })).toEqual([]);
  });

  test('about an alias and a tag, where stack and name run into each other', () => {
    expect(told({ a: served('b-db'), 'a-b': served('db') })).toEqual([
      'a-b sites 10.78.10.10: is called a-b-db in the policy, and so is 10.77.10.10 of stack a',
    ]);
    expect(told({ a: called('b-cache'), 'a-b': called('cache') })).toEqual([
      'a-b sites tag:a-b-cache: would be owned by the credential of stack a-b and by that of stack a',
    ]);
    expect(told({ a: called('c-cache'), 'a-b': called('cache') })).toEqual([]);
  });

  test('about prefixes that routers advertise', () => {
    const { stacks } = sharing({ prod: validRaw(), staging: validRaw() });
    const parts = stacks.map(({ stack, config }) => ({
      stack,
      model: stackModel(config, resolveAccess(config, NOW).rules),
    }));
    const [prod, staging] = parts;
    if (prod === undefined || staging === undefined) throw new Error('two stacks were meant');
    const wide = {
      ...staging,
      model: {
        ...staging.model,
        sites: [{ ...staging.model.sites[0], name: 'x', cidr: '10.77.0.0/18', routers: true, members: true }],
      },
    };
    const answer = mergeParts([wide, prod], 'prod');
    expect(answer.ok ? [] : answer.faults.map(({ stack, value, problem }) => `${stack} ${value} ${problem}`)).toEqual([
      "staging 10.77.0.0/18 of staging-x overlaps 10.77.10.0/24 of prod-eu-fra: the routers of one could take over the other's LAN",
    ]);
  });
});
