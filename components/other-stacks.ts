import * as pulumi from '@pulumi/pulumi';
import { renderStackFaults, type NamedConfig } from '../mesh/config/checks/across.ts';
import type { SharedTailnet } from '../mesh/config/shared.ts';
import { findShared } from '../mesh/plan/shared.ts';
import { stackFileText } from './stack-files.ts';

/**
 * Who shares the stack's tailnet, from the files of the other stacks, which lie beside this one's; undefined where it has one
 * of its own, and then no file is looked at. Throws one RunError that lists every reason why they cannot share it.
 * @param folder where files are looked for first; default: where `MESH_STACK_FILES` says
 */
export function readTailnet(self: NamedConfig, now: Date, folder?: string): SharedTailnet | undefined {
  const answer = findShared(self, now, (stack) => stackFileText(stack, folder));
  if (!answer.ok) throw new pulumi.RunError(renderStackFaults(answer.faults));
  return answer.tailnet;
}
