import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { renderStackFaults, type NamedConfig, type StackFault } from '../mesh/config/checks/across.ts';
import { tailnetOf, type SharedTailnet } from '../mesh/config/shared.ts';
import { otherStack } from '../mesh/config/stack-text.ts';
import { sharedConflicts } from '../mesh/plan/shared.ts';
import { CliError, EXIT } from './exit.ts';
import { TREE } from './paths.ts';

/** Every reason why a stack cannot share its tailnet with those that it names; empty also where it has one of its own. */
export function sharingFaults(self: NamedConfig, now: Date): StackFault[] {
  const answer = ask(self);
  if (!answer.ok) return answer.faults;
  return answer.tailnet === undefined ? [] : sharedConflicts(answer.tailnet, now);
}

/** Who shares a stack's tailnet, by the files here; undefined where it has one of its own. Throws CliError (usage) that lists every fault. */
export function sharedTailnet(self: NamedConfig, now: Date): SharedTailnet | undefined {
  const faults = sharingFaults(self, now);
  if (faults.length > 0) throw new CliError(EXIT.usage, renderStackFaults(faults));
  const answer = ask(self);
  return answer.ok ? answer.tailnet : undefined;
}

const ask = (self: NamedConfig) => tailnetOf(self, (stack) => otherStack(stack, textOf(stack)));

/** Where the program looks too: in the folder that MESH_STACK_FILES names first. */
function textOf(stack: string): string | undefined {
  const path = [process.env.MESH_STACK_FILES ?? '', TREE]
    .map((folder) => join(folder, `Pulumi.${stack}.yaml`))
    .find((one) => isAbsolute(one) && existsSync(one));
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}
