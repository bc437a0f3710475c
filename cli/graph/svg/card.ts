import type { SiteNode } from '../model.ts';
import { rect, text, type Box } from './draw.ts';
import { widthOf } from './measure.ts';
import { SIZE } from './style.ts';

/** A site's box, before it has a place. Heights count from its top. */
export interface Card {
  width: number;
  height: number;
  /** Where arrows of a hub (its number) end, on the left. Arrows to one row share its height. */
  landings: { hub: number; row: number; room: number }[];
  /** What leads to the tailnet, on the right. */
  stubs: Stub[];
  draw(box: Box): string[];
}

export interface Stub {
  row: number;
  style: 'in' | 'ad' | 'ad sb';
  label: string;
  /** Rows of LAN hosts that are reached through it, and through routers between. */
  behind: number[];
}

export const PAD = 12;
/** Height of the bar with the name. */
export const HEAD = 28;

export const headWidth = ({ name, where }: SiteNode): number =>
  widthOf(name, SIZE.name, 'bold') + 24 + widthOf(where, SIZE.small) + 2 * PAD;

/** One line about a site's LAN. */
export const aboutLan = ({ cidr, lan, snat }: SiteNode): string => `${cidr} · ${lan} · ${snat}`;

/** The frame of a site, with its name and its cloud. */
export function head({ name, where }: SiteNode, { x, y, width, height }: Box): string[] {
  return [
    rect({ x, y, width, height }, 'card'),
    rect({ x: x + 0.5, y: y + 0.5, width: width - 1, height: HEAD - 2 }, 'head', 5.5),
    text(x + PAD, y + 19, name, 'n'),
    text(x + width - PAD, y + 18, where, 's', 'end'),
  ];
}
