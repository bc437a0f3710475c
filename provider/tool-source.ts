import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolSource } from '../io/ssh/host-tool.ts';
import { bundleTool } from '../mesh/host/bundle.ts';

const FOLDER = join(import.meta.dirname, '..', 'host', 'mesh_host');

/** Names the agent's code, and so its version in a release: see AGENT in mesh/host/agent.ts. */
export function agentHash(folder = FOLDER): string {
  const names = readdirSync(folder).filter((name) => /^agent\w*\.py$/.test(name));
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(`${name}\n${readFileSync(join(folder, name), 'utf8')}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** The host tool of this checkout: the modules of host/mesh_host as the one source that goes to hosts. */
export function readTool(folder = FOLDER): ToolSource {
  const names = readdirSync(folder).filter((name) => name.endsWith('.py'));
  const source = bundleTool(Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])));
  return { source, sha256: createHash('sha256').update(source, 'utf8').digest('hex') };
}
