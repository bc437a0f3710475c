import type { Hub } from '../hubs.ts';
import { rect, text, type Box } from './draw.ts';
import { widthOf, wrapped } from './measure.ts';
import { SIZE } from './style.ts';

const LINE = 15;
const PORTS = 190;
const NOTE = 'sites: not their own LAN';

/** Lines below the name of the service. */
function lines({ ports, grants }: Hub): string[] {
  return [...wrapped(ports, SIZE.small, PORTS), ...(grants.some(({ elsewhere }) => elsewhere) ? [NOTE] : [])];
}

export function pillSize(hub: Hub): { width: number; height: number } {
  const told = lines(hub);
  const width = Math.max(widthOf(hub.service, SIZE.text, 'bold'), ...told.map((one) => widthOf(one, SIZE.small)));
  return { width: width + 28, height: 24 + LINE * told.length };
}

export function pill(hub: Hub, box: Box): string[] {
  return [
    rect(box, 'pill', 8),
    text(box.x + 14, box.y + 18, hub.service, 'b'),
    ...lines(hub).map((one, index) => text(box.x + 14, box.y + 18 + LINE * (index + 1), one, 's q')),
  ];
}
