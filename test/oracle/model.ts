import { hostsOf } from '../../mesh/plan/index.ts';
import type { AccessEntry, HostPlan, MeshPlan } from '../../mesh/plan/types.ts';
import { address, isIn, span } from '../reference/address.ts';
import type { Party } from './party.ts';
import { packets, type Question } from './questions.ts';
import { toolName } from './stacks.ts';

/** Whether an entry of the plan gives what is asked: in words of the model, without the policy. */
export const given = (plan: MeshPlan, question: Question): boolean =>
  // Both ends have an address of one family, or nothing can be sent at all.
  packets(question).length > 0 &&
  plan.policy.access.some(
    (entry) =>
      entry.ports.some((port) => isOf(port, question)) &&
      isFrom(plan, entry, question.from) &&
      isTo(plan, entry.to, question.to),
  );

/** `tcp/22`, `tcp/8000-8010`, `udp/*`. A ping passes wherever anything is open: that is how tailscaled filters. */
function isOf(text: string, { protocol, port }: Question): boolean {
  if (protocol === 'icmp') return true;
  const [name, range = ''] = text.split('/');
  const [first, last = first] = range.split('-');
  return name === protocol && (range === '*' || (port >= Number(first) && port <= Number(last)));
}

function isFrom(plan: MeshPlan, { from, people, lan }: AccessEntry, party: Party): boolean {
  if (people !== undefined) return party.kind === 'person' && people.includes(party.name);
  if (lan !== undefined)
    return lan.hosts.includes(party.name) || (from === `LAN of ${lan.site}` && isAt(plan, lan.site, party));
  const [, tool] = /^tool:(.*)$/.exec(from) ?? [];
  if (tool !== undefined) return party.name === toolName(tool);
  const host = hostNamed(plan, party);
  if (host === undefined) return false;
  const [, routersOf] = /^routers of (.*)$/.exec(from) ?? [];
  if (routersOf !== undefined) return host.kind === 'router' && host.site === routersOf;
  const [kind, name = ''] = from.split(':');
  return kind === 'site'
    ? host.site === name
    : [...host.roles, ...(host.kind === 'router' ? ['router'] : [])].includes(name);
}

function isTo(plan: MeshPlan, to: string, party: Party): boolean {
  const [, lanOf] = /^LAN of (.*)$/.exec(to) ?? [];
  return lanOf === undefined ? to === party.name : isAt(plan, lanOf, party);
}

/** On the LAN of a site, by address. */
function isAt({ sites }: MeshPlan, name: string, { addresses }: Party): boolean {
  const site = sites.find((one) => one.name === name);
  return [site?.cidr, site?.cidr6].some(
    (cidr) => cidr !== undefined && addresses.some((one) => isIn(address(one), span(cidr))),
  );
}

const hostNamed = ({ sites }: MeshPlan, { kind, name }: Party): HostPlan | undefined =>
  kind === 'member' ? sites.flatMap(hostsOf).find((host) => host.name === name) : undefined;
