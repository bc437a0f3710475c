import type { PolicyResource } from '@pulumi/policy';
import { overlap } from '../mesh/overlays/tailscale/policy/ranges.ts';
import { interval, type Interval } from './addresses.ts';
import { stackGuardrail, type StackFinding } from './guardrail.ts';
import type { Known } from './unknown.ts';

/** Where addresses of members and of the service itself come from. */
const TAILNET = ['100.64.0.0/10', 'fd7a:115c:a1e0::/48'] as const;

/**
 * Properties that hold prefixes. `lan`: addresses that machines have there. `route`: what leads to a LAN, and so may say the same. `around`: what lies around LANs, so
 * that it overlaps them on purpose (a Hetzner network spans the supernet of its stack; a route leads to another site).
 */
const PREFIXES: Readonly<Record<string, { property: string; kind: Held['kind'] }>> = {
  'digitalocean:index/vpc:Vpc': { property: 'ipRange', kind: 'lan' },
  'hcloud:index/network:Network': { property: 'ipRange', kind: 'around' },
  'hcloud:index/networkRoute:NetworkRoute': { property: 'destination', kind: 'around' },
  'hcloud:index/networkSubnet:NetworkSubnet': { property: 'ipRange', kind: 'lan' },
  'mesh:index:HostRelease': { property: 'lanPrefix', kind: 'route' },
  'mesh:index:TailnetNode': { property: 'advertiseRoutes', kind: 'route' },
  'tailscale:index/deviceSubnetRoutes:DeviceSubnetRoutes': { property: 'routes', kind: 'route' },
};

interface Held {
  resource: PolicyResource;
  path: string;
  kind: 'lan' | 'route' | 'around';
  range: Interval;
  /** URN of the site that it hangs under; absent in programs without sites. */
  site: string | undefined;
}

/**
 * LANs, advertised routes and pools of the stack are pairwise disjoint, and none of them lies in the addresses of the tailnet. One
 * prefix may be held many times at one site: by its subnet, and by each of its routers.
 */
export const disjointPrefixes = stackGuardrail({
  name: 'disjoint-prefixes',
  description: 'LANs and advertised routes are pairwise disjoint, and apart from the addresses of the tailnet.',
  severity: 'high',
  remedy:
    'Give each site a prefix of its own inside the supernet (mesh check --all finds such clashes across stacks, too).',
  judge: ({ resources }, known) => {
    const held = resources.flatMap((resource) => prefixesOf(resource, known));
    const tailnet = TAILNET.map((name) => ({ name, range: interval(name) }));
    const inTailnet = held.flatMap(({ resource, path, range }): StackFinding[] =>
      tailnet
        .filter((one) => one.range !== undefined && overlap(one.range, range))
        .map(({ name }) => ({
          resource,
          path,
          kind: 'tailnet',
          what: `the prefix overlaps ${name}, where the tailnet has its addresses`,
        })),
    );
    return [...inTailnet, ...clashes(held.filter(({ kind }) => kind !== 'around'))];
  },
});

/** Each clash once, told of the later of the two; sorted by their beginnings, so that thousands of prefixes are not compared pairwise. */
function clashes(held: readonly Held[]): StackFinding[] {
  const sorted = held.toSorted((a, b) => (a.range[0] < b.range[0] ? -1 : a.range[0] > b.range[0] ? 1 : 0));
  const told = new Set<string>();
  const open: Held[] = [];
  return sorted.flatMap((one): StackFinding[] => {
    const still = open.filter((other) => overlap(other.range, one.range));
    open.splice(0, open.length, ...still, one);
    return still
      .filter((other) => !together(one, other))
      .flatMap((other): StackFinding[] => {
        const pair = [one, other]
          .map(({ resource, site }) => site ?? resource.urn)
          .sort()
          .join(' ');
        if (told.has(pair)) return [];
        told.add(pair);
        const { name, type } = other.resource;
        return [
          {
            resource: one.resource,
            path: one.path,
            kind: 'overlap',
            what: `the prefix overlaps that of ${type} ${name}`,
          },
        ];
      });
  });
}

/** Two that belong together: of one site, or, in a program without sites, a LAN and who leads exactly there. */
const together = (a: Held, b: Held): boolean =>
  a.site !== undefined || b.site !== undefined
    ? a.site === b.site
    : (a.kind === 'route' || b.kind === 'route') && a.range[0] === b.range[0] && a.range[1] === b.range[1];

function prefixesOf(resource: PolicyResource, known: Known): Held[] {
  const where = PREFIXES[resource.type];
  if (where === undefined) return [];
  const { property, kind } = where;
  const site = siteOf(resource);
  const value = known.read((): unknown => resource.props[property]);
  const one = (path: string, prefix: unknown): Held[] => {
    const range = typeof prefix === 'string' ? interval(prefix) : undefined;
    // A default route is an exit to the internet, no LAN.
    const exit = range !== undefined && String(prefix).endsWith('/0');
    return range === undefined || exit ? [] : [{ resource, path, kind, range, site }];
  };
  if (!Array.isArray(value)) return one(property, value);
  return Array.from({ length: value.length }, (_, index) => index).flatMap((index) =>
    one(
      `${property}[${index}]`,
      known.read((): unknown => value[index]),
    ),
  );
}

/** The site component above it. */
function siteOf(resource: PolicyResource): string | undefined {
  for (let above = resource.parent; above !== undefined; above = above.parent)
    if (above.type.endsWith(':Site')) return above.urn;
  return undefined;
}
