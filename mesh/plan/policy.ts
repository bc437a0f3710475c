import { isMember, lanHost, places } from '../access/places.ts';
import type { AccessRule, ResolvedAccess } from '../access/types.ts';
import { lanInitiates } from '../config/paths.ts';
import type { MeshConfig } from '../config/schema.ts';
import { compilePolicy } from '../overlays/tailscale/compile.ts';
import type { StackModel } from '../overlays/tailscale/in-stack.ts';
import { reasonsOf } from '../overlays/tailscale/reasons.ts';
import type { LanHost } from '../overlays/tailscale/parties.ts';
import { askable } from './joined.ts';
import { breakGlassRules, planLifelines } from './lifelines.ts';
import type { HostPlan, PolicyPlan } from './types.ts';

/** A stack, as far as it is decided when its policy is. */
export interface Deciding {
  stack: string;
  config: MeshConfig;
  access: ResolvedAccess;
  hosts: readonly HostPlan[];
  now: Date;
}

/** Line that tells whose a policy is. */
export const policyOwner = (network: string, stack: string): string => `${network}/${stack}-tailnet`;

/** The policy of a stack that has its tailnet for itself. */
export function planPolicy({ stack, config, access, hosts, now }: Deciding): PolicyPlan {
  const model = stackModel(config, access.rules);
  const policy = compilePolicy({ ...model, owner: policyOwner(config.network.name, stack) });
  const joined = askable(policy.joined, hosts);
  return {
    text: policy.text,
    access: access.entries,
    ownerTag: policy.ownerTag,
    joined,
    joinedSsh: policy.joinedSsh,
    reasons: reasonsOf(joined, access.rules, model.members),
    lifelines: planLifelines(policy.ownerTag, hosts, breakGlassRules(config, now)),
    ...(config.tailnet.takeOver !== undefined && { takeOver: config.tailnet.takeOver }),
  };
}

/** What a stack brings into a policy, in its own words. */
export function stackModel(config: MeshConfig, rules: readonly AccessRule[]): StackModel {
  const all = places(config);
  const members = all
    .filter(({ party }) => party.kind === 'member')
    .map(({ name, site, roles }) => ({
      name,
      site,
      roles: roles.filter((role) => role !== 'router'),
      router: roles.includes('router'),
    }));
  const membersAt = new Set(members.map(({ site }) => site));
  return {
    groups: config.groups,
    sites: Object.entries(config.sites)
      .map(([name, { cidr, cidr6, routers }]) => ({
        name,
        cidr,
        ...(cidr6 !== undefined && { cidr6 }),
        routers: routers.length > 0,
        members: membersAt.has(name),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    members,
    memberRoles: [...new Set(members.flatMap(({ roles, router }) => [...(router ? ['router'] : []), ...roles]))],
    namedMembers: [...namedMembers(config)],
    tools: Object.keys(config.tools),
    // Those whose LAN can open connections.
    lanHosts: all
      .filter(({ party }) => party.kind === 'lan' && lanInitiates(party.site).possible)
      .flatMap((place) => lanHost(place).map((host): LanHost => ({ ...host, site: place.site }))),
    rules,
  };
}

/** Members that a service or an intent with `ssh` selects by name; only these carry a tag of their own. */
export function namedMembers(config: MeshConfig): ReadonlySet<string> {
  const on = new Set(
    [...Object.values(config.services), ...config.access.flatMap(({ ssh }) => ssh ?? [])].flatMap((one) => one.on),
  );
  const members = Object.values(config.sites).flatMap((site) => [
    ...site.routers,
    ...site.hosts.filter((host) => isMember(site, host, false)),
  ]);
  return new Set(members.flatMap(({ name }) => (on.has(name) ? [name] : [])));
}
