import { parseConfig, type MeshConfig } from '../../../../../mesh/config/index.ts';

/** A configuration that must have no fault. */
export function parsed(raw: Record<string, unknown>): MeshConfig {
  const answer = parseConfig(raw);
  if (answer.ok) return answer.config;
  throw new Error(JSON.stringify(answer.faults));
}
