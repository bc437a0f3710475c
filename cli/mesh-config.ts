import { parseConfig, renderFaults, type MeshConfig } from '../mesh/config/index.ts';
import { CliError, EXIT } from './exit.ts';
import type { StackFile } from './stack-file.ts';
import { keyFaults, namespaced } from './stack-keys.ts';

/** The model of a stack file. Throws CliError (usage) that lists every fault at once. */
export function meshConfig(file: StackFile): MeshConfig {
  const keys = keyFaults(file.config);
  const parsed = parseConfig(namespaced(file.config));
  if (parsed.ok && keys.length === 0) return parsed.config;
  const told = [
    ...(keys.length === 0 ? [] : [`keys that cannot be used:\n\n  ${keys.join('\n\n  ')}`]),
    ...(parsed.ok ? [] : [renderFaults(parsed.faults)]),
  ];
  throw new CliError(EXIT.usage, `Pulumi.${file.stack}.yaml: ${told.join('\n\n')}`);
}
