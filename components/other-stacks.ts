import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as pulumi from '@pulumi/pulumi';
import { renderStackFaults, type NamedConfig } from '../mesh/config/checks/across.ts';
import { tailnetOf, type SharedTailnet } from '../mesh/config/shared.ts';
import { otherStack } from '../mesh/config/stack-text.ts';
import { sharedConflicts } from '../mesh/plan/shared.ts';

const TREE = fileURLToPath(new URL('..', import.meta.url));

/**
 * Who shares the stack's tailnet, from the files of the other stacks, which lie beside this one's; undefined where it has one
 * of its own, and then no file is looked at. Throws one RunError that lists every reason why they cannot share it.
 * @param folder where files are looked for first (`MESH_STACK_FILES`): a lab has copies of its own
 */
export function readTailnet(
  self: NamedConfig,
  now: Date,
  folder: string | undefined = process.env.MESH_STACK_FILES,
): SharedTailnet | undefined {
  const answer = tailnetOf(self, (stack) => otherStack(stack, textOf(stack, folder)));
  const faults = answer.ok ? (answer.tailnet === undefined ? [] : sharedConflicts(answer.tailnet, now)) : answer.faults;
  if (faults.length > 0) throw new pulumi.RunError(renderStackFaults(faults));
  return answer.ok ? answer.tailnet : undefined;
}

function textOf(stack: string, folder: string | undefined): string | undefined {
  const path = [folder, TREE]
    .flatMap((one) => (one === undefined || one === '' ? [] : [join(one, `Pulumi.${stack}.yaml`)]))
    .find(existsSync);
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}
