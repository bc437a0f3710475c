import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolSource } from '../io/ssh/host-tool.ts';
import { bundleTool } from '../mesh/host/bundle.ts';

const FOLDER = join(import.meta.dirname, '..', 'host', 'mesh_host');

/** The host tool of this checkout: the modules of host/mesh_host as the one source that goes to hosts. */
export function readTool(folder = FOLDER): ToolSource {
  const names = readdirSync(folder).filter((name) => name.endsWith('.py'));
  const source = bundleTool(Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])));
  return { source, sha256: createHash('sha256').update(source, 'utf8').digest('hex') };
}
