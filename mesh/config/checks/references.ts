import { cloudOf } from '../clouds.ts';
import { allHosts, type Draft } from '../draft.ts';
import { choice, fault, type Fault } from '../fault.ts';

/** Services and rules name only what somebody declared. */
export function referenceFaults(model: Draft): Fault[] {
  return [...placeFaults(model), ...ruleFaults(model)];
}

/** Every role that some host has; `router` is the one that the mesh gives, where there are any or should be. */
function roles(model: Draft): string[] {
  const named = allHosts(model).flatMap((host) => host.roles);
  const routers = model.sites.some(
    ({ routers: here, entry: { cloud } }) => here.length > 0 || cloud === undefined || cloudOf(cloud).routers.min > 0,
  );
  return [...new Set([...(routers ? ['router'] : []), ...named])];
}

const ROLE_REMEDY = 'give some host this role, or remove it here';

function placeFaults(model: Draft): Fault[] {
  const faults: Fault[] = [];
  const names = allHosts(model).flatMap((host) => host.entry.name ?? []);
  const known = roles(model);
  const declared = new Set(names);
  const all = [
    ...model.services.map(({ path, entry }) => ({ path: [...path, 'on'], on: entry.on })),
    ...model.access.map(({ path, entry }) => ({ path: [...path, 'ssh', 'on'], on: entry.ssh?.on })),
  ];
  for (const { path, on = [] } of all) {
    for (const [index, place] of on.entries()) {
      const at = [...path, index];
      const role = place.startsWith('role:') ? place.slice('role:'.length) : undefined;
      if (role !== undefined) {
        if (!known.includes(role))
          faults.push(fault(at, place, 'is a role that no host has', choice(role, known, ROLE_REMEDY)));
      } else if (!declared.has(place)) {
        faults.push(
          fault(at, place, 'is not the name of a host', choice(place, names, 'declare the host under a site')),
        );
      }
    }
  }
  return faults;
}

function ruleFaults(model: Draft): Fault[] {
  const faults: Fault[] = [];
  const services = model.services.map(({ name }) => name);
  const known: Record<string, { names: string[]; otherwise: string }> = {
    group: { names: model.groups, otherwise: 'declare the group under groups' },
    site: { names: model.sites.map(({ name }) => name), otherwise: 'declare the site under sites' },
    role: { names: roles(model), otherwise: ROLE_REMEDY },
    tool: { names: model.tools, otherwise: 'declare the tool under tools' },
  };
  for (const { path, entry } of model.access) {
    for (const [index, source] of (entry.from ?? []).entries()) {
      const [kind = '', name = ''] = source.split(':');
      const declared = known[kind];
      if (declared && !declared.names.includes(name)) {
        faults.push(
          fault(
            [...path, 'from', index],
            source,
            `is a ${kind} that nobody declared`,
            choice(name, declared.names, declared.otherwise),
          ),
        );
      }
    }
    if (entry.to !== undefined && !services.includes(entry.to)) {
      faults.push(
        fault(
          [...path, 'to'],
          entry.to,
          'is not a service',
          choice(entry.to, services, 'declare it under services: { on, ports }'),
        ),
      );
    }
  }
  return faults;
}
