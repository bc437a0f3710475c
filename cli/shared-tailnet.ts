import { stackFileText } from '../components/stack-files.ts';
import { renderStackFaults, type NamedConfig, type StackFault } from '../mesh/config/checks/across.ts';
import type { SharedTailnet, TailnetAnswer } from '../mesh/config/shared.ts';
import { findShared } from '../mesh/plan/shared.ts';
import { CliError, EXIT } from './exit.ts';

/** Every reason why a stack cannot share its tailnet with those that it names; empty also where it has one of its own. */
export function sharingFaults(self: NamedConfig, now: Date): StackFault[] {
  const answer = ask(self, now);
  return answer.ok ? [] : answer.faults;
}

/** Who shares a stack's tailnet, by the files here; undefined where it has one of its own. Throws CliError (usage) that lists every fault. */
export function sharedTailnet(self: NamedConfig, now: Date): SharedTailnet | undefined {
  const answer = ask(self, now);
  if (!answer.ok) throw new CliError(EXIT.usage, renderStackFaults(answer.faults));
  return answer.tailnet;
}

const ask = (self: NamedConfig, now: Date): TailnetAnswer => findShared(self, now, (stack) => stackFileText(stack));
