import { ends } from '../../access/ports.ts';
import type { StackModel } from './in-stack.ts';
import { selectors, type Selector } from './selectors.ts';
import { siteTag } from './tags.ts';
import { familyOf, PROBE, singlePorts, type Family, type PolicyTest } from './tests.ts';

/** Of each stack, as sources and as targets: the text grows with the product. */
const HOSTS = 8;

/** One stack's share of a policy: in its own words, or as it stands in the shared one. */
export interface StackPart {
  stack: string;
  model: StackModel;
}

/** A LAN host by one of its addresses, with the ports of its services. */
interface Served {
  alias: string;
  family: Family;
  ports: string[];
}

/**
 * That nothing passes from one stack to another: hosts on the LANs of one, to SSH and every service port of hosts on the LANs
 * of the other, both ways. These hold before any node exists; `proto` is always set.
 * @param parts as they stand in the shared policy
 */
export function environmentDenies(parts: readonly StackPart[]): PolicyTest[] {
  const known = parts.map(({ stack, model }) => ({ stack, hosts: served(model) }));
  return known.flatMap(({ stack, hosts }) =>
    hosts.flatMap((from) => {
      const others = known.filter((other) => other.stack !== stack).flatMap((other) => other.hosts);
      // A packet has addresses of one family at both ends.
      return denies(
        from.alias,
        others.filter(({ family }) => family === from.family),
      );
    }),
  );
}

/** The same once members have joined: no site of a stack reaches LAN hosts of another. */
export function memberDenies(own: StackModel, others: readonly StackPart[]): PolicyTest[] {
  const targets = others.flatMap(({ model }) => served(model));
  return own.sites
    .filter(({ members }) => members)
    .slice(0, HOSTS)
    .flatMap(({ name }) => denies(siteTag(name), targets));
}

/** One for each protocol; tcp first, since every host has the probe. */
function denies(src: string, targets: readonly Served[]): PolicyTest[] {
  const byProto = new Map<string, PolicyTest>();
  for (const to of targets)
    for (const port of to.ports) {
      const [proto = '', number = ''] = port.split('/');
      const test = byProto.get(proto) ?? { src, proto, accept: [], deny: [] };
      byProto.set(proto, test);
      test.deny.push(`${to.alias}:${number}`);
    }
  return [...byProto.values()];
}

/** The first LAN hosts that the stack's rules name, by name: their aliases stand in the policy already. */
function served(model: StackModel): Served[] {
  const hosts = new Map<string, Served>();
  const add = (alias: Selector, ports: readonly string[]): void => {
    const one = hosts.get(alias.text) ?? { alias: alias.text, family: familyOf(alias), ports: [PROBE] };
    hosts.set(alias.text, { ...one, ports: singlePorts([...one.ports, ...ports.flatMap(ends)]) });
  };
  for (const { sources, targets, ports } of model.rules) {
    for (const one of sources) if (one.kind === 'lan-host') for (const alias of selectors(one)) add(alias, []);
    for (const one of targets) if (one.kind === 'lan-host') for (const alias of selectors(one)) add(alias, ports);
  }
  return [...hosts.values()].sort((a, b) => (a.alias < b.alias ? -1 : 1)).slice(0, HOSTS);
}
