import { sortedByName } from '../access/places.ts';
import { resolveAccess } from '../access/resolve.ts';
import type { ResolvedAccess } from '../access/types.ts';
import { compareAddresses } from '../config/cidr.ts';
import type { MeshConfig } from '../config/schema.ts';
import { sharesTailnet, type SharedTailnet } from '../config/shared.ts';
import { tailnetHome } from '../overlays/tailscale/home.ts';
import { inStack, toolTag } from '../overlays/tailscale/tags.ts';
import { notes } from './notes.ts';
import { namedMembers, planPolicy, type Deciding } from './policy.ts';
import { planSharedPolicy } from './shared.ts';
import { planSite } from './site.ts';
import { authorizedKeys } from './ssh.ts';
import type { HostPlan, MeshPlan, SitePlan, SshPlan, ToolPlan } from './types.ts';

/**
 * Decides all that can be decided before a cloud is asked.
 * @param config what parseConfig accepted; another one may throw
 * @param options.stack name of the Pulumi stack; part of the policy's owner line
 * @param options.now decides which intents are over (`until`); only its day counts, UTC
 * @param options.tailnet who shares the stack's tailnet (`tailnetOf`); without it the policy of one that does holds this stack's part alone
 * @returns plain data, sorted throughout: equal configs in any order give equal plans, on one day
 */
export function planMesh(
  config: MeshConfig,
  options: { stack: string; now: Date; tailnet?: SharedTailnet | undefined },
): MeshPlan {
  const scope = sharesTailnet(config) ? options.stack : undefined;
  const access = resolveAccess(config, options.now);
  const around = { routed: routedSites(config), named: namedMembers(config), ssh: sshHosts(access), stack: scope };
  const sites = sortedByName(Object.entries(config.sites).map(([name, site]) => planSite(config, name, site, around)));
  const own = { stack: options.stack, config, access, hosts: sites.flatMap(hostsOf), now: options.now };
  const policy = scope === undefined ? planPolicy(own) : planSharedPolicy(own, options.tailnet ?? alone(own));
  return {
    network: networkPlan(config.network),
    tailnet: tailnetPlan(config.tailnet),
    ssh: sshPlan(config.ssh),
    credentials: config.credentials,
    agent: config.agent,
    sites,
    tools: toolPlans(config, scope),
    policy,
    expiry: access.expiry,
    notes: notes(config, access, policy.shared),
  };
}

const networkPlan = ({ name, supernet, supernet6, domain }: MeshConfig['network']): MeshPlan['network'] => ({
  name,
  supernet,
  ...(supernet6 !== undefined && { supernet6 }),
  domain,
});

const tailnetPlan = ({ name, loginServer }: MeshConfig['tailnet']): MeshPlan['tailnet'] => ({
  name,
  ...(loginServer !== undefined && { loginServer }),
  home: tailnetHome({ name, loginServer }),
});

export const hostsOf = (site: SitePlan): HostPlan[] => [...site.routers, ...site.hosts];

function routedSites(config: MeshConfig): { site: string; cidr: string }[] {
  return Object.entries(config.sites)
    .filter(([, { routers }]) => routers.length > 0)
    .map(([site, { cidr }]) => ({ site, cidr }))
    .sort((a, b) => compareAddresses(a.cidr, b.cidr));
}

/** Hosts that somebody may log in to by Tailscale SSH. */
const sshHosts = ({ entries }: ResolvedAccess): ReadonlySet<string> =>
  new Set(entries.flatMap(({ ssh, to }) => (ssh === undefined ? [] : [to])));

const alone = ({ stack, config }: Deciding): SharedTailnet => ({
  owner: config.tailnet.owner ?? stack,
  stacks: [{ stack, config }],
});

const toolPlans = ({ tools }: MeshConfig, stack: string | undefined): ToolPlan[] =>
  sortedByName(Object.entries(tools).map(([name, { why }]) => ({ name, tag: toolTag(inStack(stack, name)), why })));

function sshPlan(ssh: MeshConfig['ssh']): SshPlan {
  const { user, from, publicKey, via, bootTimeout } = ssh;
  return {
    user,
    from: from.toSorted(),
    publicKey,
    authorizedKeys: authorizedKeys(ssh),
    ...(via === undefined ? {} : { via: { host: via.host, port: via.port, user: via.user, hostKey: via.hostKey } }),
    bootTimeout,
  };
}
