import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseConfig, type MeshConfig } from '../../mesh/config/index.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import { toolTag } from '../../mesh/overlays/tailscale/tags.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import type { Joined, JoinedNode } from './party.ts';

type Raw = Record<string, unknown>;

/** The configuration of a checked-in stack, as it is written. */
export function stackRaw(stack: string): Raw {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config } = parse(readFileSync(file, 'utf8')) as { config: Raw };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^site-mesh:/, ''), value]));
}

/** @throws Error with the faults of the configuration */
export function accepted(raw: Raw): MeshConfig {
  const read = parseConfig(raw);
  if (!read.ok) throw new Error(JSON.stringify(read.faults, null, 2));
  return read.config;
}

/** A configuration that permits ranges of ports and UDP besides, to hosts and by sources that are there: no node gets another tag. */
export function wider(raw: Raw): Raw {
  const { services, access } = raw as { services: object; access: object[] };
  return {
    ...raw,
    services: {
      ...services,
      trace: { on: ['fra-db-01', 'role:router'], ports: ['tcp/8000-8010', 'udp/514', 'udp/60000-61000'] },
    },
    access: [...access, { from: ['group:platform', 'role:app'], to: 'trace', why: 'traces' }],
  };
}

/** Who joins: every member of a plan with its tags and prefixes, one runner for each tool, one device of everybody whom a group names, and of somebody in none. */
export function joiners(plan: MeshPlan, config: Pick<MeshConfig, 'groups' | 'tools'>): Omit<JoinedNode, 'addresses'>[] {
  const tools = Object.keys(config.tools).map((name) => ({ name: toolName(name), tags: [toolTag(name)], routes: [] }));
  const people = [...new Set([...Object.values(config.groups).flat(), STRANGER])].sort();
  return [
    ...plan.sites
      .flatMap(hostsOf)
      .flatMap(({ name, node }) => (node === undefined ? [] : [{ name, tags: node.tags, routes: node.advertises }])),
    ...tools,
    ...people.map((user) => ({ name: `device-of-${user.replace(/@.*/, '')}`, tags: [], user, routes: [] })),
  ];
}

/** As intents select it, which is no name that a host may have: in the tailnet it is another. */
export const toolName = (tool: string): string => `tool-${tool}`;

const STRANGER = 'mallory@example.com';

/** The tailnet of a plan once these have joined, with the LANs behind it. Routers are at an address of their LAN too. */
export function joined({ sites }: MeshPlan, nodes: JoinedNode[]): Joined {
  return {
    nodes,
    people: [...new Set(nodes.flatMap(({ user }) => user ?? []))].map((login) => ({ login })),
    lanHosts: sites
      .flatMap(hostsOf)
      .filter(({ node }) => node === undefined)
      .map(({ name, site, lan, lan6 }) => ({ name, site, addresses: [lan ?? [], lan6 ?? []].flat() })),
    lans: sites.map(({ name, cidr, cidr6 }) => ({ site: name, cidrs: cidr6 === undefined ? [cidr] : [cidr, cidr6] })),
  };
}
