import { address, isIn, isSpan, span, type Address } from './address.ts';
import { Beyond, read, type Document, type Traffic } from './read.ts';

/** Who and what is there: nodes of the tailnet, and the addresses of each. */
export interface Ground {
  nodes: readonly {
    name: string;
    tags: readonly string[];
    addresses: readonly string[];
    user?: string;
    routes?: readonly string[];
  }[];
  people: readonly { login: string; admin?: boolean }[];
}

/** The first packet of a connection. Port: of the destination; 0 where the protocol has none. */
export interface Packet {
  from: string;
  to: string;
  /** IP protocol number. */
  protocol: number;
  port: number;
}

type Node = Ground['nodes'][number];

/** All that a tailnet gives to its nodes: CGNAT without what ChromeOS uses, and the tailnet's own part of IPv6. */
const TAILNET = ['100.64.0.0-100.115.91.255', '100.115.94.0-100.127.255.255', 'fd7a:115c:a1e0::/48'];

/** Addresses that are not of the internet (IANA's registries of special purposes, and multicast). */
const NOT_PUBLIC = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
];

/**
 * A slow interpreter of tailnet policies, written from Tailscale's public documentation alone: every packet is held against every
 * selector of every rule, and nothing is precomputed. What it is for: to be held against the evaluator, which is fast.
 * @throws Beyond at what it has no word on (postures, via, IP sets, services)
 */
export function judge(text: string, ground: Ground): Verdicts {
  const document = read(text);
  const passes = (packet: Packet, named: (traffic: Traffic) => boolean): boolean => {
    const [source, target] = [address(packet.from), address(packet.to)];
    if (source.family !== target.family) return false;
    return document.rules.some(({ src, targets }) =>
      targets.some(
        ({ dst, traffic }) =>
          traffic.some(named) &&
          src.some((selector) => isSource(selector, source, document, ground)) &&
          isTarget(dst, target, source, document, ground),
      ),
    );
  };
  const covers = ({ protocol, port }: Packet, { protocols, first, last }: Traffic): boolean =>
    protocols.includes(protocol) && (isPing(protocol) || (port >= first && port <= last));
  const names = (packet: Packet): boolean => passes(packet, (traffic) => covers(packet, traffic));
  return { names, lets: (packet) => (isPing(packet.protocol) ? passes(packet, () => true) : names(packet)) };
}

export interface Verdicts {
  /** Whether a rule names this packet. ICMP has no ports: whatever ports a rule for it names, all of it is meant. */
  names(packet: Packet): boolean;
  /** Whether it arrives: as `names`, but that a ping passes wherever anything is open. */
  lets(packet: Packet): boolean;
}

const isPing = (protocol: number): boolean => protocol === 1 || protocol === 58;

function isSource(selector: string, source: Address, document: Document, ground: Ground): boolean {
  if (selector === '*')
    return (
      TAILNET.some((text) => isIn(source, span(text))) ||
      ground.nodes.some(({ routes = [] }) => routes.some((route) => !route.endsWith('/0') && isIn(source, span(route))))
    );
  if (selector === 'autogroup:danger-all') return true;
  return isNamed(selector, source, document, ground);
}

function isTarget(dst: string, target: Address, source: Address, document: Document, ground: Ground): boolean {
  if (dst === '*') return true;
  if (dst === 'autogroup:internet') return !NOT_PUBLIC.some((text) => isIn(target, span(text)));
  if (dst === 'autogroup:self') {
    const [from, to] = [nodeAt(source, ground), nodeAt(target, ground)];
    return from !== undefined && to !== undefined && isPersonal(from) && isPersonal(to) && from.user === to.user;
  }
  return isNamed(dst, target, document, ground);
}

/** What source and destination can both name. */
function isNamed(selector: string, at: Address, document: Document, ground: Ground): boolean {
  const alias = document.hosts[selector];
  if (alias !== undefined) return isIn(at, span(alias));
  if (isSpan(selector)) return isIn(at, span(selector));
  const node = nodeAt(at, ground);
  if (selector.startsWith('tag:')) return node?.tags.includes(selector) ?? false;
  if (selector === 'autogroup:tagged') return node !== undefined && node.tags.length > 0;
  if (selector === 'autogroup:member' || selector === 'autogroup:members')
    return node !== undefined && isPersonal(node);
  if (selector === 'autogroup:admin') return node !== undefined && isPersonal(node) && isAdmin(node.user, ground);
  if (selector.startsWith('group:')) {
    const people = document.groups[selector];
    if (people === undefined) throw new Error(`no such group: ${selector}`);
    return node !== undefined && isPersonal(node) && people.includes(node.user);
  }
  // Everybody of one domain.
  if (selector.startsWith('user:*@'))
    return node !== undefined && isPersonal(node) && node.user.endsWith(selector.slice('user:*'.length));
  if (selector.includes('@')) return node !== undefined && isPersonal(node) && node.user === selector;
  throw new Beyond(`${selector} is not judged here`);
}

/** A device of a person; a tag takes the person away. */
const isPersonal = (node: Node): node is Node & { user: string } => node.tags.length === 0 && node.user !== undefined;
const isAdmin = (login: string, { people }: Ground): boolean =>
  people.some((person) => person.login === login && person.admin === true);
const nodeAt = (at: Address, { nodes }: Ground): Node | undefined =>
  nodes.find(({ addresses }) => addresses.some((text) => isIn(at, span(text))));
