import type { Inputs } from '../io/rpc/types.ts';

/**
 * Whether the stack has moved to another tailnet since this was recorded. States that are older than the input say nothing
 * of it: those did not move.
 */
export const moved = (olds: Inputs, news: Inputs): boolean =>
  olds.tailnet !== undefined && news.tailnet !== olds.tailnet;
