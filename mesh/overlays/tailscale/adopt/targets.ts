import { sortedPorts } from '../../../access/ports.ts';
import { port } from '../../../config/fields.ts';
import type { Rule, Selector } from '../policy/types.ts';
import { isRole, NO_ROLE } from './names.ts';
import { isSame } from './sources.ts';
import type { Draft } from './types.ts';

type Refusal = { why: string; todo: string };

/** Where a rule leads to, as a service names it; what it cannot name is a leftover. */
export function targetsOf(draft: Draft, rule: Pick<Rule, 'path' | 'line' | 'dst'>): string[] {
  const found = rule.dst.flatMap((selector, index) => {
    const target = targetOf(draft, selector);
    if (typeof target === 'string') return [target];
    const { path, line } = rule;
    draft.leftovers.push({ path: `${path}.dst[${index}]`, line, what: selector.text, ...target });
    return [];
  });
  return [...new Set(found)].sort();
}

function targetOf({ around }: Draft, selector: Selector): string | Refusal {
  switch (selector.kind) {
    case 'tag': {
      const name = selector.tag.replace(/^tag:/, '');
      const host = around.places.find((place) => name === `host-${place.name}`);
      if (host !== undefined) return host.name;
      if (isRole(name)) return `role:${name}`;
      return { why: NO_ROLE, todo: 'name the hosts or the role where the service runs' };
    }
    case 'addresses': {
      const host = around.places.find(({ address, address6 }) =>
        [address, address6].some((one) => one !== undefined && isSame(selector.ranges, one)),
      );
      if (host !== undefined) return host.name;
      const count = selector.ranges.reduce((sum, [first, last]) => sum + last - first + 1n, 0n);
      return count === 1n
        ? {
            why: `no host of this stack has this address (${selector.text})`,
            todo: 'declare it under its site ({ name, lan }), and run adopt again',
          }
        : {
            why: 'services run on hosts, not on whole networks',
            todo: 'declare the hosts that serve something under their site, and name them',
          };
    }
    case 'any':
      return {
        why: 'everything is no target here: what is not named is denied',
        todo: 'name the services that are really used',
      };
    case 'group':
    case 'user':
    case 'domain':
    case 'autogroup':
      return {
        why: 'devices of people are not reached by intents: services run on hosts',
        todo: 'leave it out, or make the machine a host of this stack',
      };
    case 'service':
      return { why: 'Tailscale services are not made here', todo: 'name the hosts that serve it' };
  }
}

/** Ports as a service lists them. */
export function portsOf(draft: Draft, rule: Rule): string[] {
  const { path, line } = rule;
  const left = (what: string, why: string, todo: string): string[] => {
    draft.leftovers.push({ path, line, what, why, todo });
    return [];
  };
  const all = rule.ports.filter((one) => /^(tcp|udp)\/\*$/.test(one));
  if (all.length > 0)
    return left(
      rule.ip.join(', '),
      'all ports of a host are no service',
      'name the ports that are used; tcp/1-65535 can be written, and then says what it is',
    );
  const others = rule.ports.filter((one) => !port.safeParse(one).success && one !== 'icmp/*');
  if (others.length > 0) left(others.join(', '), 'services have tcp and udp ports, from 1 to 65535', 'leave it out');
  const ports = sortedPorts([...new Set(rule.ports.filter((one) => port.safeParse(one).success))]);
  if (ports.length === 0 && others.length === 0)
    left('icmp', 'a ping is answered wherever some port is open, and alone it is no service', 'leave it out');
  return ports;
}
