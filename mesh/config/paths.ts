import { cloudOf, type CloudName, type LanKind } from './clouds.ts';

/**
 * Who can reach whom is a matter of the pair, not of the site. A party is what stands at one end of a connection:
 * a person's device and a member are nodes of the tailnet, a LAN host is reached through its site's router.
 */
export type Party = { kind: 'person' } | HostParty;
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

/** Why LAN hosts of a site may not open connections into the mesh. None may until an agent on the routers holds their way back. */
export function lanInitiates(site: SiteNetwork): { possible: false; why: string } {
  if (!site.hasRouters) return { possible: false, why: `${site.name} has no subnet router` };
  const sources = keepsSources(site);
  if (!sources.possible) return { possible: false, why: sources.why };
  if (site.snat)
    return {
      possible: false,
      why: `the routers of ${site.name} masquerade what they forward, so there is no way back`,
    };
  return { possible: false, why: `no agent on the routers of ${site.name} holds the LAN's way back (its vip) yet` };
}

/** May `from` open a connection to `to`, as far as networks are concerned? Permission is another question. */
export function path(from: Party, to: HostParty): Verdict {
  if (from.kind === 'lan') {
    const { why } = lanInitiates(from.site);
    return { possible: false, why: `LAN hosts of ${from.site.name} cannot open connections into the mesh: ${why}` };
  }
  if (to.kind === 'member') return { possible: true };
  if (!to.site.hasRouters)
    return {
      possible: false,
      why: `${to.name} is no member, and ${to.site.name} has no subnet router that leads to it`,
    };
  if (cloudOf(to.site.cloud).lanAddresses === 'assigned')
    return {
      possible: false,
      why: `${to.name} is no member, and ${cloudOf(to.site.cloud).title} assigns its LAN address, which no policy can know`,
    };
  if (from.kind === 'member' && from.site.name === to.site.name)
    return {
      possible: false,
      why: `${from.name} and ${to.name} stand on the LAN of ${to.site.name}, which the mesh neither carries nor restricts`,
    };
  return { possible: true };
}
