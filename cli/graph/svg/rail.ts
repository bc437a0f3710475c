import { count } from '../words.ts';
import type { Graph } from '../model.ts';
import type { Card, Stub } from './card.ts';
import { line, polyline, rect, text, upright, type Box } from './draw.ts';
import { widthOf } from './measure.ts';
import { SIZE } from './style.ts';

const WIDTH = 34;
/** Height after which the rail says again what it is. */
const AGAIN = 600;
/** Where LAN hosts join the line of their router. */
const ELBOW = 12;

/** Room between the cards and the rail. */
export const stubWidth = (cards: readonly Card[]): number =>
  Math.max(60, ...cards.flatMap(({ stubs }) => stubs.map(({ label }) => widthOf(label, SIZE.small) + ELBOW + 24)));

/** The tailnet as a rail along all sites: whoever touches it is in it, and a thick line brings its site's prefix. */
export function rail(graph: Graph, { x, y, height }: Box): { width: number; drawn: string[] } {
  const hosts = graph.sites.flatMap((site) => site.hosts);
  const members = hosts.filter(({ kind }) => kind !== 'host').length;
  const prefixes = new Set(hosts.flatMap(({ advertises }) => advertises)).size;
  const told = `tailnet ${graph.tailnet} · ${count(members, 'member')} · ${count(prefixes, 'prefix', 'prefixes')}`;
  const times = Math.max(1, Math.round(height / AGAIN));
  return {
    width: WIDTH,
    drawn: [
      rect({ x, y, width: WIDTH, height }, 'rail', 8),
      ...Array.from({ length: times }, (_, index) =>
        upright(x + WIDTH / 2 + 5, y + (height * (index + 0.5)) / times, told, 'b'),
      ),
    ],
  };
}

/** The shortest rail that its words fit on. */
export const railHeight = ({ tailnet }: Graph): number =>
  widthOf(`tailnet ${tailnet} · 000 members · 00 prefixes`, SIZE.text, 'bold') + 24;

export function stubLines(stubs: readonly Stub[], top: number, from: number, to: number): string[] {
  return stubs.flatMap(({ row, style, label, behind }) => [
    line(from, top + row, to, top + row, style),
    ...(label === '' ? [] : [text(from + ELBOW + 8, top + row - 4, label, 's')]),
    ...behind.map(
      (other) =>
      polyline([[from, top + other], [from + ELBOW, top + other], [from + ELBOW, top + row]], 'via'), // prettier-ignore
    ),
  ]);
}
