import type { Explained } from './types.ts';

/** Asking a policy that was read. */
export const ASKING: readonly Explained[] = [];
