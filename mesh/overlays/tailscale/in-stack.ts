import type { AccessEntry, AccessRule, Endpoint } from '../../access/types.ts';
import type { PolicyModel } from './compile.ts';
import { inStack } from './tags.ts';

/** What one stack brings into a policy; the rest is said by who pushes it. */
export type StackModel = Omit<PolicyModel, 'owner' | 'deployers' | 'denies'>;

/**
 * A stack's model as it stands in a shared tailnet: every name of a site, role or host carries the stack's in front. Groups
 * are people, and the same in all stacks. `why` says whose rule it is.
 */
export function modelInStack(model: StackModel, stack: string): StackModel {
  const call = (name: string): string => inStack(stack, name);
  return {
    groups: model.groups,
    sites: model.sites.map((site) => ({ ...site, name: call(site.name) })),
    members: model.members.map((member) => ({
      ...member,
      name: call(member.name),
      site: call(member.site),
      // Among others a router's role is a name like any: the plain one would be every stack's.
      roles: [...member.roles, ...(member.router ? ['router'] : [])].map(call),
    })),
    namedMembers: model.namedMembers.map(call),
    memberRoles: model.memberRoles.map(call),
    tools: model.tools.map(call),
    lanHosts: model.lanHosts.map((host) => ({ ...host, name: call(host.name), site: call(host.site) })),
    rules: model.rules.map((rule) => ruleInStack(rule, stack)),
  };
}

const ruleInStack = (rule: AccessRule, stack: string): AccessRule => ({
  ...rule,
  sources: rule.sources.map((one) => endpointInStack(one, stack)),
  targets: rule.targets.map((one) => endpointInStack(one, stack)),
  why: `${stack}: ${rule.why}`,
});

function endpointInStack(endpoint: Endpoint, stack: string): Endpoint {
  switch (endpoint.kind) {
    case 'group':
      return endpoint;
    case 'members-of-site':
    case 'routers-of-site':
    case 'lan':
      return { ...endpoint, site: inStack(stack, endpoint.site) };
    case 'tool':
    case 'member':
    case 'lan-host':
      return { ...endpoint, name: inStack(stack, endpoint.name) };
    case 'members-with-role':
      return { ...endpoint, role: inStack(stack, endpoint.role) };
  }
}

/** An entry as sentences of another stack's preview tell it. */
export function entryInStack(entry: AccessEntry, stack: string): AccessEntry {
  const of = (name: string): string => `${name} of ${stack}`;
  return {
    ...entry,
    from: entry.people === undefined ? of(entry.from) : entry.from,
    ...(entry.lan !== undefined && { lan: { ...entry.lan, hosts: entry.lan.hosts.map(of) } }),
    to: of(entry.to),
  };
}
