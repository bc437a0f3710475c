import { byName, places } from '../access/places.ts';
import { resolveAccess } from '../access/resolve.ts';
import type { MeshConfig } from '../config/schema.ts';
import { compilePolicy } from '../overlays/tailscale/compile.ts';
import { notes } from './notes.ts';
import { planSite } from './site.ts';
import type { MeshPlan, SshPlan } from './types.ts';

/**
 * Decides all that can be decided before a cloud is asked.
 * @param config what parseConfig accepted; another one may throw
 * @param options.stack name of the Pulumi stack; part of the policy's owner line
 * @returns plain data, sorted throughout: equal configs in any order give equal plans
 */
export function planMesh(config: MeshConfig, options: { stack: string }): MeshPlan {
  const access = resolveAccess(config);
  const sites = Object.entries(config.sites)
    .map(([name, site]) => planSite(config, name, site))
    .sort(byName);
  const members = places(config).filter(({ party }) => party.kind === 'member');
  const policy = compilePolicy({
    owner: `${config.network.name}/${options.stack}-tailnet`,
    groups: config.groups,
    sites: sites.map(({ name, cidr }) => ({ name, cidr })),
    memberRoles: [...new Set(members.flatMap(({ roles }) => roles))],
    rules: access.rules,
  });
  return {
    network: { name: config.network.name, supernet: config.network.supernet, domain: config.network.domain },
    tailnet: { name: config.tailnet.name },
    ssh: sshPlan(config.ssh),
    sites,
    policy: { text: policy.text, access: access.entries, ownerTag: policy.ownerTag },
    notes: notes(config, access),
  };
}

function sshPlan({ user, from, publicKey, via, bootTimeout }: MeshConfig['ssh']): SshPlan {
  return {
    user,
    from: from.toSorted(),
    publicKey,
    ...(via === undefined ? {} : { via: { host: via.host, port: via.port, user: via.user, hostKey: via.hostKey } }),
    bootTimeout,
  };
}
