import { UserError } from '../io/rpc/types.ts';
import type { Operation } from '../io/rpc/types.ts';
import type { LivePolicy, Tailscale } from '../io/tailscale/client.ts';
import { readHeader } from '../mesh/overlays/tailscale/header.ts';
import { saysNothing } from '../mesh/overlays/tailscale/untouched.ts';
import { finishCheck, isConflict, pushGuarded, sameText } from './policy-guard.ts';
import type { Wanted } from './policy-guard.ts';
import { stackOf } from './policy-restore.ts';

/** @throws UserError listing what the service finds wrong with this policy, its own tests included. */
export async function validatePolicy(op: Operation, api: Tailscale, text: string): Promise<void> {
  const { errors, warnings } = await api.policy.validate(text, op.signal);
  for (const warning of warnings)
    op.log('warning', `tailnet ${api.tailnet}: the service warns about the policy: ${warning}`);
  if (errors.length > 0)
    throw new UserError(`tailnet ${api.tailnet}: the service refuses the policy:\n  ${errors.join('\n  ')}`);
}

/**
 * The first push: takes over a tailnet whose policy is the service's own default (with or without the owner of the
 * deploying credential's tag), ours from an earlier life of this stack, or the one text that the configuration names.
 * Answers the etag to match next time. @throws UserError when the policy there is somebody else's.
 */
export async function claimPolicy(op: Operation, api: Tailscale, wanted: Wanted): Promise<string> {
  const live = await api.policy.get(op.signal);
  // Ours already: of a run that was killed before it was recorded. What stood there before, nobody knows any more.
  if (sameText(live.text, wanted.text)) return finishCheck(op, api, wanted, live.etag, undefined);
  const { ours, why } = claimOn(op, api, wanted, live);
  try {
    // What is not surely ours the service may know to be its default, which nobody ever edited.
    return await pushGuarded(op, api, wanted, live, ours ? live.etag : 'ts-default');
  } catch (error) {
    if (!isConflict(error)) throw error;
    return adoptOrRefuse(op, api, wanted, why, error);
  }
}

/** As far as it decides what may be replaced. */
type Goal = Pick<Wanted, 'text' | 'takeOver'>;

/**
 * Whether a live text may be replaced by a stack that has not recorded it, and why not.
 * @throws UserError when it is another stack's
 */
function claimOn(op: Operation, api: Tailscale, wanted: Goal, live: LivePolicy): { ours: boolean; why: string } {
  const mine = readHeader(wanted.text);
  const theirs = readHeader(live.text);
  if (theirs !== undefined && theirs.owner !== mine?.owner)
    throw new UserError(
      `tailnet ${api.tailnet}: its policy belongs to ${theirs.owner}, ${whoIs(theirs.owner, mine?.owner)}`,
    );
  // Our own mark over another text is somebody's edit, whatever is left of it.
  const intact = theirs === undefined ? saysNothing(live.text) : theirs.intact;
  const why = (theirs === undefined || intact ? NOT_OURS : EDITED_OURS)(stackOf(op), live.etag);
  return { ours: intact || live.etag === wanted.takeOver, why };
}

/**
 * At preview: what the push will be refused for, as far as the live policy tells now. Only a warning where that may change before the
 * update, or where the service knows better. @throws UserError when the policy is another stack's
 */
export async function foretellPush(
  op: Operation,
  api: Tailscale,
  wanted: Goal,
  recorded: Recorded | undefined,
): Promise<void> {
  const live = await api.policy.get(op.signal);
  if (sameText(live.text, wanted.text)) return;
  const { ours, why } =
    recorded === undefined
      ? claimOn(op, api, wanted, live)
      : { ours: mayReplace(live, recorded, wanted), why: EDITED_SINCE };
  if (!ours) op.log('warning', `tailnet ${api.tailnet}: the update will stop here: ${why}`);
}

/** What the state knows of the policy. */
export interface Recorded {
  text: string;
  etag: string;
  /** The text before it, while nobody checked this one. */
  former: string | undefined;
}

/** Every later push: only over what we pushed, or what the last refresh showed. @throws UserError when it was edited since. */
export async function replacePolicy(
  op: Operation,
  api: Tailscale,
  wanted: Wanted,
  recorded: Recorded,
): Promise<string> {
  const live = await api.policy.get(op.signal);
  if (sameText(live.text, wanted.text)) return finishCheck(op, api, wanted, live.etag, formerOf(wanted, recorded));
  if (!mayReplace(live, recorded, wanted)) throw new UserError(`tailnet ${api.tailnet}: ${EDITED_SINCE}`);
  try {
    return await pushGuarded(op, api, wanted, live, live.etag);
  } catch (error) {
    if (!isConflict(error)) throw error;
    return adoptOrRefuse(op, api, wanted, EDITED_SINCE, error);
  }
}

/** Whether a live text is the recorded one, or the one that the configuration names. */
const mayReplace = (live: LivePolicy, { etag, text }: Recorded, { takeOver: named }: Goal): boolean =>
  live.etag === etag || sameText(live.text, text) || live.etag === named;

/** What is put back when a text that is live already turns out to be bad. */
const formerOf = ({ text }: Wanted, recorded: Recorded): string | undefined =>
  recorded.former ?? (sameText(recorded.text, text) ? undefined : recorded.text);

const takeOver = (stack: string, etag: string): string =>
  `mesh policy adopt ${stack} shows its rules as intents to take over; mesh policy adopt ${stack} --take-over shows the line for the stack file (takeOver: ${etag}) by which the next up replaces exactly this text`;
/** Owner lines are `NETWORK/STACK-tailnet`. */
const whoIs = (theirs: string, mine = ''): string =>
  theirs.split('/')[1] === mine.split('/')[1]
    ? `and this stack's is ${mine}: was the network renamed? site-mesh:network.name cannot be changed in place, since it is in the names of what is there: put ${theirs.split('/')[0]} back, or destroy under that name first and remove the first line of the policy in the console.`
    : `another stack. One stack owns a tailnet's policy, or they would overwrite each other for ever: give this stack a tailnet of its own (site-mesh:tailnet), or destroy the other one and remove its first line in the console.`;
const NOT_OURS = (stack: string, etag: string): string =>
  `the tailnet has a policy that this program did not write, so it was not overwritten (412). Ways out: ${takeOver(stack, etag)}; or reset it to the default in the console (Access controls) and run up again`;
const EDITED_OURS = (stack: string, etag: string): string =>
  `the policy was ours, but somebody edited it since, so it was not overwritten (412). Ways out: undo the edit in the console; or take it over: ${takeOver(stack, etag)}`;
const EDITED_SINCE =
  'somebody edited the policy since this stack last saw it, so it was not overwritten (412). pulumi refresh shows the edit; take it over into the config if it should stay, then the next up replaces it';

/** A conflict with a text that is the wanted one is none: another run put it there. */
async function adoptOrRefuse(
  op: Operation,
  api: Tailscale,
  wanted: Wanted,
  why: string,
  cause: unknown,
): Promise<string> {
  const live: LivePolicy = await api.policy.get(op.signal);
  if (sameText(live.text, wanted.text)) return finishCheck(op, api, wanted, live.etag, undefined);
  throw new UserError(`tailnet ${api.tailnet}: ${why}`, { cause });
}
