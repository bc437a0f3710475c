import type { Graph } from '../model.ts';
import { count } from '../words.ts';
import { compactCards } from './compact.ts';
import { detailedCards } from './detailed.ts';
import { escaped, group, text } from './draw.ts';
import { arrow, strand } from './edges.ts';
import { pill } from './hub-pill.ts';
import { layout, type Layout } from './layout.ts';
import { legend } from './legend.ts';
import { rail, stubLines } from './rail.ts';
import { sourcePill } from './source-pill.ts';
import { hubClass, STYLE } from './style.ts';

/** More than this is drawn as counts: rows that nobody reads hide what somebody would. */
const DETAILED = { sites: 8, hosts: 60 };

/**
 * The picture as one SVG without anything outside itself: readable in a browser, as an image in a review, on light and dark
 * pages. Equal graphs give equal bytes.
 */
export function svg(graph: Graph): string {
  const hosts = graph.sites.flatMap((site) => site.hosts).length;
  const detailed = graph.sites.length <= DETAILED.sites && hosts <= DETAILED.hosts;
  const placed = layout(graph, detailed ? detailedCards(graph) : compactCards(graph));
  const facts = [
    `supernet ${graph.supernet}`,
    `tailnet ${graph.tailnet}`,
    count(graph.sites.length, 'site'),
    count(hosts, 'host'),
  ].join(' · ');
  const explained = legend(graph, detailed, {
    x: placed.margin,
    y: placed.bottom + 30,
    width: placed.width - 2 * placed.margin,
  });
  const height = Math.ceil(placed.bottom + 30 + explained.height + placed.margin / 2);
  const width = Math.ceil(placed.width);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(`${graph.title}: ${facts}`)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="bg" width="${width}" height="${height}"/>`,
    text(placed.margin, 36, graph.title, 't'),
    text(placed.margin, 56, facts, 'q'),
    ...headings(placed, graph),
    ...placed.hubs.map(hub),
    ...placed.sources.map(({ source, box }) => sourcePill(source, box)),
    ...placed.cards.map(({ card, box }) => group(card.draw(box))),
    ...placed.cards.flatMap(({ card, box }) => stubLines(card.stubs, box.y, box.x + box.width, placed.rail.x)),
    ...rail(graph, placed.rail).drawn,
    ...explained.drawn,
    '</svg>',
    '',
  ].join('\n');
}

function headings({ sources, hubs, cards, rail: overlay, headings: y }: Layout, graph: Graph): string[] {
  const [source, hubBox, card] = [sources[0]?.box, hubs[0]?.box, cards[0]?.box];
  return [
    ...(source === undefined ? [] : [text(source.x, y, 'who', 's q')]),
    ...(hubBox === undefined ? [] : [text(hubBox.x, y, 'may open connections to', 's q')]),
    ...(card === undefined
      ? []
      : [text(card.x, y, graph.sources.length === 0 ? 'no rule: nobody may open connections' : 'at', 's q')]),
    text(overlay.x + overlay.width, y, 'overlay', 's q', 'end'),
  ];
}

function hub({ hub: one, index, box, arrivals, departures }: Layout['hubs'][number]): string {
  return group(
    [
      ...arrivals.flatMap(({ from, to }) => strand(from.x, from.y, to.x, to.y)),
      ...departures.flatMap(({ from, to }) => arrow(from.x, from.y, to.x, to.y)),
      ...pill(one, box),
    ],
    `hub ${hubClass(index)}`,
    one.grants.map(({ source, why }) => `${source}: ${why.join('; ')}`).join('\n'),
  );
}
