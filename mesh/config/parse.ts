import { addressFaults } from './checks/addresses.ts';
import { breakGlassFaults } from './checks/break-glass.ts';
import { capabilityFaults } from './checks/capabilities.ts';
import { ipv6Faults } from './checks/ipv6.ts';
import { pathFaults } from './checks/paths.ts';
import { prefixFaults } from './checks/prefixes.ts';
import { referenceFaults } from './checks/references.ts';
import { hostNameFaults, siteFaults } from './checks/sites.ts';
import { sshAccessFaults } from './checks/ssh-access.ts';
import { draft } from './draft.ts';
import type { Fault } from './fault.ts';
import { meshSchema, secretKeys, type MeshConfig } from './schema.ts';
import { schemaFaults } from './schema-faults.ts';

export type ParseAnswer = { ok: true; config: MeshConfig } | { ok: false; faults: Fault[] };

/**
 * Reads the `site-mesh:` namespace of a stack: section name → plain value (`{ network: {…}, sites: {…}, … }`).
 * Answers every fault at once, sorted by path: what the schema refuses, and what the checks say about all that could
 * be read in spite of it. The secrets of the namespace may be present; they are neither read nor shown.
 */
export function parseConfig(raw: Record<string, unknown>): ParseAnswer {
  const known = Object.fromEntries(
    Object.entries(raw).filter(([key, value]) => !secretKeys.includes(key) && value !== undefined),
  );
  const model = draft(known);
  const faults = [
    ...schemaFaults(known),
    ...siteFaults(model, known),
    ...capabilityFaults(model),
    ...hostNameFaults(model),
    ...prefixFaults(model),
    ...addressFaults(model),
    ...ipv6Faults(model),
    ...referenceFaults(model),
    ...pathFaults(model),
    ...breakGlassFaults(model),
    ...sshAccessFaults(model),
  ];
  if (faults.length === 0) return { ok: true, config: meshSchema.parse(known) };
  return { ok: false, faults: faults.sort(byPath) };
}

const byPath = (a: Fault, b: Fault): number => {
  const one = `${a.path}\n${a.problem}`;
  const other = `${b.path}\n${b.problem}`;
  return one < other ? -1 : Number(one > other);
};
