import type { Hub } from '../hubs.ts';
import type { Graph, SourceNode } from '../model.ts';
import type { Card } from './card.ts';
import type { Box } from './draw.ts';
import { pillSize } from './hub-pill.ts';
import { column, mean, spread } from './place.ts';
import { railHeight, stubWidth } from './rail.ts';
import { SOURCE_HEIGHT, sourceWidth } from './source-pill.ts';

interface Point {
  x: number;
  y: number;
}
interface Edge {
  from: Point;
  to: Point;
}

export interface Layout {
  margin: number;
  width: number;
  /** Lower end of the lowest thing. */
  bottom: number;
  /** Base line of the column headings. */
  headings: number;
  sources: { source: SourceNode; box: Box }[];
  hubs: { hub: Hub; index: number; box: Box; arrivals: Edge[]; departures: Edge[] }[];
  cards: { card: Card; box: Box }[];
  rail: Box;
}

const MARGIN = 28;
const TOP = 100;
const RAIL = 34;

/**
 * Four columns: who, services, sites, overlay. Sites stand in their order; services as near as they can to what they lead to,
 * and who to its services. Lines run in the gaps between columns only, so they cross no box and no word.
 */
export function layout(graph: Graph, cards: readonly Card[]): Layout {
  const heights = stacked(cards);
  const rows = landingRows(cards, heights);
  const sizes = graph.hubs.map(pillSize);
  const hubTops = column(
    sizes.map(({ height }, hub) => ({ height, center: mean(rows.filter((row) => row.hub === hub).map(({ y }) => y)) })),
    14,
    TOP,
  );
  const hubMiddle = (index: number): number => (hubTops[index] ?? 0) + (sizes[index]?.height ?? 0) / 2;
  const hubsOf = ({ name }: SourceNode): number[] =>
    graph.hubs.flatMap(({ grants }, index) => (grants.some(({ source }) => source === name) ? [index] : []));
  const sourceTops = column(
    graph.sources.map((source) => ({ height: SOURCE_HEIGHT, center: mean(hubsOf(source).map(hubMiddle)) })),
    14,
    TOP,
  );
  const x = columnsOf(graph, cards, sizes);
  const sources = graph.sources.map((source, index) => ({
    source,
    box: { x: x.sources, y: sourceTops[index] ?? TOP, width: x.sourceWidth, height: SOURCE_HEIGHT },
  }));
  const boxes = sizes.map(({ height }, index) => ({ x: x.hubs, y: hubTops[index] ?? TOP, width: x.hubWidth, height }));
  const arrivals = arrivalsOf(graph, sources, boxes, hubMiddle);
  const departures = departuresOf(rows, boxes, x.cards, hubMiddle);
  const placedCards = cards.map((card, index) => ({
    card,
    box: { x: x.cards, y: heights[index] ?? TOP, width: x.cardWidth, height: card.height },
  }));
  const end = Math.max(
    TOP + railHeight(graph),
    ...[...sources, ...placedCards].map(({ box }) => box.y + box.height),
    ...boxes.map(({ y, height }) => y + height),
  );
  return {
    margin: MARGIN,
    width: x.rail + RAIL + MARGIN,
    bottom: end,
    headings: TOP - 16,
    sources,
    hubs: graph.hubs.flatMap((hub, index) => {
      const box = boxes[index];
      return box === undefined
        ? []
        : [{ hub, index, box, arrivals: arrivals[index] ?? [], departures: departures[index] ?? [] }];
    }),
    cards: placedCards,
    rail: { x: x.rail, y: TOP, width: RAIL, height: end - TOP },
  };
}

function stacked(cards: readonly Card[]): number[] {
  let top = TOP;
  return cards.map(({ height }) => {
    const here = top;
    top += height + 18;
    return here;
  });
}

interface Row {
  hub: number;
  y: number;
  room: number;
}

const landingRows = (cards: readonly Card[], heights: readonly number[]): Row[] =>
  cards.flatMap(({ landings }, card) =>
    landings.map(({ hub, row, room }) => ({ hub, y: (heights[card] ?? TOP) + row, room })),
  );

function columnsOf({ sources, hubs }: Graph, cards: readonly Card[], sizes: readonly { width: number }[]) {
  // A gap grows with the lines in it and with the height that they climb, so that they can be followed.
  const climb = cards.reduce((sum, { height }) => sum + height, 0) / 12;
  const gap = (lines: number): number => Math.min(260, Math.max(80 + 3 * lines, climb));
  const whoWidth = Math.max(0, ...sources.map(sourceWidth));
  const hubWidth = Math.max(0, ...sizes.map(({ width }) => width));
  const cardWidth = Math.max(0, ...cards.map(({ width }) => width));
  const grants = hubs.reduce((sum, hub) => sum + hub.grants.length, 0);
  const landings = cards.reduce((sum, card) => sum + card.landings.length, 0);
  const hubsAt = sources.length === 0 ? MARGIN : MARGIN + whoWidth + gap(grants);
  const cardsAt = hubs.length === 0 ? MARGIN : hubsAt + hubWidth + gap(landings);
  return {
    sources: MARGIN,
    sourceWidth: whoWidth,
    hubs: hubsAt,
    hubWidth,
    cards: cardsAt,
    cardWidth,
    rail: cardsAt + cardWidth + stubWidth(cards),
  };
}

/** Lines leave a source, and arrive at a hub, in the order of their other ends: they do not cross there. */
function arrivalsOf(
  graph: Graph,
  sources: Layout['sources'],
  boxes: readonly Box[],
  hubMiddle: (index: number) => number,
): Edge[][] {
  const edges: Edge[][] = boxes.map(() => []);
  const middleOf = ({ y, height }: Box): number => y + height / 2;
  const ends = new Map<string, number>();
  for (const { source, box } of sources) {
    const hubs = graph.hubs.flatMap((hub, index) =>
      hub.grants.some((grant) => grant.source === source.name) ? [index] : [],
    );
    const order = hubs.sort((a, b) => hubMiddle(a) - hubMiddle(b));
    spread(order.length, middleOf(box), SOURCE_HEIGHT - 18, 7).forEach((y, at) =>
      ends.set(`${source.name} ${order[at] ?? ''}`, y),
    );
  }
  boxes.forEach((box, index) => {
    const from = sources.filter(({ source }) => ends.has(`${source.name} ${index}`)).sort((a, b) => a.box.y - b.box.y);
    spread(from.length, middleOf(box), box.height - 12, 8).forEach((y, at) => {
      const one = from[at];
      if (one === undefined) return;
      const start = { x: one.box.x + one.box.width, y: ends.get(`${one.source.name} ${index}`) ?? middleOf(one.box) };
      edges[index]?.push({ from: start, to: { x: box.x, y } });
    });
  });
  return edges;
}

function departuresOf(
  rows: readonly Row[],
  boxes: readonly Box[],
  x: number,
  hubMiddle: (index: number) => number,
): Edge[][] {
  const edges: Edge[][] = boxes.map(() => []);
  for (const y of new Set(rows.map((row) => row.y))) {
    const here = rows.filter((row) => row.y === y).sort((a, b) => hubMiddle(a.hub) - hubMiddle(b.hub));
    spread(here.length, y, here[0]?.room ?? 0, 6).forEach((at, index) => {
      const hub = here[index]?.hub ?? 0;
      const box = boxes[hub];
      if (box !== undefined) edges[hub]?.push({ from: { x: box.x + box.width, y: hubMiddle(hub) }, to: { x, y: at } });
    });
  }
  return edges;
}
