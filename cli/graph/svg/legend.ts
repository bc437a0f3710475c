import type { Graph } from '../model.ts';
import { count } from '../words.ts';
import { group, line, text } from './draw.ts';
import { arrow } from './edges.ts';
import { hostMark, MARK, sourceMark } from './marks.ts';
import { widthOf } from './measure.ts';
import { hubClass, SIZE } from './style.ts';

interface Entry {
  told: string;
  wide: number;
  draw(x: number, y: number): string;
}

const ROW = 22;
const STROKE = 34;

const stroke = (style: string, told: string): Entry => ({
  told,
  wide: STROKE + 8,
  draw: (x, y) => line(x, y, x + STROKE, y, style),
});

/** What the marks and lines of this picture mean; only those that it has. */
function entries({ sites, sources }: Graph, detailed: boolean): Entry[] {
  const kinds = new Set(sites.flatMap(({ hosts }) => hosts.map(({ kind }) => kind)));
  const from = new Set(sources.map(({ kind }) => kind));
  const hosts = ([['router', 'subnet router'], ['member', 'member of the tailnet'], ['host', 'LAN host, reached through its routers']] as const); // prettier-ignore
  const whos = ([['group', 'people'], ['site', 'members of a site'], ['role', 'members with a role'], ['tool', 'a tool'], ['lan', 'hosts on a LAN']] as const); // prettier-ignore
  return [
    ...(from.size === 0 ? [] : [{ told: 'may open connections to; all else is denied', wide: STROKE + 8, draw: (x: number, y: number) => group(arrow(x, y, x + STROKE, y), hubClass(0)) }]), // prettier-ignore
    ...whos.filter(([kind]) => from.has(kind)).map(([kind, told]) => ({ told, wide: MARK, draw: (x: number, y: number) => sourceMark(kind, x, y) })), // prettier-ignore
    ...hosts.filter(([kind]) => kinds.has(kind)).map(([kind, told]) => ({ told, wide: MARK, draw: (x: number, y: number) => hostMark(kind, x, y) })), // prettier-ignore
    ...(kinds.has('member') ? [stroke('in', 'in the tailnet')] : []),
    ...(kinds.has('router') ? [stroke('ad', 'advertises the prefix of its site')] : []),
    ...(kinds.has('router') && detailed ? [stroke('ad sb', 'advertises it as the standby')] : []),
  ];
}

/** What cards of counts have no line for: permissions that the mesh needs, told once for all sites that have them. */
function controlNotes({ sites }: Graph): string[] {
  const all = sites.flatMap(({ control }) => control);
  return [...new Set(all)].map((told) => `${told} (at ${count(all.filter((one) => one === told).length, 'site')})`);
}

/** In as many rows as the width needs. */
export function legend(
  graph: Graph,
  detailed: boolean,
  place: { x: number; y: number; width: number },
): { height: number; drawn: string[] } {
  let [x, y] = [place.x, place.y];
  const drawn = entries(graph, detailed).flatMap((entry) => {
    const width = entry.wide + widthOf(entry.told, SIZE.small) + 22;
    if (x > place.x && x + width > place.x + place.width) [x, y] = [place.x, y + ROW];
    const piece = [entry.draw(x, y), text(x + entry.wide, y + 4, entry.told, 's')];
    x += width;
    return piece;
  });
  const notes = detailed ? [] : controlNotes(graph);
  return {
    height: y - place.y + ROW * (1 + notes.length),
    drawn: [...drawn, ...notes.map((told, index) => text(place.x, y + 4 + ROW * (index + 1), told, 's q'))],
  };
}
