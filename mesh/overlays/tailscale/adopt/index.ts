import { places } from '../../../access/places.ts';
import type { MeshConfig } from '../../../config/schema.ts';
import type { PolicyReading } from '../policy/read.ts';
import type { Rule, SshRule } from '../policy/types.ts';
import { adoptLogin } from './logins.ts';
import { reason, serviceName } from './names.ts';
import { adoptRest } from './rest.ts';
import { sourcesOf } from './sources.ts';
import { portsOf, targetsOf } from './targets.ts';
import type { Adoption, Around, Draft } from './types.ts';

export type { Adoption, Around } from './types.ts';

/** What a configuration has already. */
export function around(config: MeshConfig): Around {
  const { groups, services, access, sites, tools } = config;
  return {
    ...{ groups, services, access },
    tools: Object.keys(tools),
    places: places(config),
    sites: Object.entries(sites).map(([name, { cidr, cidr6 }]) => ({ name, cidr, cidr6 })),
  };
}

/**
 * A policy of anybody's as groups, services and intents of a stack file. What intents cannot say is a leftover, with the
 * reason and what to do; nothing is widened, so a rule of which a part cannot be said is adopted without that part.
 * @param around what the stack has: it is reused, and left out of the answer
 */
export function adopt(reading: PolicyReading, around: Around): Adoption {
  const draft: Draft = { groups: {}, services: {}, access: [], leftovers: [], covered: [], around };
  const { rules } = reading.policy;
  if (rules === undefined)
    draft.leftovers.push({
      path: '',
      what: 'neither acls nor grants',
      why: 'without them the service lets everybody reach everything, which no intent says',
      todo: 'write the intents that are needed; the first push replaces a policy that says nothing without being asked',
    });
  for (const rule of rules ?? []) adoptRule(draft, rule);
  for (const rule of reading.policy.ssh) if (!isConditional(draft, rule)) adoptLogin(draft, rule);
  adoptRest(draft, reading);
  missingRoles(draft);
  if (
    Object.values(draft.services).some(({ ports }) =>
      ports.some((port) => port.startsWith('tcp/') && ports.includes(port.replace('tcp/', 'udp/'))),
    )
  )
    draft.covered.push(
      'ports without a protocol mean tcp and udp, so both are adopted: take away the one that nobody uses',
    );
  const { groups, services, access, covered } = draft;
  // An entry of acls is several rules, with one source.
  const leftovers = [...new Map(draft.leftovers.map((one) => [JSON.stringify(one), one])).values()];
  return { groups, services, access, leftovers, covered };
}

/** Such a rule is left to a person. */
function isConditional(draft: Draft, { path, line, conditions }: Rule | SshRule): boolean {
  if (conditions.length === 0) return false;
  const what = conditions.map(({ text }) => text).join('; ');
  const why = 'an intent has no conditions: adopted without them it would permit more';
  draft.leftovers.push({
    path,
    line,
    what,
    why,
    todo: 'write an intent for what may happen in any case, or do without',
  });
  return true;
}

function adoptRule(draft: Draft, rule: Rule): void {
  const { path } = rule;
  if (isConditional(draft, rule)) return;
  const from = sourcesOf(draft, rule);
  const on = targetsOf(draft, rule);
  const ports = on.length === 0 || from.length === 0 ? [] : portsOf(draft, rule);
  if (ports.length === 0) return;
  const to = service(draft, on, ports);
  const why = reason(rule.why, `adopted from ${path}`);
  // One that ends gives less than the rule, which has no end.
  const lasting = draft.around.access.filter(({ until }) => until === undefined);
  const there = [...lasting, ...draft.access].find(
    (intent) => intent.to === to && from.every((one) => intent.from.includes(one)),
  );
  if (there === undefined) draft.access.push({ from, to, why });
}

/** The service that these ports on these hosts are; another one of the same content is never made. */
function service(draft: Draft, on: string[], ports: string[]): string {
  const all = { ...draft.around.services, ...draft.services };
  const same = (one: readonly string[], other: readonly string[]): boolean =>
    one.toSorted().join() === other.toSorted().join();
  const known = Object.entries(all).find(([, one]) => same(one.on, on) && same(one.ports, ports));
  if (known !== undefined) return known[0];
  const name = serviceName(on, ports, (one) => Object.hasOwn(all, one));
  draft.services[name] = { on, ports };
  return name;
}

/** Roles that adopted intents name and no host has: the stack file would be refused. */
function missingRoles(draft: Draft): void {
  const had = new Set(draft.around.places.flatMap(({ roles }) => roles));
  const named = [
    ...draft.access.flatMap(({ from }) => from),
    ...Object.values(draft.services).flatMap(({ on }) => on),
    ...draft.access.flatMap(({ ssh }) => ssh?.on ?? []),
  ];
  const roles = new Set(named.flatMap((one) => (one.startsWith('role:') ? [one.slice('role:'.length)] : [])));
  for (const role of [...roles].sort())
    if (!had.has(role))
      draft.leftovers.push({
        path: `tagOwners["tag:${role}"]`,
        what: `role:${role}`,
        why: 'intents select hosts by role, and no host of this stack has this one',
        todo: `give the hosts that carry tag:${role} roles: [${role}] under their site`,
      });
}
