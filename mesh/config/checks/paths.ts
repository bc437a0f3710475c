import { cloudOf } from '../clouds.ts';
import { hostsOf, type Draft, type DraftHost, type DraftSite } from '../draft.ts';
import { fault, type Fault } from '../fault.ts';
import { lanInitiates, path, wholeLan, type HostParty, type Party, type SiteNetwork } from '../paths.ts';

/** A rule that no network path can carry is a permission that lies: it is refused, with the reason. */
export function pathFaults(model: Draft): Fault[] {
  const index = indexed(model);
  const services = new Map(model.services.map((service) => [service.name, service]));
  const faults: Fault[] = [];
  for (const rule of model.access) {
    const targets = (services.get(rule.entry.to ?? '')?.entry.on ?? []).flatMap((place) => index.get(place) ?? []);
    if (targets.length === 0) continue;
    for (const [at, source] of (rule.entry.from ?? []).entries()) {
      const from = partiesOf(source, index);
      const why = blocked(from, targets);
      if (why === undefined) continue;
      faults.push(
        fault(
          [...rule.path, 'from', at],
          source,
          `has no path to ${rule.entry.to ?? ''}: ${why}`,
          'remove it from the rule, or name people, or a site that can connect',
        ),
      );
    }
  }
  return faults;
}

function partiesOf(source: string, index: ReadonlyMap<string, readonly HostParty[]>): readonly Party[] {
  if (source.startsWith('group:')) return [{ kind: 'person' }];
  return source.startsWith('tool:') ? [{ kind: 'tool' }] : (index.get(source) ?? []);
}

/** The first reason, when no pair has a path. */
function blocked(from: readonly Party[], to: readonly HostParty[]): string | undefined {
  let first: string | undefined;
  for (const source of from) {
    for (const target of to) {
      const verdict = path(source, target);
      if (verdict.possible) return undefined;
      first ??= verdict.why;
    }
  }
  return first;
}

/** Parties by everything that selects them: `fra-db-01`, `role:db`, `site:eu-fra`. */
export function indexed(model: Draft): Map<string, HostParty[]> {
  const index = new Map<string, HostParty[]>();
  const put = (key: string, party: HostParty): void => {
    const known = index.get(key);
    if (known) known.push(party);
    else index.set(key, [party]);
  };
  for (const site of model.sites) {
    for (const host of hostsOf(site)) {
      const own = party(site, host);
      if (own === undefined) continue;
      const roles = [...(host.kind === 'router' ? ['router'] : []), ...(host.entry.roles ?? [])];
      for (const key of [own.name, `site:${site.name}`, ...roles.map((role) => `role:${role}`)]) put(key, own);
    }
    const network = networkOf(site);
    if (network !== undefined && lanInitiates(network).possible) put(`site:${site.name}`, wholeLan(network));
  }
  return index;
}

function networkOf({ name, entry: { cloud, lan, snat = true }, routers }: DraftSite): SiteNetwork | undefined {
  return cloud && { name, cloud, lan, snat, hasRouters: routers.length > 0 };
}

function party(at: DraftSite, host: DraftHost): HostParty | undefined {
  const site = networkOf(at);
  const { name, member } = host.entry;
  if (site === undefined || name === undefined) return undefined;
  const joins = host.kind === 'router' || (member ?? cloudOf(site.cloud).hostsAreMembers);
  return { kind: joins ? 'member' : 'lan', name, site };
}
