import { broadcastAddress, inside, networkAddress, overlaps, prefixLength } from '../cidr.ts';
import { clouds, privateRanges, reservedRanges } from '../clouds.ts';
import { hostsOf, type Draft, type DraftHost, type DraftSite } from '../draft.ts';
import { fault, showPath, type Fault } from '../fault.ts';

/** Prefixes: the supernet is private and free; every site lies in it and touches no other. */
export function prefixFaults(model: Draft): Fault[] {
  const faults: Fault[] = [];
  const { supernet } = model;
  if (supernet !== undefined) faults.push(...supernetFaults(supernet));
  const seen: DraftSite[] = [];
  for (const site of model.sites) {
    const { cidr, cloud } = site.entry;
    if (cidr === undefined) continue;
    const path = [...site.path, 'cidr'];
    if (supernet !== undefined && !inside(cidr, supernet)) {
      faults.push(
        fault(
          path,
          cidr,
          `lies outside the supernet ${supernet}`,
          'choose a prefix inside the supernet, or widen network.supernet',
        ),
      );
    }
    const sizes = cloud === undefined ? undefined : clouds[cloud].sitePrefixLength;
    if (sizes && (prefixLength(cidr) < sizes.min || prefixLength(cidr) > sizes.max)) {
      faults.push(
        fault(
          path,
          cidr,
          `is a /${prefixLength(cidr)}`,
          `give the site a prefix between /${sizes.min} and /${sizes.max}, for example a /24`,
        ),
      );
    }
    for (const other of seen) {
      if (other.entry.cidr !== undefined && overlaps(cidr, other.entry.cidr)) {
        faults.push(
          fault(
            path,
            cidr,
            `overlaps ${other.entry.cidr} of site ${other.name}`,
            'give every site a prefix of its own',
          ),
        );
      }
    }
    seen.push(site);
  }
  return faults;
}

function supernetFaults(supernet: string): Fault[] {
  const path = ['network', 'supernet'];
  const remedy = `choose a prefix inside ${privateRanges.join(', ')}, for example 10.77.0.0/16`;
  const taken = reservedRanges.filter(({ prefix }) => overlaps(prefix, supernet));
  const faults = taken.map(({ prefix, what }) => fault(path, supernet, `clashes with ${prefix}, ${what}`, remedy));
  // A clash says more than "not private" does.
  if (faults.length === 0 && !privateRanges.some((range) => inside(supernet, range)))
    faults.push(fault(path, supernet, 'is not private (RFC 1918)', remedy));
  if (prefixLength(supernet) > 29)
    faults.push(
      fault(
        path,
        supernet,
        `is a /${prefixLength(supernet)} and has no room for a site`,
        'choose a wider one, for example a /16',
      ),
    );
  return faults;
}

/** LAN addresses: inside the site's prefix, usable, and held by one host only. */
export function addressFaults(model: Draft): Fault[] {
  const holders = new Map<string, DraftHost>();
  const faults: Fault[] = [];
  for (const site of model.sites) {
    for (const host of hostsOf(site)) {
      const { lan } = host.entry;
      if (lan === undefined) continue;
      const path = [...host.path, 'lan'];
      const problem = addressProblem(lan, site, model.supernet);
      if (problem) faults.push(fault(path, lan, problem, freeAddressRemedy(site)));
      const holder = holders.get(lan);
      if (holder)
        faults.push(
          fault(
            path,
            lan,
            `is already the address of ${holder.entry.name ?? showPath(holder.path)}`,
            freeAddressRemedy(site),
          ),
        );
      else holders.set(lan, host);
    }
  }
  return faults;
}

function addressProblem(lan: string, site: DraftSite, supernet: string | undefined): string | undefined {
  const { cidr, cloud } = site.entry;
  if (cidr === undefined) return undefined;
  if (!inside(lan, cidr)) return `lies outside ${cidr} of site ${site.name}`;
  if (lan === networkAddress(cidr)) return `is the network address of ${cidr}`;
  if (lan === broadcastAddress(cidr)) return `is the broadcast address of ${cidr}`;
  if (supernet === undefined || cloud === undefined) return undefined;
  if (lan === clouds[cloud].gateway(supernet, cidr)) return `is the gateway of the ${clouds[cloud].title} network`;
  return undefined;
}

const freeAddressRemedy = (site: DraftSite): string =>
  site.entry.cidr === undefined
    ? 'choose a free address of the site'
    : `choose a free address inside ${site.entry.cidr}`;
