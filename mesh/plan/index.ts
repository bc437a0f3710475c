import { byName, isMember, lanHost, places } from '../access/places.ts';
import { resolveAccess } from '../access/resolve.ts';
import type { ResolvedAccess } from '../access/types.ts';
import { compareAddresses } from '../config/cidr.ts';
import { lanInitiates } from '../config/paths.ts';
import type { MeshConfig } from '../config/schema.ts';
import { compilePolicy, type PolicyModel } from '../overlays/tailscale/compile.ts';
import { lifelines, type Lifelines } from '../overlays/tailscale/lifelines.ts';
import { toolTag } from '../overlays/tailscale/tags.ts';
import type { LanHost } from '../overlays/tailscale/tests.ts';
import { notes } from './notes.ts';
import { planSite } from './site.ts';
import { authorizedKeys } from './ssh.ts';
import type { HostPlan, MeshPlan, SitePlan, SshPlan, ToolPlan } from './types.ts';

/**
 * Decides all that can be decided before a cloud is asked.
 * @param config what parseConfig accepted; another one may throw
 * @param options.stack name of the Pulumi stack; part of the policy's owner line
 * @param options.now decides which intents are over (`until`); only its day counts, UTC
 * @returns plain data, sorted throughout: equal configs in any order give equal plans, on one day
 */
export function planMesh(config: MeshConfig, options: { stack: string; now: Date }): MeshPlan {
  const access = resolveAccess(config, options.now);
  const around = { routed: routedSites(config), named: namedMembers(config), ssh: sshHosts(access) };
  const sites = Object.entries(config.sites)
    .map(([name, site]) => planSite(config, name, site, around))
    .sort(byName);
  const owner = `${config.network.name}/${options.stack}-tailnet`;
  const policy = compilePolicy({ ...policyModel(config, sites, around.named), owner, rules: access.rules });
  return {
    network: networkPlan(config.network),
    tailnet: tailnetPlan(config.tailnet),
    ssh: sshPlan(config.ssh),
    credentials: config.credentials,
    agent: config.agent,
    sites,
    tools: toolPlans(config),
    policy: {
      text: policy.text,
      access: access.entries,
      ownerTag: policy.ownerTag,
      lifelines: planLifelines(config, sites, policy.ownerTag, options.now),
      ...(config.tailnet.takeOver !== undefined && { takeOver: config.tailnet.takeOver }),
      joined: policy.joined,
      joinedSsh: policy.joinedSsh,
    },
    expiry: access.expiry,
    notes: notes(config, access),
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
});

/** What the break-glass group must keep is its service, as if that were the only intent. */
function planLifelines(config: MeshConfig, sites: readonly SitePlan[], ownerTag: string, now: Date): Lifelines {
  const { breakGlass } = config.tailnet;
  const nodes = sites.flatMap(hostsOf).flatMap(({ node }) => node ?? []);
  if (breakGlass === undefined) return lifelines(ownerTag, nodes, []);
  const { group, service, tool } = breakGlass;
  const from = [`group:${group}`, ...(tool === undefined ? [] : [`tool:${tool}`])];
  const { rules } = resolveAccess({ ...config, access: [{ from, to: service, why: 'break glass' }] }, now);
  return lifelines(
    ownerTag,
    nodes,
    rules.filter(({ implicit }) => !implicit),
  );
}

export const hostsOf = (site: SitePlan): HostPlan[] => [...site.routers, ...site.hosts];

function routedSites(config: MeshConfig): { site: string; cidr: string }[] {
  return Object.entries(config.sites)
    .filter(([, { routers }]) => routers.length > 0)
    .map(([site, { cidr }]) => ({ site, cidr }))
    .sort((a, b) => compareAddresses(a.cidr, b.cidr));
}

/** Members that a service or an intent with `ssh` selects by name; only these carry a tag of their own. */
function namedMembers(config: MeshConfig): ReadonlySet<string> {
  const on = new Set(
    [...Object.values(config.services), ...config.access.flatMap(({ ssh }) => ssh ?? [])].flatMap((one) => one.on),
  );
  const members = Object.values(config.sites).flatMap((site) => [
    ...site.routers,
    ...site.hosts.filter((host) => isMember(site, host, false)),
  ]);
  return new Set(members.flatMap(({ name }) => (on.has(name) ? [name] : [])));
}

/** Hosts that somebody may log in to by Tailscale SSH. */
const sshHosts = ({ entries }: ResolvedAccess): ReadonlySet<string> =>
  new Set(entries.flatMap(({ ssh, to }) => (ssh === undefined ? [] : [to])));

const toolPlans = ({ tools }: MeshConfig): ToolPlan[] =>
  Object.entries(tools)
    .map(([name, { why }]) => ({ name, tag: toolTag(name), why }))
    .sort(byName);

function policyModel(
  config: MeshConfig,
  sites: readonly SitePlan[],
  named: ReadonlySet<string>,
): Omit<PolicyModel, 'owner' | 'rules'> {
  const members = sites.flatMap(hostsOf).filter(({ node }) => node !== undefined);
  const routers = members.some(({ kind }) => kind === 'router');
  const membersAt = new Set(members.map(({ site }) => site));
  return {
    groups: config.groups,
    sites: sites.map((site) => ({
      name: site.name,
      cidr: site.cidr,
      ...(site.cidr6 !== undefined && { cidr6: site.cidr6 }),
      routers: site.routers.length > 0,
      members: membersAt.has(site.name),
    })),
    members: members.map(({ name, site, roles, kind }) => ({ name, site, roles, router: kind === 'router' })),
    memberRoles: [...new Set([...(routers ? ['router'] : []), ...members.flatMap(({ roles }) => roles)])],
    namedMembers: [...named],
    tools: Object.keys(config.tools),
    lanHosts: lanHosts(config),
  };
}

/** Those whose LAN can open connections. */
const lanHosts = (config: MeshConfig): LanHost[] =>
  places(config).flatMap((place) => {
    const host = lanHost(place);
    return place.party.kind === 'lan' && host !== undefined && lanInitiates(place.party.site).possible
      ? [{ ...host, site: place.site }]
      : [];
  });

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
