/** Protocols and ports as policies write them. */
import type { Ports } from './types.ts';

const PROTOCOLS = new Map<string, number[]>([
  ['icmp', [1, 58]],
  ['igmp', [2]],
  ['ipv4', [4]],
  ['tcp', [6]],
  ['egp', [8]],
  ['igp', [9]],
  ['udp', [17]],
  ['gre', [47]],
  ['esp', [50]],
  ['ah', [51]],
  ['sctp', [132]],
]);

const TCP = 6;
const UDP = 17;
const SCTP = 132;
const ICMP = [1, 58];
/** What a rule without a protocol means; a test without one means the same. */
export const DEFAULT_PROTOCOLS: readonly number[] = [TCP, UDP, ...ICMP];

const isIcmp = (protocol: number): boolean => ICMP.includes(protocol);

/** IANA numbers of a protocol name or number; undefined when there is no such protocol. */
export function protocolNumbers(text: string): number[] | undefined {
  if (/^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255) return text === '1' ? ICMP : [Number(text)];
  return PROTOCOLS.get(text);
}

/** `*`, `22` or `80-443`; a string is the refusal. */
export function parsePortRange(text: string): { first: number; last: number } | string {
  if (text === '*') return { first: 0, last: 65_535 };
  const [left = '', right, more] = text.split('-');
  if (!/^\d{1,6}$/.test(left)) return `port range ${JSON.stringify(text)}: invalid first integer`;
  if (more !== undefined || (right !== undefined && !/^\d{1,6}$/.test(right)))
    return `port range ${JSON.stringify(text)}: invalid last integer`;
  const first = Number(left);
  const last = right === undefined ? first : Number(right);
  if (first === 0) return `port range ${JSON.stringify(text)}: first port must be >0, or use '*' for wildcard`;
  if (first > 65_535 || last > 65_535) return `port range ${JSON.stringify(text)}: ports end at 65535`;
  if (last < first) return `port range ${JSON.stringify(text)}: first port must be <= last port`;
  return { first, last };
}

/** An entry of a grant's `ip`: `*`, `22`, `tcp:22`, `icmp:*`, `udp:1000-2000`; a string is the refusal. */
export function parseGrantPorts(text: string): Ports | string {
  const colon = text.indexOf(':');
  const protocols = colon < 0 ? [...DEFAULT_PROTOCOLS] : protocolNumbers(text.slice(0, colon));
  if (protocols === undefined) return `unknown protocol ${JSON.stringify(text.slice(0, colon))}`;
  const range = parsePortRange(text.slice(colon + 1));
  if (typeof range === 'string') return range;
  if (colon >= 0 && !portful(protocols) && text.slice(colon + 1) !== '*')
    return `${JSON.stringify(text)}: ${text.slice(0, colon)} has no ports, write "${text.slice(0, colon)}:*"`;
  return { protocols, ...range };
}

const portful = (protocols: number[]): boolean => protocols.every((p) => p === TCP || p === UDP || p === SCTP);

/** Whether a packet of this protocol to this port passes, as a node's packet filter decides. */
export function portsAllow(ports: Ports, protocol: number, port: number): boolean {
  // The filter looks at addresses only for ICMP: if any port is open to an address, a ping gets through.
  if (isIcmp(protocol)) return true;
  if (!ports.protocols.includes(protocol)) return false;
  return !portful([protocol]) || (ports.first <= port && port <= ports.last);
}
