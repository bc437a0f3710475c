import type { HostKind } from '../../../mesh/plan/types.ts';
import type { SourceNode } from '../model.ts';
import { circle, rect, shape } from './draw.ts';

/** Width that a mark takes, with the space after it. */
export const MARK = 18;

/** What a host is: a hexagon routes, a disc is a member of the tailnet, a hollow square stands on the LAN only. */
export function hostMark(kind: HostKind, x: number, y: number): string {
  switch (kind) {
    case 'router':
      return shape(hexagon(x + 6, y, 6.5), 'node');
    case 'member':
      return circle(x + 6, y, 5, 'node');
    case 'host':
      return rect({ x: x + 1.5, y: y - 4.5, width: 9, height: 9 }, 'lan', 1);
  }
}

function hexagon(x: number, y: number, radius: number): [number, number][] {
  return [0, 60, 120, 180, 240, 300].map((angle) => [
    x + radius * Math.cos((angle * Math.PI) / 180),
    y + radius * Math.sin((angle * Math.PI) / 180),
  ]);
}

/** Who opens connections: people, a site, a role, a tool, or a LAN. */
export function sourceMark(kind: SourceNode['kind'], x: number, y: number): string {
  switch (kind) {
    case 'group':
      return circle(x + 6, y - 4, 3.2, 'node') + shape([[x, y + 6], [x + 2.2, y + 1], [x + 9.8, y + 1], [x + 12, y + 6]], 'node'); // prettier-ignore
    case 'site':
      return rect({ x: x + 0.5, y: y - 5, width: 11, height: 4 }, 'node', 1) + rect({ x: x + 0.5, y: y + 1, width: 11, height: 4 }, 'node', 1); // prettier-ignore
    case 'lan':
      return rect({ x: x + 1.5, y: y - 4.5, width: 9, height: 9 }, 'lan', 1);
    case 'tool':
      return shape(hexagon(x + 6, y, 5.5), 'node');
    case 'role':
      return shape([[x, y - 5], [x + 7, y - 5], [x + 12, y], [x + 7, y + 5], [x, y + 5]], 'node'); // prettier-ignore
  }
}
