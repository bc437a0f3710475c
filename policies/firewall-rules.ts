// Firewalls of clouds, brought to one form: what lets whom in.
import { interval, type Interval } from './addresses.ts';
import type { Known } from './unknown.ts';

/** Ports of TCP and UDP; the whole range for "any", "all", "0", an empty text and none. */
export type Ports = readonly [low: number, high: number];

export interface Inbound {
  /** Path of the rule: `rules[2]`. */
  path: string;
  /** Path of its sources. */
  sourcesPath: string;
  /** In lower case. */
  protocol: string;
  /** Absent where the protocol has none (icmp, gre, esp). */
  ports?: Ports;
  /** All that may come in. Members of the cloud (tags, droplets, load balancers) are not in it. */
  sources: Interval[];
}

interface Shape {
  /** Property that lists the rules. */
  rules: string;
  ports: string;
  sources: string;
  /** Other ways to name a source: with one of them, no address at all does not mean everybody. */
  members: readonly string[];
}

/** By type of resource. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'hcloud:index/firewall:Firewall': { rules: 'rules', ports: 'port', sources: 'sourceIps', members: [] },
  'digitalocean:index/firewall:Firewall': {
    rules: 'inboundRules',
    ports: 'portRange',
    sources: 'sourceAddresses',
    members: ['sourceDropletIds', 'sourceKubernetesIds', 'sourceLoadBalancerUids', 'sourceTags'],
  },
};

export const FIREWALLS: readonly string[] = Object.keys(SHAPES);

const EVERY_PORT: Ports = [1, 65_535];
const EVERYBODY = ['0.0.0.0/0', '::/0'].map(interval).filter((one) => one !== undefined);

/**
 * The rules that let something in, as far as they are known. A port or a source that cannot be read is taken for all: what
 * it lets in cannot be told.
 */
export function inboundRules(type: string, props: Record<string, unknown>, known: Known): Inbound[] {
  const shape = SHAPES[type];
  if (shape === undefined) return [];
  const rules = known.read(() => listOf(props[shape.rules])) ?? [];
  // By index: to go through the list itself would stop at the first rule that is not known.
  return Array.from({ length: rules.length }, (_, index) => index).flatMap((index): Inbound[] => {
    const path = `${shape.rules}[${index}]`;
    const rule = known.read(() => rules[index] as Record<string, unknown>);
    // Hetzner has rules for both ways in one list; another word than `out` is none of the way out.
    const way = known.read(() => rule?.direction);
    if (rule === undefined || way === 'out') return [];
    const protocol = known.read(() => textOf(rule.protocol).toLowerCase());
    const ports = known.read(() => portsOf(rule[shape.ports]));
    const sources = known.read(() => sourcesOf(rule, shape, known));
    if (protocol === undefined || ports === undefined || sources === undefined) return [];
    const sourcesPath = `${path}.${shape.sources}`;
    const portless = ['icmp', 'icmpv6', 'gre', 'esp'].includes(protocol);
    return [{ path, sourcesPath, protocol, sources, ...(!portless && { ports }) }];
  });
}

function sourcesOf(rule: Record<string, unknown>, { sources, members }: Shape, known: Known): Interval[] {
  const addresses = listOf(rule[sources]);
  if (addresses.length === 0) return members.some((member) => listOf(rule[member]).length > 0) ? [] : EVERYBODY;
  return Array.from({ length: addresses.length }, (_, index) => known.read(() => textOf(addresses[index])))
    .filter((address) => address !== undefined)
    .flatMap((address): Interval[] => {
      const read = interval(address.trim());
      return read === undefined ? EVERYBODY : [read];
    });
}

function portsOf(value: unknown): Ports {
  const text = (typeof value === 'number' ? String(value) : textOf(value)).trim().toLowerCase();
  const [, low, high] = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text) ?? [];
  if (low === undefined || Number(low) === 0) return EVERY_PORT;
  return [Number(low), Number(high ?? low)];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
