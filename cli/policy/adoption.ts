import { stringify } from 'yaml';
import { parseConfig, renderFaults, type MeshConfig } from '../../mesh/config/index.ts';
import { adopt, around, type Adoption } from '../../mesh/overlays/tailscale/adopt/index.ts';
import {
  changeTexts,
  compareAccess,
  labeller,
  type PolicyReading,
} from '../../mesh/overlays/tailscale/policy/index.ts';
import { isRecord, namespaced, NAMESPACE } from '../../mesh/config/stack-text.ts';
import { worldOf } from '../../mesh/plan/world.ts';
import { readable } from '../access/held.ts';
import { planTogether } from '../plan-now.ts';
import type { StackFile } from '../stack-file.ts';

/** What `mesh policy adopt` answers. */
export interface Adopted {
  adoption: Adoption;
  /** YAML for the stack file. */
  yaml: string;
  /** Who gains or loses against the policy that is adopted, once the YAML is in the file; or why that cannot be told yet. */
  outcome: { changes: string[] } | { faults: string };
}

/** @param takeOver etag of the text that the next up may replace */
export function adopted(
  file: StackFile,
  config: MeshConfig,
  reading: PolicyReading,
  takeOver: string | undefined,
): Adopted {
  const adoption = adopt(reading, around(config));
  const tailnet = namespaced(file.config).tailnet;
  const additions = {
    ...(takeOver !== undefined && { tailnet: { ...(isRecord(tailnet) ? tailnet : {}), takeOver } }),
    ...(Object.keys(adoption.groups).length > 0 && { groups: adoption.groups }),
    ...(Object.keys(adoption.services).length > 0 && { services: adoption.services }),
    ...(adoption.access.length > 0 && { access: adoption.access }),
  };
  return { adoption, yaml: yamlOf(additions), outcome: outcomeOf(file, additions, reading) };
}

/** As a stack file writes it: one line an entry. */
function yamlOf(additions: Record<string, unknown>): string {
  if (Object.keys(additions).length === 0) return '';
  const flow = (value: unknown): string =>
    stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim();
  const sections = Object.entries(additions).map(([name, section]) => {
    const key = `  ${NAMESPACE}:${name}:`;
    if (name === 'tailnet') return `${key} ${flow(section)}`;
    if (Array.isArray(section)) return [key, ...section.map((entry) => `    - ${flow(entry)}`)].join('\n');
    return [key, ...Object.entries(section as object).map(([one, entry]) => `    ${one}: ${flow(entry)}`)].join('\n');
  });
  return ['config:', ...sections].join('\n');
}

function outcomeOf(file: StackFile, additions: Record<string, unknown>, before: PolicyReading): Adopted['outcome'] {
  const parsed = parseConfig(merged(namespaced(file.config), additions));
  if (!parsed.ok) return { faults: renderFaults(parsed.faults) };
  const plan = planTogether(parsed.config, file.stack);
  const world = worldOf(plan);
  const after = { ...readable('the compiled policy', plan.policy.text, 'fault'), world };
  const comparison = compareAccess({ ...before, world }, after);
  const label = labeller(comparison.entities, [after, { ...before, world }]);
  return { changes: changeTexts(comparison, label).map(({ sentence }) => sentence) };
}

/** The stack with the additions in it, as somebody would put them there. */
function merged(raw: Record<string, unknown>, additions: Record<string, unknown>): Record<string, unknown> {
  const both = { ...raw };
  for (const [name, section] of Object.entries(additions)) {
    const there = both[name];
    if (Array.isArray(section))
      both[name] = [...(Array.isArray(there) ? (there as unknown[]) : []), ...(section as unknown[])];
    else both[name] = { ...(isRecord(there) ? there : {}), ...(isRecord(section) ? section : {}) };
  }
  return both;
}
