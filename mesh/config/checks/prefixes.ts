import { compareAddresses, inside, overlaps, prefixLength } from '../cidr.ts';
import { cloudOf, privateRanges, reservedRanges } from '../clouds.ts';
import type { Draft, DraftSite } from '../draft.ts';
import { fault, type Fault } from '../fault.ts';

/** Prefixes: the supernet is private and free; every site lies in it, fits its cloud and touches no other. */
export function prefixFaults(model: Draft): Fault[] {
  const { supernet } = model;
  return [
    ...(supernet === undefined ? [] : supernetFaults(supernet, model)),
    ...model.sites.flatMap((site) => siteFaults(site, supernet)),
    ...overlapFaults(model.sites),
  ];
}

function siteFaults({ path, entry: { cidr, cloud: name } }: DraftSite, supernet: string | undefined): Fault[] {
  if (cidr === undefined) return [];
  const at = [...path, 'cidr'];
  const faults: Fault[] = [];
  if (supernet !== undefined && !inside(cidr, supernet)) {
    const remedy = 'choose a prefix inside the supernet, or widen network.supernet';
    faults.push(fault(at, cidr, `lies outside the supernet ${supernet}`, remedy));
  }
  if (name === undefined) return faults;
  const { sitePrefixLength: sizes, reserved, title } = cloudOf(name);
  if (prefixLength(cidr) < sizes.min || prefixLength(cidr) > sizes.max) {
    const remedy = `give the site a prefix between /${sizes.min} and /${sizes.max}, for example a /24`;
    faults.push(fault(at, cidr, `is a /${prefixLength(cidr)}, and ${title} takes none of that size`, remedy));
  }
  for (const { prefix, what } of reserved)
    if (overlaps(prefix, cidr))
      faults.push(fault(at, cidr, `clashes with ${prefix}, ${what}`, 'choose another prefix'));
  return faults;
}

/** Told at the later one of two in the order of addresses, whatever the order of the file. One pass over the sorted prefixes. */
function overlapFaults(sites: readonly DraftSite[]): Fault[] {
  const sorted = sites
    .flatMap((site) => (site.entry.cidr === undefined ? [] : [{ site, cidr: site.entry.cidr }]))
    .sort(
      (a, b) =>
        compareAddresses(a.cidr, b.cidr) ||
        prefixLength(a.cidr) - prefixLength(b.cidr) ||
        (a.site.name < b.site.name ? -1 : 1),
    );
  const faults: Fault[] = [];
  let open: typeof sorted = [];
  for (const one of sorted) {
    open = open.filter((other) => overlaps(other.cidr, one.cidr));
    for (const other of open) {
      const problem = `overlaps ${other.cidr} of site ${other.site.name}`;
      faults.push(fault([...one.site.path, 'cidr'], one.cidr, problem, 'give every site a prefix of its own'));
    }
    open.push(one);
  }
  return faults;
}

function supernetFaults(supernet: string, model: Draft): Fault[] {
  const path = ['network', 'supernet'];
  const remedy = `choose a prefix inside ${privateRanges.join(', ')}, for example 10.77.0.0/16`;
  const used = [...new Set(model.sites.flatMap(({ entry }) => entry.cloud ?? []))].map(cloudOf);
  const spanning = used.filter(({ spansSupernet }) => spansSupernet).flatMap(({ reserved }) => reserved);
  const taken = [...reservedRanges, ...spanning].filter(({ prefix }) => overlaps(prefix, supernet));
  const faults = taken.map(({ prefix, what }) => fault(path, supernet, `clashes with ${prefix}, ${what}`, remedy));
  // A clash says more than "not private" does.
  if (faults.length === 0 && !privateRanges.some((range) => inside(supernet, range)))
    faults.push(fault(path, supernet, 'is not private (RFC 1918)', remedy));
  if (prefixLength(supernet) > 29) {
    const problem = `is a /${prefixLength(supernet)} and has no room for a site`;
    faults.push(fault(path, supernet, problem, 'choose a wider one, for example a /16'));
  }
  return faults;
}
