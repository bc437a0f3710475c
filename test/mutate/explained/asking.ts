import type { Explained } from './index.ts';

/** Asking a policy that was read. */
export const ASKING: readonly Explained[] = [];
