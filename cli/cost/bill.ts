import type { PriceList } from '../../io/prices/types.ts';
import { cloudOf, type CloudName } from '../../mesh/config/clouds.ts';
import { closest } from '../../mesh/config/suggest.ts';
import { accountOf } from '../../mesh/plan/accounts.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { MeshPlan, SitePlan } from '../../mesh/plan/types.ts';
import { amount, sum, type Amount, type Sum } from './money.ts';

/** Price lists by account, as accountKey names it. */
export type Lists = ReadonlyMap<string, PriceList>;
export const accountKey = (cloud: CloudName, account: string): string => `${cloud}/${account}`;

export interface HostCost {
  host: string;
  site: string;
  cloud: CloudName;
  location: string;
  /** Server type. */
  type: string;
  currency: string;
  server: Amount;
  /** Of its public address; undefined: it is part of the server. */
  address?: Amount;
  /** Without tax. */
  net: Amount;
  /** With tax; the same as net where the cloud tells none. */
  gross: Amount;
}

export interface SiteCost {
  name: string;
  cloud: CloudName;
  location?: string;
  account?: string;
  hosts: HostCost[];
  /** Existing hosts: their owner pays for them already. */
  existing: number;
  net: Sum;
}

export interface Bill {
  sites: SiteCost[];
  net: Sum;
  gross: Sum;
  /** By currency, where the clouds tell tax: percent, each rate once. Accounts may differ. */
  vatRates: ReadonlyMap<string, readonly string[]>;
}

/** A host that no price list knows, and why: a line for people. */
export interface Unpriced {
  host: string;
  told: string;
}

/** What a plan costs a month, and what of it has no price. */
export function bill(plan: MeshPlan, lists: Lists): { bill: Bill; unpriced: Unpriced[] } {
  const unpriced: Unpriced[] = [];
  const sites = plan.sites.map((site) => siteCost(site, lists, unpriced));
  const hosts = sites.flatMap((site) => site.hosts);
  const used = plan.sites.flatMap((site) => listOf(site, lists) ?? []);
  return {
    bill: {
      sites,
      net: sum(hosts.map(({ currency, net }) => ({ currency, value: net }))),
      gross: sum(hosts.map(({ currency, gross }) => ({ currency, value: gross }))),
      vatRates: vatRates(used),
    },
    unpriced,
  };
}

function vatRates(lists: readonly PriceList[]): Map<string, string[]> {
  const rates = new Map<string, string[]>();
  for (const { currency, vatRate } of lists)
    if (vatRate !== undefined) rates.set(currency, [...new Set([...(rates.get(currency) ?? []), vatRate])].sort());
  return rates;
}

const listOf = (site: SitePlan, lists: Lists): PriceList | undefined =>
  lists.get(accountKey(site.cloud, accountOf(site)));

function siteCost(site: SitePlan, lists: Lists, unpriced: Unpriced[]): SiteCost {
  const { name, cloud, location, account } = site;
  const list = listOf(site, lists);
  const hosts = hostsOf(site).flatMap(({ name: host, server }): HostCost[] => {
    if (server === undefined || location === undefined) return [];
    const where = { host, site: name, cloud, location, type: server.type };
    const found = list === undefined ? `there is no price list of account ${accountOf(site)}` : priced(where, list);
    if (typeof found !== 'string') return [found];
    unpriced.push({ host, told: `${host} at ${name}: ${found}` });
    return [];
  });
  return {
    name,
    cloud,
    ...(location !== undefined && { location }),
    ...(account !== undefined && { account }),
    hosts,
    existing: cloudOf(cloud).sells ? 0 : hostsOf(site).length,
    net: sum(hosts.map(({ currency, net }) => ({ currency, value: net }))),
  };
}

/** The cost, or why there is none. */
function priced(
  where: Pick<HostCost, 'host' | 'site' | 'cloud' | 'location' | 'type'>,
  list: PriceList,
): HostCost | string {
  const { cloud, location, type } = where;
  const { title } = cloudOf(cloud);
  const known = list.servers.get(type);
  if (known === undefined) {
    const meant = closest(type, [...list.servers.keys()].sort());
    return `${title} sells no server type ${type}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  }
  const server = known.get(location);
  if (server === undefined)
    return `${title} does not sell ${type} at ${location}, only at ${[...known.keys()].sort().join(', ') || 'no location'}`;
  const address = list.addresses?.get(location);
  if (address === undefined && list.addresses !== undefined)
    return `${title} tells no price of a public address at ${location}`;
  const prices = [server, ...(address === undefined ? [] : [address])];
  const total = (part: (price: { net: string; gross?: string }) => string): Amount =>
    prices.reduce((all, price) => all + amount(part(price)), 0n);
  return {
    ...where,
    currency: list.currency,
    server: amount(server.net),
    ...(address !== undefined && { address: amount(address.net) }),
    net: total(({ net }) => net),
    gross: total(({ net, gross }) => gross ?? net),
  };
}
