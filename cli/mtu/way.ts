import { path, type HostParty, type SiteNetwork } from '../../mesh/config/paths.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan, SitePlan } from '../../mesh/plan/types.ts';
import type { RecordedHost } from '../live/outputs.ts';

export const NETWORKS = ['lan', 'overlay', 'public'] as const;
export type Network = (typeof NETWORKS)[number];

/** How one host gets to another, by the plan; or why it does not. */
export type Way = OpenWay | NoWay;
export interface OpenWay {
  from: string;
  to: string;
  possible: true;
  over: Network;
  address: string;
}
export interface NoWay {
  from: string;
  to: string;
  possible: false;
  why: string;
}

export interface WayOptions {
  /** Another network than the plan's. */
  over?: Network | undefined;
  /** The overlay's IPv6 address. */
  ipv6?: boolean | undefined;
}

/** @param recorded the hosts of the last up, for addresses that no plan knows */
export function wayTo(
  plan: MeshPlan,
  recorded: readonly RecordedHost[],
  { from, to }: { from: string; to: string },
  { over, ipv6 = false }: WayOptions = {},
): Way {
  const impossible = (why: string): Way => ({ from, to, possible: false, why });
  const [source, target] = [find(plan, from), find(plan, to)];
  const addresses = recorded.find(({ name }) => name === to || name === target?.host.formerly);
  if (source === undefined || target === undefined) return impossible('the plan has no such host');
  const verdict = source.site === target.site ? { possible: true as const } : path(party(source), party(target));
  if (over === undefined && !verdict.possible) return impossible(verdict.why);
  const network = over ?? networkOf(source, target);
  const address =
    network === 'overlay'
      ? addresses?.tailnetAddresses.find((one) => one.includes(':') === ipv6)
      : network === 'lan'
        ? (addresses?.lan ?? target.host.lan)
        : addresses?.publicAddress;
  if (address === undefined || address === '')
    return impossible(`${to} has no ${ipv6 && network === 'overlay' ? 'IPv6 ' : ''}address there (${network})`);
  return { from, to, possible: true, over: network, address };
}

interface Located {
  site: SitePlan;
  host: HostPlan;
}

/** On one LAN by its addresses; to a member of another site by the overlay's; to a LAN host there through its router. */
function networkOf(source: Located, target: Located): Network {
  if (source.site === target.site) return 'lan';
  return target.host.node === undefined ? 'lan' : 'overlay';
}

function find(plan: MeshPlan, name: string): Located | undefined {
  return plan.sites
    .flatMap((site) => hostsOf(site).map((host) => ({ site, host })))
    .find(({ host }) => host.name === name);
}

function party({ site, host }: Located): HostParty {
  const network: SiteNetwork = {
    name: site.name,
    cloud: site.cloud,
    ...(site.lan === 'layer2' && { lan: 'l2' }),
    ...(site.lan === 'routed' && { lan: 'routed' }),
    snat: site.snat.on,
    hasRouters: site.routers.length > 0,
  };
  return { kind: host.node === undefined ? 'lan' : 'member', name: host.name, site: network };
}
