import { lanInitiates, wholeLan, type Party } from '../config/paths.ts';
import type { MeshConfig } from '../config/schema.ts';
import { lanHost, networkOf, wholePrefix, type Index } from './places.ts';
import type { AccessEntry, Endpoint, Place } from './types.ts';

/**
 * One part of what an intent names as its source. Members are selected by tag and LAN hosts by address, and they have different
 * paths, so a site or role is a part of members and one part for each LAN: none is granted what only another one can reach.
 */
export interface Source {
  /** As entries tell it. */
  told: Pick<AccessEntry, 'from' | 'people' | 'lan'>;
  /** Who stands behind it, one of each kind and site: paths depend on nothing else. */
  parties: Party[];
  endpoints: Endpoint[];
}

/** The parts of `group:sre`, `tool:ci`, `site:eu-fra` or `role:db`: people or members first, then LANs by site. */
export function sourcesFrom(from: string, config: MeshConfig, index: Index): Source[] {
  const [kind, name = ''] = from.split(':');
  if (kind === 'group') {
    const people = (config.groups[name] ?? []).toSorted();
    return [{ told: { from, people }, parties: [{ kind: 'person' }], endpoints: [{ kind: 'group', name }] }];
  }
  if (kind === 'tool') return [{ told: { from }, parties: [{ kind: 'tool' }], endpoints: [{ kind: 'tool', name }] }];
  const places = index(from);
  const members = bySite(places.filter(({ party }) => party.kind === 'member'));
  const tagged: Endpoint =
    kind === 'site' ? { kind: 'members-of-site', site: name } : { kind: 'members-with-role', role: name };
  const lans = bySite(places.filter(({ party }) => party.kind === 'lan'));
  return [
    ...(members.size === 0
      ? []
      : [{ told: { from }, parties: [...members.values()].map(([one]) => one.party), endpoints: [tagged] }]),
    ...(kind === 'site' ? siteLan(from, name, config, lans.get(name) ?? []) : roleLans(from, lans)),
  ];
}

/** The whole prefix: whoever has an address there. A LAN that cannot open connections is a part that reaches nothing, so that it is told. */
function siteLan(from: string, name: string, config: MeshConfig, hosts: readonly Place[]): Source[] {
  const site = config.sites[name];
  if (site === undefined) return [];
  const network = networkOf(name, site);
  if (hosts.length === 0 && !lanInitiates(network).possible) return [];
  return [
    {
      told: { from: `LAN of ${name}`, lan: { of: from, site: name, hosts: hosts.map((host) => host.name) } },
      parties: [wholeLan(network)],
      endpoints: [wholePrefix(name, site)],
    },
  ];
}

/** The LAN hosts that carry the role, by their addresses; those of one LAN together. */
function roleLans(from: string, lans: BySite): Source[] {
  return [...lans].map(([site, hosts]) => ({
    told: { from: `${from} on the LAN of ${site}`, lan: { of: from, site, hosts: hosts.map(({ name }) => name) } },
    parties: [hosts[0].party],
    endpoints: hosts.flatMap(lanHost),
  }));
}

/** Site → its places, at least one, which are sorted by name; sites sorted too. */
type BySite = ReadonlyMap<string, readonly [Place, ...Place[]]>;

function bySite(places: readonly Place[]): BySite {
  const sites = new Map<string, [Place, ...Place[]]>();
  for (const place of places) {
    const known = sites.get(place.site);
    if (known) known.push(place);
    else sites.set(place.site, [place]);
  }
  return new Map([...sites].sort(([a], [b]) => (a < b ? -1 : 1)));
}
