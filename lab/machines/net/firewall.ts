import { contains, parsePrefix, type Prefix } from '../../api/ip.ts';
import type { FirewallRule, Machine } from '../types.ts';
import { nftSet } from './layout.ts';

type Wall = NonNullable<Machine['firewall']>;

/** What a firewall lets pass, as matches of nft. The lab's internet and clouds' networks carry IPv4 only. */
export function allowed(wall: Wall, direction: 'in' | 'out'): string[] {
  return (direction === 'in' ? wall.inbound : wall.outbound).flatMap((rule) => match(rule, direction));
}

function match({ protocol, ports, peers }: FirewallRule, direction: 'in' | 'out'): string[] {
  const prefixes = outermost(peers);
  if (prefixes.length === 0) return [];
  const everybody = prefixes.includes('0.0.0.0/0');
  const who = everybody ? '' : `ip ${direction === 'in' ? 'saddr' : 'daddr'} ${nftSet(prefixes)} `;
  const what =
    ports !== undefined && (protocol === 'tcp' || protocol === 'udp')
      ? `ip protocol ${protocol} th dport ${ports[0]}-${ports[1]}`
      : `ip protocol ${protocol}`;
  return [`${who}${what}`];
}

/** IPv4 prefixes without those inside another: nft refuses a set whose elements overlap. */
function outermost(peers: readonly string[]): string[] {
  const parsed = new Map<string, Prefix>();
  for (const peer of peers) {
    const text = peer.includes('/') ? peer : `${peer}/32`;
    const prefix = parsePrefix(text);
    if (prefix !== undefined) parsed.set(text, prefix);
  }
  return [...parsed]
    .filter(([text, prefix]) => ![...parsed].some(([other, outer]) => other !== text && contains(outer, prefix)))
    .map(([text]) => text);
}
