import { cloudOf, type CloudName, type LanKind } from './clouds.ts';

/**
 * Who can reach whom is a matter of the pair, not of the site. A party is what stands at one end of a connection:
 * a person's device, a tool and a member are nodes of the tailnet, a LAN host is reached through its site's router.
 */
export type Party = { kind: 'person' } | { kind: 'tool' } | HostParty;
export type HostParty =
  { kind: 'member'; name: string; site: SiteNetwork } | { kind: 'lan'; name: string; site: SiteNetwork };

/** What of a site decides which paths there are. */
export interface SiteNetwork extends Lan {
  name: string;
  /** Do its routers masquerade? */
  snat: boolean;
  hasRouters: boolean;
}

interface Lan {
  cloud: CloudName;
  /** As the configuration says it; undefined: what the cloud has. */
  lan?: 'l2' | 'routed' | undefined;
}

export type Verdict = { possible: true } | { possible: false; why: string };

export function lanKind({ cloud, lan }: Lan): LanKind {
  if (lan !== undefined) return lan === 'l2' ? 'layer2' : 'routed';
  return cloudOf(cloud).lans[0];
}

/** May the routers of this LAN keep the sources of what they forward (`snat: false`)? */
export function keepsSources(lan: Lan): Verdict {
  const { on, otherwise } = cloudOf(lan.cloud).keepsSources;
  return on.includes(lanKind(lan)) ? { possible: true } : { possible: false, why: otherwise };
}

/** May this LAN have IPv6 of ours (`cidr6`)? */
export function carriesIpv6(lan: Lan): Verdict {
  const { on, otherwise } = cloudOf(lan.cloud).ipv6;
  return on.includes(lanKind(lan)) ? { possible: true } : { possible: false, why: otherwise };
}

/**
 * May LAN hosts of a site open connections into the mesh? Only where their packets have a way in: the vip, which the agent
 * keeps at the router that carries the prefix. It is there where SNAT is off; a masquerading pair has no address in common.
 */
export function lanInitiates(site: SiteNetwork): Verdict {
  if (!site.hasRouters) return { possible: false, why: `${site.name} has no subnet router` };
  const sources = keepsSources(site);
  if (!sources.possible) return sources;
  if (site.snat)
    return {
      possible: false,
      why: `the routers of ${site.name} masquerade what they forward and share no address (vip) that leads its LAN into the mesh`,
    };
  return { possible: true };
}

/** May `from` open a connection to `to`, as far as networks are concerned? Permission is another question. */
export function path(from: Party, to: HostParty): Verdict {
  if (from.kind === 'lan') {
    const initiates = lanInitiates(from.site);
    if (!initiates.possible)
      return no(`LAN hosts of ${from.site.name} cannot open connections into the mesh: ${initiates.why}`);
  }
  if (to.kind === 'member') return from.kind === 'lan' ? toMember(from, to) : { possible: true };
  // The way back from a LAN host: to its router where that masquerades, else by the route to its site's vip.
  const reached = behindRouters(to);
  if (!reached.possible || from.kind === 'person' || from.kind === 'tool') return reached;
  return sameLan(from, to) ?? reached;
}

const no = (why: string): Verdict => ({ possible: false, why });

function behindRouters({ name, site }: HostParty): Verdict {
  if (!site.hasRouters) return no(`${name} is no member, and ${site.name} has no subnet router that leads to it`);
  const { lanAddresses, title } = cloudOf(site.cloud);
  if (lanAddresses === 'assigned')
    return no(`${name} is no member, and ${title} assigns its LAN address, which no policy can know`);
  return { possible: true };
}

function sameLan(from: HostParty, to: HostParty): Verdict | undefined {
  if (from.site.name !== to.site.name) return undefined;
  return no(
    `${from.name} and ${to.name} stand on the LAN of ${to.site.name}, which the mesh neither carries nor restricts`,
  );
}

function toMember(from: HostParty, to: HostParty): Verdict {
  const { membersBeyond } = cloudOf(from.site.cloud);
  return (
    sameLan(from, to) ??
    (membersBeyond === undefined
      ? { possible: true }
      : no(`LAN hosts of ${from.site.name} cannot reach members: ${membersBeyond}`))
  );
}

/** What a site as a source stands for besides its members: whoever has an address on its LAN, declared or not. */
export const wholeLan = (site: SiteNetwork): HostParty => ({ kind: 'lan', name: `LAN hosts of ${site.name}`, site });
