import { isIP } from 'node:net';
import { Refusal } from './answer.ts';

/** Sizes of packets are a matter of networks, and a host that is a record has none: said, not made up. */
export function pathMtu(address: string): never {
  if (isIP(address) === 0) throw new Refusal('usage', 'ADDRESS must be an IPv4 or IPv6 address');
  throw new Refusal('no-network', 'this host is a record of the lab: it has no network, so no packet can be measured');
}
