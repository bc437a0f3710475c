import { resolveAccess } from '../access/resolve.ts';
import type { StackFault } from '../config/checks/across.ts';
import { renderFault } from '../config/fault.ts';
import type { SharedTailnet } from '../config/shared.ts';
import { compilePolicy, modelTags } from '../overlays/tailscale/compile.ts';
import { memberDenies } from '../overlays/tailscale/environments.ts';
import { entryInStack, modelInStack } from '../overlays/tailscale/in-stack.ts';
import { mergeParts, type MergeAnswer } from '../overlays/tailscale/merge.ts';
import { reasonsOf } from '../overlays/tailscale/reasons.ts';
import { deployerTag, siteRouterTag } from '../overlays/tailscale/tags.ts';
import { joinDenies } from '../overlays/tailscale/tests.ts';
import { askable } from './joined.ts';
import { breakGlassRules, planLifelines } from './lifelines.ts';
import { modelOf, policyOwner, stackModel, type Deciding } from './policy.ts';
import type { PolicyPlan, SharedPolicyPlan } from './types.ts';

/** What stacks of one tailnet say differently of the same name, so that no policy holds for all of them; empty when nothing. */
export function sharedConflicts(tailnet: SharedTailnet, now: Date): StackFault[] {
  const merged = merge(tailnet, now);
  return merged.ok ? [] : merged.faults;
}

/**
 * The policy of all stacks that share a tailnet, as one of them sees it: each stack comes to the same text, and the owner alone
 * pushes it.
 * @throws Error where sharedConflicts has something to say
 */
export function planSharedPolicy(own: Deciding, tailnet: SharedTailnet): PolicyPlan {
  const { now } = own;
  const merged = merge(tailnet, now);
  if (!merged.ok)
    throw new Error(
      `stacks of one tailnet contradict each other:\n${merged.faults.map((one) => `${one.stack}:\n${renderFault(one)}`).join('\n')}`,
    );
  const owner = tailnet.stacks.find(({ stack }) => stack === tailnet.owner)?.config ?? own.config;
  const policy = compilePolicy({ ...merged.model, owner: policyOwner(owner.network.name, tailnet.owner) });
  const model = modelInStack(modelOf(own.config, now), own.stack);
  const others = tailnet.stacks.filter(({ stack }) => stack !== own.stack);
  const foreign = others.map(({ stack, config }) => ({ stack, model: modelInStack(modelOf(config, now), stack) }));
  const joined = askable(joinDenies(policy.joined, memberDenies(model, foreign)), own.hosts);
  const pushes = own.stack === tailnet.owner;
  const shared: SharedPolicyPlan = {
    owner: tailnet.owner,
    pushes,
    ownerLine: policyOwner(owner.network.name, tailnet.owner),
    stacks: tailnet.stacks.map(({ stack }) => stack),
    others: pushes
      ? others.flatMap(({ stack, config }) =>
          resolveAccess(config, now).entries.map((entry) => entryInStack(entry, stack)),
        )
      : [],
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

const merge = ({ owner, stacks }: SharedTailnet, now: Date): MergeAnswer =>
  mergeParts(
    stacks.map(({ stack, config }) => ({ stack, model: modelOf(config, now) })),
    owner,
  );
