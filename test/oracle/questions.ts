import { address, beside, isIn, span } from '../reference/address.ts';
import { lets, NUMBER, type Match, type Packet } from './filter.ts';
import type { Joined, Party } from './party.ts';
import type { Random } from './random.ts';

export type Protocol = 'tcp' | 'udp' | 'icmp';

/** May this one open a connection to that one? */
export interface Question {
  from: Party;
  to: Party;
  protocol: Protocol;
  /** 0 for icmp. */
  port: number;
}

/** Everybody who has an address, and addresses that nobody has: beside those of LAN hosts, at the ends of LANs, and just outside of them. */
export function parties({ nodes, lanHosts, lans }: Joined): Party[] {
  const all: Party[] = [
    ...nodes.map(({ name, user, addresses }): Party => ({
      name: user ?? name,
      kind: user === undefined ? 'member' : 'person',
      addresses,
    })),
    ...lanHosts.map(({ name, addresses }): Party => ({ name, kind: 'lan', addresses })),
  ];
  // By number: an IPv6 address can be written in several ways.
  const number = (text: string): string => `${address(text).family} ${address(text).value}`;
  const taken = new Set(all.flatMap(({ addresses }) => addresses.map(number)));
  const beyond = lans.flatMap(({ site, cidrs }) =>
    cidrs.flatMap((cidr) => {
      const { first, last } = span(cidr);
      return [
        [`before the LAN of ${site}`, beside(first, -1n)],
        [`first of the LAN of ${site}`, beside(first, 0n)],
        [`last of the LAN of ${site}`, beside(last, 0n)],
        [`after the LAN of ${site}`, beside(last, 1n)],
      ] as const;
    }),
  );
  const neighbours = lanHosts.flatMap(({ name, addresses }) =>
    addresses.flatMap((one) => [-1n, 1n].map((step) => [`next to ${name}`, beside(address(one), step)] as const)),
  );
  const nobodies = [...beyond, ...neighbours].filter(([, one]) => !taken.has(number(one)));
  return [...all, ...nobodies.map(([name, one]): Party => ({ name, kind: 'nobody', addresses: [one] }))];
}

/** A question as packets, one for each pair of addresses of the same family. */
export function packets({ from, to, protocol, port }: Question): Packet[] {
  return from.addresses.flatMap((source) =>
    to.addresses
      .filter((target) => address(source).family === address(target).family)
      .map((target) => {
        const six = address(source).family === 6;
        return {
          from: source,
          to: target,
          protocol: protocol === 'icmp' && six ? NUMBER.icmp6 : NUMBER[protocol],
          port,
        };
      }),
  );
}

/**
 * Questions, about half of which the filters were asked for: somebody whom an entry lets in, at one of the ends of its ports or
 * beside them. The others are anybody to anybody.
 * @param filters by the name of the node
 */
export function questions(
  random: Random,
  everybody: readonly Party[],
  filters: ReadonlyMap<string, readonly Match[]>,
  count: number,
): Question[] {
  const entries = [...filters.values()].flat();
  const ports = [...new Set(entries.flatMap(({ Dsts }) => (Dsts ?? []).flatMap(({ Ports }) => edges(Ports))))];
  const anything = (): Question => {
    const [from, to] = [random.one(everybody), random.one(everybody)];
    const protocol = random.one(['tcp', 'tcp', 'udp', 'icmp'] as const);
    return { from, to, protocol, port: protocol === 'icmp' ? 0 : random.one([...ports, 1, 22, 65_535]) };
  };
  const aimed = (): Question => {
    if (entries.length === 0) return anything();
    const { IPProto, Srcs, Dsts } = random.one(entries);
    const known = PROTOCOLS.filter((one) => (IPProto ?? []).includes(NUMBER[one]));
    const ends = Dsts?.length ? random.one(Dsts) : undefined;
    const at = (prefix: string | undefined): Party[] =>
      everybody.filter(({ addresses }) =>
        addresses.some((one) => prefix !== undefined && isIn(address(one), span(prefix))),
      );
    const [sources, targets] = [at(Srcs?.length ? random.one(Srcs) : undefined), at(ends?.Net)];
    if (ends === undefined || known.length === 0 || sources.length === 0 || targets.length === 0) return anything();
    const protocol = random.one(known);
    const { First, Last } = ends.Ports;
    const port = protocol === 'icmp' ? 0 : random.one([First, Last, ...edges(ends.Ports)]);
    return { from: random.one(sources), to: random.one(targets), protocol, port };
  };
  return Array.from({ length: count }, (_, n) => (n % 4 === 0 ? anything() : aimed())).filter(
    ({ from, to }) => from.name !== to.name,
  );
}

const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;

/** Both ends of a range of ports and what is beside them. */
const edges = ({ First, Last }: { First: number; Last: number }): number[] =>
  [First - 1, First, Last, Last + 1].filter((port) => port > 0 && port <= 65_535);

export const told = ({ from, to, protocol, port }: Question): string =>
  `${from.name} (${from.addresses.join(', ')}) → ${to.name} (${to.addresses.join(', ')}) ${protocol}/${port}`;

/** What the clients answer: whether the filter of the node that it meets lets some packet of the question in. */
export const answered = (
  question: Question,
  filters: ReadonlyMap<string, readonly Match[]>,
  gates: (to: string) => string[],
): boolean =>
  packets(question).some((packet) => gates(packet.to).some((gate) => lets(filters.get(gate) ?? [], packet)));
