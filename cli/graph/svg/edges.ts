import { curve, shape } from './draw.ts';

const HEAD = 8;

/** An arrow from left to right, in the colour of the hub around it. */
export const arrow = (x1: number, y1: number, x2: number, y2: number): string[] => [
  curve(x1, y1, x2 - HEAD, y2, 'e'),
  shape([[x2, y2], [x2 - HEAD - 1, y2 - 4], [x2 - HEAD - 1, y2 + 4]], 'f'), // prettier-ignore
];

/** A line without a head: the arrow goes on behind the hub. */
export const strand = (x1: number, y1: number, x2: number, y2: number): string[] => [curve(x1, y1, x2, y2, 'e')];
