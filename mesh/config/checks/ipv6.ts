import { inside6, networkAddress6, overlaps6 } from '../cidr6.ts';
import { prefixLength } from '../cidr.ts';
import { TAILNET_RANGE6, UNIQUE_LOCAL } from '../clouds.ts';
import { hostsOf, type Draft, type DraftSite } from '../draft.ts';
import { fault, showPath, type Fault, type Path } from '../fault.ts';
import { carriesIpv6 } from '../paths.ts';

/** IPv6 on LANs: where it can be, prefixes inside the stack's own, addresses inside their prefix and held once. */
export function ipv6Faults(model: Draft): Fault[] {
  const { supernet6, sites } = model;
  return [
    ...(supernet6 === undefined ? missingSupernet(model) : supernetFaults(supernet6)),
    ...sites.flatMap((site) => [...siteFaults(site, supernet6), ...hostFaults(site)]),
    ...overlapFaults(sites),
    ...addressFaults(sites),
  ];
}

const SUPERNET: Path = ['network', 'supernet6'];

function missingSupernet({ network, sites }: Draft): Fault[] {
  const [first] = sites
    .filter(possible)
    .filter(({ given }) => given.includes('cidr6'))
    .map(({ name }) => name)
    .sort();
  if (network.includes('supernet6') || first === undefined) return [];
  return [
    fault(
      SUPERNET,
      undefined,
      `is missing: ${first} has a cidr6`,
      'give the stack a unique local prefix of its own, for example fd12:3456:789a::/48',
    ),
  ];
}

function supernetFaults(supernet: string): Fault[] {
  const remedy = `choose a /48 inside ${UNIQUE_LOCAL} with 40 bits drawn by chance, for example fd12:3456:789a::/48`;
  if (overlaps6(supernet, TAILNET_RANGE6))
    return [
      fault(
        SUPERNET,
        supernet,
        `clashes with ${TAILNET_RANGE6}, the range from which Tailscale numbers its nodes`,
        remedy,
      ),
    ];
  if (!inside6(supernet, UNIQUE_LOCAL)) return [fault(SUPERNET, supernet, 'is not unique local (RFC 4193)', remedy)];
  const length = prefixLength(supernet);
  return length < 48 || length > 56
    ? [fault(SUPERNET, supernet, `is a /${length}, and a stack takes a /48 to a /56`, remedy)]
    : [];
}

/** Nobody knows of a site without a cloud; where IPv6 is refused, its addresses are no further faults. */
const possible = ({ entry: { cloud, lan } }: DraftSite): boolean =>
  cloud === undefined || carriesIpv6({ cloud, lan }).possible;

function siteFaults({ path, entry, given, routers }: DraftSite, supernet: string | undefined): Fault[] {
  const { cloud, lan, cidr6, vip6, snat } = entry;
  const at = (key: string): Path => [...path, key];
  const verdict = cloud === undefined ? { possible: true as const } : carriesIpv6({ cloud, lan });
  if (!verdict.possible) {
    const key = cidr6 === undefined ? 'vip6' : 'cidr6';
    return entry[key] === undefined ? [] : [fault(at(key), entry[key], `cannot be: ${verdict.why}`, 'remove the key')];
  }
  if (!given.includes('cidr6'))
    return vip6 === undefined
      ? []
      : [fault(at('vip6'), vip6, 'has no use: the site has no cidr6', 'give the site a cidr6, or remove the key')];
  const faults: Fault[] = [];
  if (cidr6 !== undefined && supernet !== undefined && !inside6(cidr6, supernet))
    faults.push(
      fault(at('cidr6'), cidr6, `lies outside the supernet ${supernet}`, 'choose a /64 inside network.supernet6'),
    );
  if (cidr6 !== undefined && prefixLength(cidr6) !== 64)
    faults.push(
      fault(
        at('cidr6'),
        cidr6,
        `is a /${prefixLength(cidr6)}, and an IPv6 LAN is a /64`,
        'give the site a /64 inside network.supernet6',
      ),
    );
  if (given.includes('snat') && snat === undefined) return faults;
  if (snat !== false && vip6 !== undefined)
    faults.push(
      fault(
        at('vip6'),
        vip6,
        'has no use while the routers masquerade',
        'write snat: false and a vip beside it, or remove it',
      ),
    );
  if (snat === false && routers.length > 0 && !given.includes('vip6'))
    faults.push(
      fault(
        at('vip6'),
        undefined,
        'is missing: with snat: false the LAN needs a way back in IPv6 too',
        'give a free address inside cidr6, for example its ::ffff',
      ),
    );
  return faults;
}

function hostFaults(site: DraftSite): Fault[] {
  const { cloud, lan } = site.entry;
  const verdict = cloud === undefined ? { possible: true as const } : carriesIpv6({ cloud, lan });
  // Told at the site, when that says it too.
  const told = !verdict.possible && (site.entry.cidr6 !== undefined || site.entry.vip6 !== undefined);
  return hostsOf(site).flatMap(({ path, kind, entry: { lan6 }, given }) => {
    const at = [...path, 'lan6'];
    if (!verdict.possible)
      return lan6 === undefined || told ? [] : [fault(at, lan6, `cannot be: ${verdict.why}`, 'remove the key')];
    if (!site.given.includes('cidr6'))
      return lan6 === undefined
        ? []
        : [fault(at, lan6, 'has no use: the site has no cidr6', 'give the site a cidr6, or remove the key')];
    return kind === 'router' && !given.includes('lan6')
      ? [
          fault(
            at,
            undefined,
            'is missing: a subnet router has an address in every prefix that it advertises',
            'give it a free address inside cidr6 of its site',
          ),
        ]
      : [];
  });
}

/** All are /64, so two overlap only where they are the same. Told at the later one by name, whatever the order of the file. */
function overlapFaults(sites: readonly DraftSite[]): Fault[] {
  const holders = new Map<string, string>();
  return sites
    .filter(possible)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, path, entry: { cidr6 } }) => {
      if (cidr6 === undefined) return [];
      const holder = holders.get(cidr6);
      if (holder === undefined) holders.set(cidr6, name);
      return holder === undefined
        ? []
        : [fault([...path, 'cidr6'], cidr6, `is the prefix of site ${holder}`, 'give every site a /64 of its own')];
    });
}

/** Each address inside its site's prefix, usable, and held once in the whole stack. */
function addressFaults(sites: readonly DraftSite[]): Fault[] {
  const holders = new Map<string, string>();
  return sites
    .filter((site) => possible(site) && site.given.includes('cidr6'))
    .flatMap((site) => {
      const { vip6, cidr6 } = site.entry;
      const remedy =
        cidr6 === undefined ? 'choose a free address of the site' : `choose a free address inside ${cidr6}`;
      const held = [
        { address: vip6, path: [...site.path, 'vip6'], who: `the vip6 of ${site.name}` },
        ...hostsOf(site).map(({ path, entry: { lan6, name } }) => ({
          address: lan6,
          path: [...path, 'lan6'],
          who: name ?? showPath(path),
        })),
      ];
      return held.flatMap(({ address, path, who }) => {
        if (address === undefined) return [];
        const faults: Fault[] = [];
        if (cidr6 !== undefined && !inside6(address, cidr6))
          faults.push(fault(path, address, `lies outside ${cidr6} of site ${site.name}`, remedy));
        else if (cidr6 !== undefined && address === networkAddress6(cidr6))
          faults.push(fault(path, address, `is the address that every router of ${cidr6} answers to`, remedy));
        const holder = holders.get(address);
        if (holder === undefined) holders.set(address, who);
        else faults.push(fault(path, address, `is already the address of ${holder}`, remedy));
        return faults;
      });
    });
}
