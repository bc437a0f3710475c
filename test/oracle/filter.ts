import { z } from 'zod';
import { address, isIn, span } from '../reference/address.ts';

/**
 * One entry of a tailscaled's packet filter, as `tailscale debug netmap` prints it (`PacketFilter`): what the control server made
 * of the policy for this one node, and what the node does with packets from peers.
 */
export const MATCH = z.object({
  IPProto: z.array(z.number()).nullable(),
  Srcs: z.array(z.string()).nullable(),
  Dsts: z.array(z.object({ Net: z.string(), Ports: z.object({ First: z.number(), Last: z.number() }) })).nullable(),
});
export type Match = z.infer<typeof MATCH>;

/** The first packet of a connection. */
export interface Packet {
  from: string;
  to: string;
  /** IP protocol number. */
  protocol: number;
  /** 0 where the protocol has none. */
  port: number;
}

export const NUMBER = { tcp: 6, udp: 17, icmp: 1, icmp6: 58 } as const;
const isPing = (protocol: number): boolean => protocol === NUMBER.icmp || protocol === NUMBER.icmp6;

/**
 * Whether the filter names the packet: protocol, addresses, and the port where there is one. Of ICMP this is what the policy says
 * and not what the node does: see `lets`.
 */
export const names = (filter: readonly Match[], { from, to, protocol, port }: Packet): boolean =>
  filter.some(
    ({ IPProto, Srcs, Dsts }) =>
      (IPProto ?? []).includes(protocol) &&
      (Srcs ?? []).some((text) => isIn(address(from), span(text))) &&
      (Dsts ?? []).some(
        ({ Net, Ports: { First, Last } }) =>
          isIn(address(to), span(Net)) && (isPing(protocol) || (port >= First && port <= Last)),
      ),
  );

/** Whether the node lets it in. A ping passes to whatever address anything is open at (`matchIPsOnly` of tailscaled's filter). */
export const lets = (filter: readonly Match[], packet: Packet): boolean =>
  isPing(packet.protocol)
    ? filter.some(({ Srcs, Dsts }) => names([{ IPProto: [packet.protocol], Srcs, Dsts }], packet))
    : names(filter, packet);
