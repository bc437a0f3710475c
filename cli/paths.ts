import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this CLI belongs to. */
export const TREE = dirname(dirname(fileURLToPath(import.meta.url)));

/** The lab of this checkout, or the one that MESH_LAB_DIR names (several labs may run side by side). */
export function labDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.MESH_LAB_DIR ?? '';
  return named === '' ? join(TREE, '.lab') : resolve(named);
}
