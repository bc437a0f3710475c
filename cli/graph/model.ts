import { cloudOf } from '../../mesh/config/clouds.ts';
import type { MeshConfig } from '../../mesh/config/index.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { AccessEntry, HostKind, HostPlan, LanSource, MeshPlan, SitePlan } from '../../mesh/plan/types.ts';
import { hubs, type Hub } from './hubs.ts';
import { count } from './words.ts';

/** What a picture of the mesh shows, in words and without places. Sorted throughout: equal configs give equal models. */
export interface Graph {
  title: string;
  supernet: string;
  tailnet: string;
  sites: SiteNode[];
  /** Who may open connections: groups, tools, sites and roles that some rule names, and their LANs. */
  sources: SourceNode[];
  hubs: Hub[];
}

export interface SiteNode {
  name: string;
  /** Cloud, location, account. */
  where: string;
  /** Prefix, or prefixes of both families. */
  cidr: string;
  /** What carries the LAN. */
  lan: string;
  /** Whether its routers masquerade. */
  snat: string;
  hosts: HostNode[];
  /** Permissions that nobody writes, because the mesh needs them. */
  control: string[];
}

export interface HostNode {
  name: string;
  kind: HostKind;
  /** Of a subnet router: the first is made first and becomes primary. */
  standing?: 'A' | 'standby';
  /** LAN address, or who decides it. */
  lan: string;
  roles: string[];
  /** What is bought, or where it is reached. */
  machine: string;
  tags: string[];
  advertises: string[];
}

export interface SourceNode {
  /** As rules write it: `group:sre`; of a LAN as permissions tell it. */
  name: string;
  kind: 'group' | 'site' | 'role' | 'tool' | 'lan';
  /** How many people, members or LAN hosts it stands for, and where. */
  detail: string;
  /** Their names. */
  members: string[];
}

/**
 * The picture of a plan. The plan decides; the config is asked only for the names of services, which the plan has resolved
 * to hosts and ports.
 */
export function graph(plan: MeshPlan, config: MeshConfig, stack: string): Graph {
  const { access } = plan.policy;
  const written = access.filter(({ implicit }) => !implicit);
  return {
    title: `${plan.network.name}/${stack}`,
    supernet: plan.network.supernet,
    tailnet: plan.tailnet.name,
    sites: plan.sites.map((site) => siteNode(site, access)),
    sources: [...new Set(written.map(({ from }) => from))].sort().map((name) => sourceNode(name, plan, written)),
    hubs: hubs(plan, config),
  };
}

const LANS: Record<SitePlan['lan'], string> = {
  layer2: 'switched LAN',
  layer3: 'layer-3 network',
  routed: 'routed LAN',
  vpc: 'VPC',
};

function siteNode(site: SitePlan, access: readonly AccessEntry[]): SiteNode {
  const { account, location } = site;
  const where = [cloudOf(site.cloud).title, location, account === undefined || account === 'default' ? '' : account];
  const own = access.filter(({ implicit, to }) => implicit && to === `LAN of ${site.name}`);
  return {
    name: site.name,
    where: where.filter((part) => part !== undefined && part !== '').join(' · '),
    cidr: [site.cidr, site.cidr6].filter((prefix) => prefix !== undefined).join(' '),
    lan: LANS[site.lan],
    snat: snat(site),
    hosts: hostsOf(site).map((host) => hostNode(host, site)),
    control: own.map(
      ({ from, ports }) =>
        `control: ${from === `routers of ${site.name}` ? 'its routers' : from} may reach its LAN, ${ports.join(' ')}`,
    ),
  };
}

function snat({ routers, snat: { on }, vip }: SitePlan): string {
  if (routers.length === 0) return 'no subnet router';
  return on ? 'SNAT on' : `SNAT off, VIP ${vip ?? 'none'}`;
}

function hostNode(host: HostPlan, { routers }: SitePlan): HostNode {
  const { name, kind, lan, roles, server, ssh, node } = host;
  const reached = ssh === undefined ? 'not logged in to' : `${ssh.host}${ssh.port === 22 ? '' : `:${ssh.port}`}`;
  return {
    name,
    kind,
    ...(kind === 'router' && { standing: routers[0]?.name === name ? 'A' : 'standby' }),
    lan: lan ?? 'assigned',
    roles,
    machine: server === undefined ? reached : server.type,
    tags: node?.tags ?? [],
    advertises: node?.advertises ?? [],
  };
}

function sourceNode(name: string, plan: MeshPlan, written: readonly AccessEntry[]): SourceNode {
  const [kind = '', which = ''] = name.split(':');
  const { people = [], lan } = written.find(({ from }) => from === name) ?? {};
  if (lan !== undefined) return lanNode(name, lan, plan);
  if (kind === 'group') {
    return { name, kind, detail: count(people.length, 'person', 'people'), members: people };
  }
  if (kind === 'tool')
    return { name, kind, detail: plan.tools.find((tool) => tool.name === which)?.tag ?? '', members: [] };
  const members = plan.sites.flatMap(hostsOf).filter((host) => host.node !== undefined && selected(host, kind, which));
  const sites = [...new Set(members.map(({ site }) => site))];
  const where = kind === 'site' ? '' : ` at ${sites.length === 1 ? (sites[0] ?? '') : count(sites.length, 'site')}`;
  return {
    name,
    kind: kind === 'site' ? 'site' : 'role',
    detail: `${count(members.length, 'member')}${where}`,
    members: members.map((host) => host.name),
  };
}

/** A site stands for all of its LAN, a role for those that carry it there. */
function lanNode(name: string, { of, site, hosts }: LanSource, plan: MeshPlan): SourceNode {
  const cidr = plan.sites.find((one) => one.name === site)?.cidr ?? '';
  const detail = of.startsWith('site:') ? `everybody in ${cidr}` : count(hosts.length, 'LAN host');
  return { name, kind: 'lan', detail, members: hosts };
}

function selected(host: HostPlan, kind: string, which: string): boolean {
  if (kind === 'site') return host.site === which;
  return host.roles.includes(which) || (which === 'router' && host.kind === 'router');
}
