import type { HostKind } from '../../../mesh/plan/types.ts';
import type { Hub } from '../hubs.ts';
import type { Graph, SiteNode } from '../model.ts';
import { count } from '../words.ts';
import { aboutLan, HEAD, head, headWidth, PAD, type Card, type Stub } from './card.ts';
import { group, rect, text } from './draw.ts';
import { hostMark, MARK } from './marks.ts';
import { widthOf, wrapped } from './measure.ts';
import { hubClass, SIZE } from './style.ts';

const ROW = 18;
const TOP = HEAD + 4;
/** Least width of the facts about a site. */
const FACTS = 300;

/** What a hub serves at a site. */
interface Served {
  hub: number;
  label: string;
  hosts: string[];
}

/**
 * Sites as counts, an arrow for each hub and site. What is served at every site is told once, by a card of its own: twenty
 * equal arrows say less than one.
 */
export function compactCards(graph: Graph): Card[] {
  const { sites, hubs } = graph;
  const everywhere = (hub: Hub): boolean => sites.every((site) => atSite(hub, site).length > 0);
  const served = (hosts: (hub: Hub) => string[]): Served[] =>
    hubs.flatMap((hub, index) => {
      const found = hosts(hub);
      return found.length === 0
        ? []
        : [{ hub: index, label: `${hub.service} · ${count(found.length, 'host')}`, hosts: found }];
    });
  const all = served((hub) => (everywhere(hub) ? hub.hosts : []));
  const bySite = sites.map((site) => served((hub) => (everywhere(hub) ? [] : atSite(hub, site))));
  const labels = [...all, ...bySite.flat()].map(({ label }) => widthOf(label, SIZE.small));
  const left = Math.max(40, ...labels) + 28;
  return [
    ...(all.length === 0 ? [] : [everySite(sites.length, all)]),
    ...sites.map((site, index) => card(site, bySite[index] ?? [], left)),
  ];
}

const atSite = (hub: Hub, { hosts }: SiteNode): string[] =>
  hosts.flatMap(({ name }) => (hub.hosts.includes(name) ? [name] : []));

const landings = (served: readonly Served[]): Card['landings'] =>
  served.map(({ hub }, index) => ({ hub, row: TOP + ROW * index + ROW / 2, room: 0 }));

function chips(served: readonly Served[], x: number, y: number): string[] {
  return served.map(({ hub, label, hosts }, index) => {
    const top = y + TOP + ROW * index;
    const pieces = [
      rect({ x: x + 4, y: top + 3, width: 5, height: ROW - 6 }, 'f', 1.5),
      text(x + 14, top + 13, label, 's'),
    ];
    return group(pieces, hubClass(hub), hosts.join('\n'));
  });
}

function card(site: SiteNode, served: readonly Served[], left: number): Card {
  const about = aboutLan(site);
  const width = Math.max(FACTS, widthOf(about, SIZE.small));
  const roles = wrapped(roleCounts(site), SIZE.small, width);
  const facts = [{ told: about, style: 's q' }, { told: '', style: '' }, ...roles.map((told) => ({ told, style: 's' }))]; // prettier-ignore
  const height = TOP + ROW * Math.max(facts.length, served.length) + 8;
  return {
    width: Math.max(headWidth(site), left + width + PAD),
    height,
    landings: landings(served),
    stubs: stubs(site),
    draw: ({ x, y, ...size }) => [
      group(
        [
          ...head(site, { x, y, ...size }),
          ...kindCounts(site, x + left, y + TOP + ROW * 1.5),
          ...facts.map(({ told, style }, index) =>
            told === '' ? '' : text(x + left, y + TOP + ROW * index + 13, told, style),
          ),
        ],
        '',
        [...site.hosts.map(({ name, kind, lan }) => `${name} (${WORDS[kind][0]}, ${lan})`), ...site.control].join('\n'),
      ),
      ...chips(served, x, y),
    ],
  };
}

const KINDS = ['router', 'member', 'host'] as const;
const WORDS: Record<HostKind, readonly [one: string, many: string]> = {
  router: ['router', 'routers'],
  member: ['member', 'members'],
  host: ['LAN host', 'LAN hosts'],
};

const countOf = ({ hosts }: SiteNode, kind: HostKind): number => hosts.filter((host) => host.kind === kind).length;

function kindCounts(site: SiteNode, x: number, y: number): string[] {
  let at = x;
  return KINDS.flatMap((kind) => {
    const found = countOf(site, kind);
    if (found === 0) return [];
    const told = count(found, ...WORDS[kind]);
    const drawn = [hostMark(kind, at, y), text(at + MARK, y + 4, told, 's')];
    at += MARK + widthOf(told, SIZE.small) + 12;
    return drawn;
  });
}

function roleCounts({ hosts }: SiteNode): string[] {
  const counts = new Map<string, number>();
  for (const role of hosts.flatMap(({ roles }) => roles)) counts.set(role, (counts.get(role) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([role, found]) => `${role}\u00a0×${found}`);
}

/** One line for the routers, and one for all other members. */
function stubs(site: SiteNode): Stub[] {
  const routers = countOf(site, 'router');
  const members = countOf(site, 'member');
  const prefixes = [...new Set(site.hosts.flatMap(({ advertises }) => advertises))].join(' ');
  const [first, second] = [TOP + ROW, TOP + 2 * ROW + 4];
  return [
    ...(routers === 0 ? [] : [{ row: first, style: 'ad' as const, label: `${prefixes} · ${count(routers, 'router')}`, behind: [] }]), // prettier-ignore
    ...(members === 0 ? [] : [{ row: routers === 0 ? first : second, style: 'in' as const, label: count(members, 'member'), behind: [] }]), // prettier-ignore
  ];
}

function everySite(sites: number, served: readonly Served[]): Card {
  return {
    width: 0,
    height: TOP + ROW * served.length + 8,
    landings: landings(served),
    stubs: [],
    draw: (box) => [
      rect(box, 'card'),
      text(box.x + PAD, box.y + 19, `every site (${sites})`, 'n'),
      ...chips(served, box.x, box.y),
    ],
  };
}
