import { resolveAccess } from '../access/resolve.ts';
import type { AccessEntry } from '../access/types.ts';
import type { NamedConfig, StackFault } from '../config/checks/across.ts';
import { renderFault } from '../config/fault.ts';
import { tailnetOf, type SharedTailnet, type TailnetAnswer } from '../config/shared.ts';
import { otherStack } from '../config/stack-text.ts';
import { compilePolicy, modelTags } from '../overlays/tailscale/compile.ts';
import { memberDenies } from '../overlays/tailscale/environments.ts';
import { entryInStack, modelInStack, type StackModel } from '../overlays/tailscale/in-stack.ts';
import { mergeParts } from '../overlays/tailscale/merge.ts';
import { reasonsOf } from '../overlays/tailscale/reasons.ts';
import { deployerTag, siteRouterTag } from '../overlays/tailscale/tags.ts';
import { joinDenies } from '../overlays/tailscale/tests.ts';
import { askable } from './joined.ts';
import { breakGlassRules, planLifelines } from './lifelines.ts';
import { policyOwner, stackModel, type Deciding } from './policy.ts';
import type { PolicyPlan, SharedPolicyPlan } from './types.ts';

/** What stacks of one tailnet say differently of the same name, so that no policy holds for all of them; empty when nothing. */
export function sharedConflicts(tailnet: SharedTailnet, now: Date): StackFault[] {
  const merged = mergeParts(partsOf(tailnet, now), tailnet.owner);
  return merged.ok ? [] : merged.faults;
}

/**
 * Who shares a stack's tailnet, or every reason why they cannot, their contradictions included.
 * @param read text of another stack's file; undefined: there is none
 */
export function findShared(self: NamedConfig, now: Date, read: (stack: string) => string | undefined): TailnetAnswer {
  const answer = tailnetOf(self, (stack) => otherStack(stack, read(stack)));
  if (!answer.ok || answer.tailnet === undefined) return answer;
  const faults = sharedConflicts(answer.tailnet, now);
  return faults.length === 0 ? answer : { ok: false, faults };
}

/**
 * The policy of all stacks that share a tailnet, as one of them sees it: each stack comes to the same text, and the owner alone
 * pushes it.
 * @throws Error where sharedConflicts has something to say
 */
export function planSharedPolicy(own: Deciding, tailnet: SharedTailnet): PolicyPlan {
  const { now } = own;
  const parts = partsOf(tailnet, now);
  const merged = mergeParts(parts, tailnet.owner);
  if (!merged.ok)
    throw new Error(
      `stacks of one tailnet contradict each other:\n${merged.faults.map((one) => `${one.stack}:\n${renderFault(one)}`).join('\n')}`,
    );
  const owner = tailnet.stacks.find(({ stack }) => stack === tailnet.owner)?.config ?? own.config;
  const policy = compilePolicy({ ...merged.model, owner: policyOwner(owner.network.name, tailnet.owner) });
  const model = modelInStack(stackModel(own.config, own.access.rules), own.stack);
  const others = parts.filter(({ stack }) => stack !== own.stack);
  const foreign = others.map((part) => ({ stack: part.stack, model: modelInStack(part.model, part.stack) }));
  const joined = askable(joinDenies(policy.joined, memberDenies(model, foreign)), own.hosts);
  const pushes = own.stack === tailnet.owner;
  const shared: SharedPolicyPlan = {
    owner: tailnet.owner,
    pushes,
    ownerLine: policyOwner(owner.network.name, tailnet.owner),
    stacks: tailnet.stacks.map(({ stack }) => stack),
    others: pushes ? others.flatMap(({ stack, entries }) => entries.map((entry) => entryInStack(entry, stack))) : [],
    tags: modelTags(model),
    routes: model.sites
      .filter(({ routers }) => routers)
      .flatMap(({ name, cidr, cidr6 }) =>
        [cidr, ...(cidr6 === undefined ? [] : [cidr6])].map((prefix) => ({ prefix, tag: siteRouterTag(name) })),
      ),
  };
  const mine = new Set(shared.tags);
  const ours = (selector: string): boolean => !selector.startsWith('tag:') || mine.has(selector);
  const ownerTag = deployerTag(pushes ? undefined : own.stack);
  // Whoever pushes keeps the break-glass groups of all: the others cannot look after theirs.
  const kept = tailnet.stacks.flatMap(
    ({ stack, config }) => modelInStack(stackModel(config, breakGlassRules(config, now)), stack).rules,
  );
  const { takeOver } = own.config.tailnet;
  return {
    text: policy.text,
    access: own.access.entries,
    ownerTag,
    lifelines: planLifelines(ownerTag, own.hosts, kept),
    ...(takeOver !== undefined && { takeOver }),
    joined,
    joinedSsh: policy.joinedSsh.filter(({ src, dst }) => [src, ...dst].every(ours)),
    reasons: reasonsOf(joined, merged.model.rules, merged.model.members),
    shared,
  };
}

/** What each stack brings into the policy, and its permissions in its own words. */
const partsOf = (
  { stacks }: SharedTailnet,
  now: Date,
): { stack: string; model: StackModel; entries: AccessEntry[] }[] =>
  stacks.map(({ stack, config }) => {
    const { rules, entries } = resolveAccess(config, now);
    return { stack, model: stackModel(config, rules), entries };
  });
