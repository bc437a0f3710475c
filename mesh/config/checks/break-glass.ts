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
  const { group, service, tool } = breakGlass;
  const at = (key: 'group' | 'service' | 'tool') => ['tailnet', 'breakGlass', key];
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
  if (tool !== undefined && !model.tools.includes(tool))
    faults.push(
      fault(
        at('tool'),
        tool,
        'is a tool that nobody declared',
        choice(tool, model.tools, 'declare the tool under tools'),
      ),
    );
  if (faults.length > 0) return faults;
  return [
    ...lockedOut(model, { source: `group:${group}`, at: at('group'), name: group }, service),
    ...(tool === undefined ? [] : lockedOut(model, { source: `tool:${tool}`, at: at('tool'), name: tool }, service)),
    ...unreachable(model, service, at('service')),
  ];
}

interface Kept {
  source: string;
  at: readonly string[];
  name: string;
}

function lockedOut(model: Draft, { source, at, name }: Kept, service: string): Fault[] {
  const giving = model.access.filter(({ entry }) => entry.to === service && entry.from?.includes(source));
  if (giving.some(({ entry }) => entry.until === undefined)) return [];
  const [ending] = giving;
  if (ending !== undefined)
    return [
      fault(
        [...ending.path, 'until'],
        ending.entry.until,
        `would lock out ${source}, which tailnet.breakGlass keeps in: when it is over, nothing gives it ${service} any more`,
        `leave until out here, or add an intent without it: { from: [${source}], to: ${service}, why: … }`,
      ),
    ];
  return [
    fault(
      at,
      name,
      `would be locked out: no access intent gives ${source} ${service}`,
      `add it to access: { from: [${source}], to: ${service}, why: … }, or name who and what is never taken away`,
    ),
  ];
}

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
