import { isMember, networkOf } from '../access/places.ts';
import { covers, portSet } from '../access/ports.ts';
import type { AccessEntry, ResolvedAccess } from '../access/types.ts';
import { cloudOf, TAILNET_RANGE, TAILNET_RANGE6 } from '../config/clouds.ts';
import { lanInitiates, lanKind, type SiteNetwork } from '../config/paths.ts';
import type { MeshConfig, SiteConfig } from '../config/schema.ts';

/** What a reader of the plan must know and might not expect. Sorted. */
export function notes(config: MeshConfig, access: ResolvedAccess): string[] {
  const told = new Set(access.notes);
  for (const [name, site] of Object.entries(config.sites))
    for (const note of siteNotes(name, site, config.network)) told.add(note);
  const { loginServer } = config.tailnet;
  if (loginServer !== undefined)
    told.add(`nodes join at ${loginServer}: policy and keys go to its API only if tailscale:baseUrl names that`);
  for (const sentence of [...access.expiry.ended, ...access.expiry.soon]) told.add(sentence);
  const used = new Set(access.entries.map(({ from }) => from));
  for (const group of Object.keys(config.groups))
    if (!used.has(`group:${group}`)) told.add(`group ${group} is named by no access rule, so its people reach nothing`);
  for (const tool of Object.keys(config.tools))
    if (!used.has(`tool:${tool}`)) told.add(`tool ${tool} is named by no access rule, so it reaches nothing`);
  for (const note of sshNotes(access.entries)) told.add(note);
  return [...told].sort();
}

/** Where tailscaled answers SSH, the port alone opens no session: it knows people and nodes, and no keys. */
function sshNotes(entries: readonly AccessEntry[]): string[] {
  const served = new Set(entries.flatMap(({ ssh, to }) => (ssh === undefined ? [] : [to])));
  const silent = entries.filter(
    ({ ssh, to, ports, implicit }) =>
      ssh === undefined && !implicit && served.has(to) && covers(portSet(ports), 'tcp/22'),
  );
  return [...new Set(silent.map(({ from }) => from))].map((from) => {
    const hosts = [...new Set(silent.flatMap((entry) => (entry.from === from ? [entry.to] : [])))].sort();
    return `${from} may connect to tcp/22 on ${hosts.join(', ')}, but Tailscale SSH answers there and gives logins only to those whom a rule with ssh names`;
  });
}

function siteNotes(name: string, site: SiteConfig, around: MeshConfig['network']): string[] {
  const network = networkOf(name, site);
  const told: string[] = [];
  const lanHosts = site.hosts.some((host) => !isMember(site, host, false));
  if (lanHosts || lanInitiates(network).possible) told.push(wayIn(network, site, around));
  if (lanHosts && network.hasRouters && network.snat)
    told.push(`LAN hosts of ${name} see the active router's LAN address as the client of what comes through the mesh`);
  if (site.routers.length === 1)
    told.push(`${name} has one subnet router: while it is down or restarts, nothing reaches the site's LAN`);
  if (!cloudOf(site.cloud).sells) {
    told.push(`${name}: a firewall before its hosts is yours; members need udp/41641 inbound for direct connections`);
    const unmanaged = site.hosts.flatMap((host) => (host.ssh === undefined ? [host.name] : [])).sort();
    if (unmanaged.length > 0)
      told.push(`${name}: nothing is configured on ${unmanaged.join(', ')} (no ssh: an address in the policy)`);
  }
  return told;
}

/** Whether LAN hosts can open connections into the mesh, where to, and what their owner has to see to. */
function wayIn(network: SiteNetwork, site: SiteConfig, { supernet, supernet6 = '' }: MeshConfig['network']): string {
  const { name } = network;
  const initiates = lanInitiates(network);
  if (!initiates.possible) return `LAN hosts of ${name} cannot open connections into the mesh: ${initiates.why}`;
  const { membersBeyond } = cloudOf(site.cloud);
  const members = membersBeyond === undefined ? ' and to members' : `, not to members (${membersBeyond})`;
  // Where a cloud's gateway forwards, its routes are ours (SitePlan.routes); elsewhere the machines are their owner's.
  const { vip = '', vip6 } = site;
  const six = vip6 === undefined ? '' : `, and to ${supernet6} and ${TAILNET_RANGE6} through ${vip6}`;
  const routes =
    lanKind(site) === 'layer3'
      ? ''
      : `; each needs routes to ${supernet} and ${TAILNET_RANGE} through it${six}, or its LAN's own router has them`;
  return `LAN hosts of ${name} can open connections through ${vip}, where a rule permits it: to LAN hosts of other sites${members}${routes}`;
}
