import { UserError } from '../io/rpc/types.ts';
import type { Operation } from '../io/rpc/types.ts';
import type { Tailscale } from '../io/tailscale/client.ts';
import { TailscaleError } from '../io/tailscale/errors.ts';
import { readHeader } from '../mesh/overlays/tailscale/header.ts';
import { saysNothing } from '../mesh/overlays/tailscale/untouched.ts';

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
 * deploying credential's tag), or ours from an earlier life of this stack.
 * Answers the etag to match next time. @throws UserError when the policy there is somebody else's.
 */
export async function claimPolicy(op: Operation, api: Tailscale, text: string): Promise<string> {
  const live = await api.policy.get(op.signal);
  if (sameText(live.text, text)) return live.etag;
  const mine = readHeader(text);
  const theirs = readHeader(live.text);
  if (theirs !== undefined && theirs.owner !== mine?.owner) {
    throw new UserError(
      `tailnet ${api.tailnet}: its policy belongs to ${theirs.owner}, another stack. One stack owns a tailnet's policy, or they would overwrite each other for ever: give this stack a tailnet of its own (site-mesh:tailnet), or destroy the other one and remove its first line in the console.`,
    );
  }
  // Our own mark over another text is somebody's edit, whatever is left of it.
  const ours = theirs === undefined ? saysNothing(live.text) : theirs.intact;
  try {
    return await push(op, api, text, ours ? live.etag : 'ts-default');
  } catch (error) {
    if (!isConflict(error)) throw error;
    return adoptOrRefuse(op, api, text, theirs === undefined || ours ? NOT_OURS : EDITED_OURS, error);
  }
}

/** Every later push: only over what we pushed, or what the last refresh showed. @throws UserError when it was edited since. */
export async function replacePolicy(op: Operation, api: Tailscale, text: string, etag: string): Promise<string> {
  try {
    return await push(op, api, text, etag);
  } catch (error) {
    if (!isConflict(error)) throw error;
    return adoptOrRefuse(op, api, text, EDITED_SINCE, error);
  }
}

const NOT_OURS =
  'the tailnet has a policy that this program did not write, so it was not overwritten (412). Ways out: move its rules into site-mesh:groups, services and access, then reset it to the default in the console (Access controls) and run up again; or pulumi import mesh:index:TailnetPolicy, which shows the difference and lets the next up replace it';
const EDITED_OURS =
  'the policy was ours, but somebody edited it since, so it was not overwritten (412). Ways out: take the edit over into site-mesh:access, or undo it in the console; or pulumi import mesh:index:TailnetPolicy, which shows the difference and lets the next up replace it';
const EDITED_SINCE =
  'somebody edited the policy since this stack last saw it, so it was not overwritten (412). pulumi refresh shows the edit; take it over into the config if it should stay, then the next up replaces it';

/** A conflict with a text that is the wanted one is none: a run that was killed after its push left it there. */
async function adoptOrRefuse(
  op: Operation,
  api: Tailscale,
  text: string,
  why: string,
  cause: unknown,
): Promise<string> {
  const live = await api.policy.get(op.signal);
  if (sameText(live.text, text)) return live.etag;
  throw new UserError(`tailnet ${api.tailnet}: ${why}`, { cause });
}

async function push(op: Operation, api: Tailscale, text: string, ifMatch: string): Promise<string> {
  try {
    const etag = await api.policy.set(text, ifMatch, op.signal);
    if (etag !== undefined) return etag;
  } catch (error) {
    if (!(error instanceof TailscaleError) || error.status !== 400) throw error;
    throw new UserError([error.message, ...details(error.data)].join('\n  '), { cause: error });
  }
  // An etag that is read later is ours only if the text still is.
  const live = await api.policy.get(op.signal);
  if (sameText(live.text, text)) return live.etag;
  throw new UserError(
    `tailnet ${api.tailnet}: the policy was pushed and at once edited by somebody else; pulumi refresh shows the edit`,
  );
}

function isConflict(error: unknown): boolean {
  return error instanceof TailscaleError && error.status === 412;
}

/** The service keeps a text as it came, but editors add or drop the last line break. */
function sameText(live: string, wanted: string): boolean {
  return live.replaceAll('\r\n', '\n').trimEnd() === wanted.replaceAll('\r\n', '\n').trimEnd();
}

/** Per rule or test, where the service says more than its message. */
function details(data: unknown): string[] {
  if (!Array.isArray(data)) return [];
  return data.flatMap((fault: unknown) => {
    if (typeof fault !== 'object' || fault === null || !('errors' in fault) || !Array.isArray(fault.errors)) return [];
    const user = 'user' in fault && typeof fault.user === 'string' ? `${fault.user}: ` : '';
    return fault.errors.filter((error) => typeof error === 'string').map((error) => `${user}${error}`);
  });
}
