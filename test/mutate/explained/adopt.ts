import type { Explained } from './index.ts';

/** What `mesh policy adopt` makes of a policy. */
export const ADOPT: readonly Explained[] = [];
