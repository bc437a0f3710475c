import type { MeshConfig } from '../config/schema.ts';

/** Who may log in to servers of the stack. Sorted: a key that changes places, as at the end of a rotation, changes no host. */
export const authorizedKeys = ({ publicKey, alsoPublicKeys }: MeshConfig['ssh']): string[] =>
  [...new Set([publicKey, ...alsoPublicKeys].map((line) => line.trim()))].sort();
