import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleTool } from '../../mesh/host/bundle.ts';

const FOLDER = join(import.meta.dirname, '../../host/mesh_host');

/** The tool as it is sent to hosts. */
export function toolSource(): { text: string; sha256: string } {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.py'));
  const text = bundleTool(Object.fromEntries(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')])));
  return { text, sha256: createHash('sha256').update(text).digest('hex') };
}
