import { NOW } from '../../../../now.ts';
import { describe, expect, test } from 'vitest';
import { meshConfig } from '../../../../../cli/mesh-config.ts';
import { knownStacks, readStackFile } from '../../../../../cli/stack-file.ts';
import type { MeshConfig } from '../../../../../mesh/config/index.ts';
import { evaluator, readPolicy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { hostsOf, planMesh } from '../../../../../mesh/plan/index.ts';
import type { AccessEntry, MeshPlan } from '../../../../../mesh/plan/types.ts';
import { worldOf } from '../../../../../mesh/plan/world.ts';
import { wideRaw } from '../../fixtures.ts';
import { parsed } from './parsed.ts';

/** Who stands behind the source of an entry of the plan. */
function sources({ from, people, lan }: AccessEntry, plan: MeshPlan): string[] {
  if (people !== undefined) return people;
  if (lan !== undefined) return lan.hosts;
  if (from.startsWith('tool:')) return [from];
  const members = plan.sites.flatMap(hostsOf).filter(({ node }) => node !== undefined);
  const routers = /^routers of (.+)$/.exec(from)?.[1];
  const [kind, name] = from.split(':');
  return members
    .filter(({ site, roles, kind: is }) => {
      if (routers !== undefined) return is === 'router' && site === routers;
      return kind === 'site' ? site === name : roles.includes(name ?? '') || (name === 'router' && is === 'router');
    })
    .map((host) => host.name);
}

/** Before the first `until` of the stacks here. */

const STACKS: [string, MeshConfig][] = [
  ...knownStacks().map((stack): [string, MeshConfig] => [stack, meshConfig(readStackFile(stack))]),
  ['every-cloud', parsed(wideRaw())],
];

describe('what a stack compiles to permits what its intents say, and nothing else', () => {
  test.each(STACKS)('%s', (stack, config) => {
    const plan = planMesh(config, { stack, now: NOW });
    const { policy, unjudged } = readPolicy(plan.policy.text);
    expect(unjudged).toEqual([]);
    const judge = evaluator(policy, worldOf(plan));
    const intended = new Set<string>();
    const ports = new Set<string>(['tcp/22', 'tcp/9']);
    for (const entry of plan.policy.access) {
      for (const port of entry.ports) if (/\/\d+$/.test(port)) ports.add(port);
      for (const from of sources(entry, plan)) for (const port of entry.ports) intended.add(`${from} ${entry.to} ${port}`); // prettier-ignore
    }
    // A LAN host without a known address is nobody's target, and no source.
    const hosts = plan.sites.flatMap(hostsOf).filter(({ node, lan }) => node !== undefined || lan !== undefined);
    const people = Object.values(config.groups).flat();
    const names = hosts.map(({ name }) => name);
    const wrong: string[] = [];
    let permitted = 0;
    for (const from of new Set(
      [...people, ...names, ...plan.tools.map(({ name }) => `tool:${name}`)].filter((name) =>
        judge.names().includes(name),
      ),
    )) {
      for (const to of names) {
        for (const on of from === to ? [] : ports) {
          const [protocol = '', port] = on.split('/');
          const { allowed, because } = judge.ask({ from, to, protocol, port: Number(port) });
          if (allowed) permitted++;
          if (allowed !== intended.has(`${from} ${to} ${on}`)) wrong.push(`${from} → ${to} ${on}: ${because}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(permitted).toBeGreaterThan(3);
  });
});

test('a plan as a world: members with their tags and routes, LAN hosts with both addresses, everybody of a group', () => {
  const plan = planMesh(parsed(wideRaw()), { stack: 'test', now: NOW });
  const world = worldOf(plan);
  const router = plan.sites.flatMap(({ routers }) => routers)[0];
  expect(world.nodes.find(({ name }) => name === router?.name)).toEqual({
    name: router?.name,
    tags: router?.node?.tags,
    addresses: [],
    routes: router?.node?.advertises,
    ssh: false,
  });
  expect(world.lanHosts.map(({ name }) => name)).toContain('fra-db-01');
  // DigitalOcean assigns its LAN address, which nobody knows yet.
  expect(world.lanHosts.map(({ name }) => name)).not.toContain('sin-raw-01');
  expect(world.people.map(({ login }) => login)).toEqual(
    expect.arrayContaining(['ada@example.com', 'grace@example.com']),
  );
  expect(world.lans.map(({ site }) => site)).toEqual(plan.sites.map(({ name }) => name));
});
