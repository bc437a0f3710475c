import { clouds } from '../clouds.ts';
import { allHosts, type Draft, type DraftHost } from '../draft.ts';
import { fault, type Fault } from '../fault.ts';
import { path, type Party } from '../paths.ts';

type HostParty = Exclude<Party, { kind: 'person' }>;

/** A rule that no network path can carry is a permission that lies: it is refused, with the reason. */
export function pathFaults(model: Draft): Fault[] {
  const faults: Fault[] = [];
  for (const rule of model.access) {
    const service = model.services.find(({ name }) => name === rule.entry.to);
    const targets = (service?.entry.on ?? []).flatMap((place) => selected(model, place));
    if (targets.length === 0) continue;
    for (const [index, source] of (rule.entry.from ?? []).entries()) {
      const verdicts = sources(model, source).flatMap((from) => targets.map((to) => path(from, to)));
      if (verdicts.length === 0 || verdicts.some(({ possible }) => possible)) continue;
      const [first] = verdicts.flatMap((verdict) => (verdict.possible ? [] : verdict.why));
      faults.push(
        fault(
          [...rule.path, 'from', index],
          source,
          `has no path to ${rule.entry.to ?? ''}: ${first ?? ''}`,
          'remove it from the rule, or name people, or a site whose members can connect',
        ),
      );
    }
  }
  return faults;
}

function sources(model: Draft, source: string): Party[] {
  const [kind, name = ''] = source.split(':');
  if (kind === 'group') return [{ kind: 'person' }];
  if (kind === 'role') return selected(model, source);
  return allHosts(model)
    .filter((host) => host.site === name)
    .flatMap((host) => party(model, host));
}

function selected(model: Draft, place: string): HostParty[] {
  const role = place.startsWith('role:') ? place.slice('role:'.length) : undefined;
  const matches = (host: DraftHost): boolean => {
    if (role === undefined) return host.entry.name === place;
    return role === 'router' ? host.kind === 'router' : (host.entry.roles ?? []).includes(role);
  };
  return allHosts(model)
    .filter(matches)
    .flatMap((host) => party(model, host));
}

function party(model: Draft, host: DraftHost): HostParty[] {
  const cloud = model.sites.find(({ name }) => name === host.site)?.entry.cloud;
  const { name } = host.entry;
  if (cloud === undefined || name === undefined) return [];
  const member = host.kind === 'router' || clouds[cloud].hostsAreMembers;
  return [member ? { kind: 'member', name, site: host.site } : { kind: 'lan', name, site: host.site, cloud }];
}
