import { z } from 'zod';
import type { LineContext } from './types.ts';

const CONFIG = '/etc/site-mesh/agent.json';
const config = z.object({
  agent: z.string(),
  prefixes: z.array(z.string()),
  way: z.object({ kind: z.string(), vip: z.string(), vip6: z.string().optional() }),
});

/**
 * What the agent of a router would have written: it follows the control plane at once, for nothing on a record takes time. Nulls
 * on hosts whose release has none.
 */
export function agentStatus(at: LineContext): unknown {
  const text = at.collections.disks.get(at.view.id)?.files[CONFIG]?.content;
  if (text === undefined) return { role: null, vip: null, holds: null };
  const { agent, prefixes, way } = config.parse(JSON.parse(text));
  const node = at.host.nodeId === null ? undefined : at.nodes.node(at.host.nodeId);
  const holds = node !== undefined && prefixes.every((prefix) => node.primaryRoutes.includes(prefix));
  const role = at.host.drained ? 'drained' : node?.online !== true ? 'frozen' : holds ? 'primary' : 'standby';
  return { agent, role, vip: way.vip, vip6: way.vip6 ?? null, way: way.kind, holds, lastAction: null, error: null };
}
