import type { Draft } from '../draft.ts';
import { choice, fault, type Fault } from '../fault.ts';
import { path } from '../paths.ts';
import { partiesBySelector } from './paths.ts';

/**
 * The break-glass group keeps its service whatever else is decided: both exist, an intent without an end gives it, and
 * people have a path to every host that has it.
 */
export function breakGlassFaults(model: Draft): Fault[] {
  const { breakGlass } = model;
  if (breakGlass === undefined) return [];
  const { group, service } = breakGlass;
  const at = (key: 'group' | 'service') => ['tailnet', 'breakGlass', key];
  const services = model.services.map(({ name }) => name);
  const faults: Fault[] = [];
  if (!model.groups.includes(group))
    faults.push(
      fault(
        at('group'),
        group,
        'is a group that nobody declared',
        choice(group, model.groups, 'declare the group under groups'),
      ),
    );
  if (!services.includes(service))
    faults.push(
      fault(
        at('service'),
        service,
        'is not a service',
        choice(service, services, 'declare it under services: { on, ports }'),
      ),
    );
  if (faults.length > 0) return faults;
  return [...lockedOut(model, group, service), ...unreachable(model, service, at('service'))];
}

function lockedOut(model: Draft, group: string, service: string): Fault[] {
  const source = `group:${group}`;
  const giving = model.access.filter(({ entry }) => entry.to === service && entry.from?.includes(source));
  if (giving.some(({ entry }) => endOf(entry) === undefined)) return [];
  const [ending] = giving;
  if (ending !== undefined)
    return [
      fault(
        [...ending.path, 'until'],
        endOf(ending.entry),
        `would lock out the break-glass group: when it is over, nothing gives ${source} ${service} any more`,
        `leave until out here, or add an intent without it: { from: [${source}], to: ${service}, why: … }`,
      ),
    ];
  return [
    fault(
      ['tailnet', 'breakGlass', 'group'],
      group,
      `would be locked out: no access intent gives ${source} ${service}`,
      `add it to access: { from: [${source}], to: ${service}, why: … }, or name the group and service that are never taken away`,
    ),
  ];
}

/** `until` of an intent: what has it is taken away one day. */
const endOf = (entry: object): unknown => ('until' in entry ? entry.until : undefined);

function unreachable(model: Draft, service: string, at: readonly string[]): Fault[] {
  const hosts = partiesBySelector(model);
  const on = model.services.find(({ name }) => name === service)?.entry.on ?? [];
  const why = on
    .flatMap((place) => hosts.get(place) ?? [])
    .flatMap((host) => {
      const verdict = path({ kind: 'person' }, host);
      return verdict.possible ? [] : [verdict.why];
    });
  if (why.length === 0) return [];
  return [
    fault(
      at,
      service,
      `is not where the break-glass group could reach it: ${[...new Set(why)].join('; ')}`,
      'take these hosts off the service, or name a service of hosts that people reach',
    ),
  ];
}
