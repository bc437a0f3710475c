import { parseConfig, renderFaults, type Fault, type MeshConfig } from '../mesh/config/index.ts';
import { CliError, EXIT } from './exit.ts';
import type { StackFile } from './stack-file.ts';
import { keyFaults } from './stack-keys.ts';
import { namespaced } from '../mesh/config/stack-text.ts';

export type CheckedFile =
  | { ok: true; config: MeshConfig }
  /** `keys`: lines about keys as such; `faults`: about values. */
  | { ok: false; keys: string[]; faults: Fault[] };

/** The model of a stack file, or every fault of it. */
export function checkFile(file: StackFile): CheckedFile {
  const keys = keyFaults(file.config);
  const parsed = parseConfig(namespaced(file.config));
  if (parsed.ok && keys.length === 0) return parsed;
  return { ok: false, keys, faults: parsed.ok ? [] : parsed.faults };
}

/** All faults of one file as a text for people. */
export function renderFile(
  stack: string,
  { keys, faults }: { keys: readonly string[]; faults: readonly Fault[] },
): string {
  const told = [
    ...(keys.length === 0 ? [] : [`keys that cannot be used:\n\n  ${keys.join('\n\n  ')}`]),
    ...(faults.length === 0 ? [] : [renderFaults(faults)]),
  ];
  return `Pulumi.${stack}.yaml: ${told.join('\n\n')}`;
}

/** The model of a stack file. Throws CliError (usage) that lists every fault at once. */
export function meshConfig(file: StackFile): MeshConfig {
  const checked = checkFile(file);
  if (checked.ok) return checked.config;
  throw new CliError(EXIT.usage, renderFile(file.stack, checked));
}
