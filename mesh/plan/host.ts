import { inside } from '../config/cidr.ts';
import { cloudOf } from '../config/clouds.ts';
import type { HostConfig, MeshConfig, SiteConfig } from '../config/schema.ts';
import { render } from '../host/render.ts';
import type { HostSpec } from '../host/spec.ts';
import { tailnetHome } from '../overlays/tailscale/home.ts';
import { inStack, memberTags } from '../overlays/tailscale/tags.ts';
import { authorizedKeys } from './ssh.ts';
import { accountOf } from './accounts.ts';
import type { CommandPlan, HostKind, HostPlan, JumpPlan } from './types.ts';
import { TAILSCALE_VERSION } from './versions.ts';
import { wayOf } from './way.ts';

interface Where {
  name: string;
  site: SiteConfig;
  gateway: string | undefined;
}

/** One host, decided. */
export function planHost(
  config: MeshConfig,
  where: Where,
  host: HostConfig,
  /** `stack`: where others share the tailnet, in which every name is there once. */
  {
    kind,
    named,
    tailscaleSsh,
    stack,
  }: { kind: HostKind; named: boolean; tailscaleSsh: boolean; stack: string | undefined },
): HostPlan {
  const { name: siteName, site } = where;
  const cloud = cloudOf(site.cloud);
  const roles = host.roles.toSorted();
  const router = kind === 'router';
  const prefixes = [site.cidr, ...(site.cidr6 === undefined ? [] : [site.cidr6])];
  const advertises = router ? prefixes : [];
  const snat = site.snat ?? true;
  const way = router ? wayOf(config, siteName, site, host.name) : undefined;
  const { loginServer } = config.tailnet;
  const ssh = sshPlan(config, site, host);
  const tags = memberTags({ name: host.name, site: siteName, roles, router, named, stack });
  const spec = (): HostSpec => ({
    name: host.name,
    site: siteName,
    // An existing machine's sshd is its owner's: others log in there too.
    ...(cloud.sells && { ssh: { user: config.ssh.user, authorizedKeys: authorizedKeys(config.ssh) } }),
    lan: {
      prefix: site.cidr,
      supernet: config.network.supernet,
      ...(where.gateway !== undefined && !inside(where.gateway, site.cidr) && { gateway: where.gateway }),
      ...(site.cidr6 !== undefined &&
        config.network.supernet6 !== undefined && { ipv6: { prefix: site.cidr6, supernet: config.network.supernet6 } }),
    },
    ...(kind !== 'host' && { member: tailscale(config.packages) }),
    ...(router && { router: { advertises, ...(way && { way }) } }),
  });
  const described = cloud.sells || ssh !== undefined ? spec() : undefined;
  return {
    name: host.name,
    ...(host.formerly !== undefined && { formerly: host.formerly }),
    site: siteName,
    kind,
    ...(host.lan !== undefined && { lan: host.lan }),
    ...(host.lan6 !== undefined && { lan6: host.lan6 }),
    roles,
    ...(cloud.servers && {
      server: {
        type: host.serverType ?? site.serverType ?? cloud.servers.defaults.serverType,
        image: host.image ?? site.image ?? cloud.servers.defaults.image,
        account: accountOf(site),
        fqdn: `${host.name}.${config.network.domain}`,
        ...((host.backups ?? site.backups) && { backups: true }),
      },
    }),
    ...(ssh && { ssh }),
    accepts: host.accepts.toSorted(),
    // Always: a site that joins later must change no node of this one. The host's ip rules keep its own LAN out of the tunnel.
    ...(kind !== 'host' && {
      node: {
        tailnet: tailnetHome(config.tailnet),
        hostname: inStack(stack, host.name),
        tags,
        advertises,
        acceptRoutes: true,
        snat,
        ssh: tailscaleSsh,
        ...(loginServer !== undefined && { loginServer }),
      },
    }),
    ...(described && { managed: { spec: described, release: render(described) } }),
    commands: described ? commands(site, host, kind) : [],
  };
}

function tailscale({ tailscale: other }: MeshConfig['packages']): NonNullable<HostSpec['member']> {
  if (other === undefined) return { tailscaleVersion: TAILSCALE_VERSION };
  const { url, key, fingerprint, version = TAILSCALE_VERSION } = other;
  return { tailscaleVersion: version, source: { url, key, fingerprint: fingerprint.toUpperCase() } };
}

const jump = ({ host, port, user, hostKey }: JumpPlan): JumpPlan => ({ host, port, user, hostKey });

function sshPlan(config: MeshConfig, site: SiteConfig, { ssh }: HostConfig): HostPlan['ssh'] {
  if (ssh === undefined) return undefined;
  const via = ssh.via ?? site.ssh?.via ?? config.ssh.via;
  return {
    host: ssh.host,
    port: ssh.port ?? site.ssh?.port ?? 22,
    user: ssh.user ?? site.ssh?.user ?? config.ssh.user,
    hostKey: ssh.hostKey,
    ...(via && { via: jump(via) }),
  };
}

/** The site's commands that concern the host, then its own; one of its own stands for the site's of the same name. */
function commands(site: SiteConfig, host: HostConfig, kind: HostKind): CommandPlan[] {
  const here = kind === 'router' ? 'routers' : 'hosts';
  const shared = Object.entries(site.commands).filter(([, { on = 'all' }]) => on === 'all' || on === here);
  return Object.entries({ ...Object.fromEntries(shared), ...host.commands })
    .map(([name, { run, timeout }]) => ({ name, script: run, timeout }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
