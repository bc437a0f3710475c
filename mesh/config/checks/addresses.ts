import { broadcastAddress, inside, networkAddress } from '../cidr.ts';
import { cloudOf } from '../clouds.ts';
import { hostsOf, type Draft, type DraftSite } from '../draft.ts';
import { fault, showPath, type Fault, type Path } from '../fault.ts';

/** Addresses on a LAN (of hosts, of the routers' VIP, of the LAN's own router): inside the prefix, usable, held once. */
export function addressFaults(model: Draft): Fault[] {
  const holders = new Map<string, string>();
  const faults: Fault[] = [];
  for (const site of model.sites) {
    for (const { address, path, who } of addressesOf(site)) {
      const problem = addressProblem(address, site, model.supernet);
      if (problem !== undefined) faults.push(fault(path, address, problem, freeAddressRemedy(site)));
      const holder = holders.get(address);
      if (holder === undefined) holders.set(address, who);
      else faults.push(fault(path, address, `is already the address of ${holder}`, freeAddressRemedy(site)));
    }
  }
  return faults;
}

interface Held {
  address: string;
  path: Path;
  /** For people. */
  who: string;
}

/** Only what the cloud takes: an address that it does not take has its fault already. */
function addressesOf(site: DraftSite): Held[] {
  const { cloud } = site.entry;
  const addresses = cloud === undefined ? 'declared' : cloudOf(cloud).lanAddresses;
  if (addresses === 'assigned') return [];
  const own = (['gateway', 'vip'] as const).flatMap((key): Held[] => {
    const address = site.entry[key];
    if (address === undefined || (key === 'gateway' && addresses !== 'declared')) return [];
    return [{ address, path: [...site.path, key], who: `the ${key} of ${site.name}` }];
  });
  const hosts = hostsOf(site).flatMap(({ path, entry: { lan, name } }): Held[] =>
    lan === undefined ? [] : [{ address: lan, path: [...path, 'lan'], who: name ?? showPath(path) }],
  );
  return [...own, ...hosts];
}

function addressProblem(address: string, site: DraftSite, supernet: string | undefined): string | undefined {
  const { cidr, cloud: name } = site.entry;
  if (cidr === undefined) return undefined;
  if (!inside(address, cidr)) return `lies outside ${cidr} of site ${site.name}`;
  if (address === networkAddress(cidr)) return `is the network address of ${cidr}`;
  if (address === broadcastAddress(cidr)) return `is the broadcast address of ${cidr}`;
  if (supernet === undefined || name === undefined) return undefined;
  const cloud = cloudOf(name);
  if (address === cloud.gateway?.(supernet, cidr)) return `is the gateway of the ${cloud.title} network`;
  return undefined;
}

const freeAddressRemedy = (site: DraftSite): string =>
  site.entry.cidr === undefined
    ? 'choose a free address of the site'
    : `choose a free address inside ${site.entry.cidr}`;
