import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TREE = fileURLToPath(new URL('..', import.meta.url));

/**
 * Text of another stack's file; undefined: there is none. The program and the command line look in the same places.
 * @param folder where files are looked for before the tree (`MESH_STACK_FILES`): a lab has copies of its own
 */
export function stackFileText(
  stack: string,
  folder: string | undefined = process.env.MESH_STACK_FILES,
): string | undefined {
  const path = [folder, TREE]
    .flatMap((one) => (one === undefined || one === '' ? [] : [join(one, `Pulumi.${stack}.yaml`)]))
    .find(existsSync);
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}
