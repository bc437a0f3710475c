import { UserError } from '../io/rpc/types.ts';
import type { Operation } from '../io/rpc/types.ts';
import type { LivePolicy, Tailscale } from '../io/tailscale/client.ts';
import { TailscaleError } from '../io/tailscale/errors.ts';
import { severed } from '../mesh/overlays/tailscale/lifelines.ts';
import type { Lifelines, LifelineTest } from '../mesh/overlays/tailscale/lifelines.ts';
import { attempt } from './attempt.ts';
import { putBack } from './policy-restore.ts';

/** What is to be live, and what must hold once it is. */
export interface Wanted {
  text: string;
  lifelines: Lifelines;
  /** ETag of somebody else's text that may be replaced. */
  takeOver?: string | undefined;
}

/**
 * A push begins only when nothing is cancelled, and is then carried to its end: what a Ctrl-C would leave half done is a
 * policy that nobody checked. Bounded, so that the engine gets its answer before it loses patience.
 */
const PUSH_SECONDS = 60;
const CHECK_SECONDS = 60;

/**
 * Pushes over `former` and asks the service whether what must never be taken away is still there. If not, or if it does not
 * answer, `former` is put back in the same operation. Answers the new etag.
 * @param ifMatch the etag of `former`, or `ts-default`
 * @throws TailscaleError 412 when the policy is another one by now; nothing was written then
 * @throws UserError otherwise: what is wrong, and which policy is in force
 */
export async function pushGuarded(
  op: Operation,
  api: Tailscale,
  wanted: Wanted,
  former: LivePolicy,
  ifMatch: string,
): Promise<string> {
  refuseSevered(api, wanted);
  const tests = await askable(op, api, wanted.lifelines.tests);
  if (op.signal.aborted) throw new UserError('cancelled before the policy was pushed; nothing was written');
  const etag = await push(api, wanted.text, ifMatch);
  await check(op, api, wanted, etag, former.text, tests);
  return etag;
}

/**
 * The check of a text that is live already: pushed by a run that was killed before its check, or refreshed since.
 * @param former what to put back; undefined where nobody knows it
 */
export async function finishCheck(
  op: Operation,
  api: Tailscale,
  wanted: Wanted,
  etag: string,
  former: string | undefined,
): Promise<string> {
  await check(op, api, wanted, etag, former, await askable(op, api, wanted.lifelines.tests));
  return etag;
}

function refuseSevered(api: Tailscale, { text, lifelines }: Wanted): void {
  const lines = severed(text, lifelines);
  if (lines.length === 0) return;
  throw new UserError(
    `tailnet ${api.tailnet}: the new policy would cut off the deploying side, so it was not pushed; the live one is untouched:\n  ${lines.join('\n  ')}\nThe program writes these sections itself; give TailnetPolicy the text and lifelines of one plan`,
  );
}

/** Those that can hold by now. Asked before the push: what the devices are is no matter of the policy. */
async function askable(op: Operation, api: Tailscale, tests: readonly LifelineTest[]): Promise<LifelineTest[]> {
  if (tests.every(({ needs }) => needs.length === 0)) return [...tests];
  const carried = new Set((await api.devices.list(op.signal)).flatMap((device) => device.tags));
  return tests.filter(({ needs }) => needs.every((tag) => carried.has(tag)));
}

async function check(
  op: Operation,
  api: Tailscale,
  wanted: Wanted,
  etag: string,
  former: string | undefined,
  tests: readonly LifelineTest[],
): Promise<void> {
  const signal = AbortSignal.timeout(CHECK_SECONDS * 1000);
  const failed = await attempt(async () => {
    const live = await api.policy.get(signal);
    if (!sameText(live.text, wanted.text)) throw new UserError(EDITED_AT_ONCE(api.tailnet));
    return tests.length === 0 ? undefined : refusal(op, api, tests, signal);
  }, signal).catch((error: unknown) => {
    if (!(error instanceof TailscaleError)) throw error;
    return `it could not be checked: ${error.message}`;
  });
  if (failed !== undefined) await putBack(op, api, { etag, former, failed });
}

/** What the service says against it; undefined: all holds. */
async function refusal(
  op: Operation,
  api: Tailscale,
  tests: readonly LifelineTest[],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { errors } = await api.policy.test(
      tests.map(({ src, proto, accept }) => ({ src, proto, accept })),
      signal,
    );
    return errors.length === 0
      ? undefined
      : `the service says that the break-glass group is locked out:\n  ${errors.join('\n  ')}`;
  } catch (error) {
    // The policy was read a moment ago, so the tailnet is there: this control server has no such question.
    if (!(error instanceof TailscaleError) || (error.status !== 404 && error.status !== 501)) throw error;
    op.log('warning', `${error.message}\nThis control server cannot be asked whether the break-glass group gets in.`);
    return undefined;
  }
}

async function push(api: Tailscale, text: string, ifMatch: string): Promise<string> {
  const signal = AbortSignal.timeout(PUSH_SECONDS * 1000);
  let lost: TailscaleError | undefined;
  try {
    const etag = await api.policy.set(text, ifMatch, signal);
    if (etag !== undefined) return etag;
  } catch (error) {
    if (!(error instanceof TailscaleError)) throw error;
    if (error.status === 400)
      throw new UserError([error.message, ...details(error.data)].join('\n  '), { cause: error });
    // No answer does not mean that nothing was written.
    if (error.status !== 0 && error.status < 500) throw error;
    lost = error;
  }
  const live = await attempt(() => api.policy.get(signal), signal).catch((error: unknown) => {
    throw lost ?? error;
  });
  // An etag that is read later is ours only if the text still is.
  if (sameText(live.text, text)) return live.etag;
  throw lost ?? new UserError(EDITED_AT_ONCE(api.tailnet));
}

const EDITED_AT_ONCE = (tailnet: string): string =>
  `tailnet ${tailnet}: the policy was pushed and at once edited by somebody else, so it was neither checked nor put back; pulumi refresh shows the edit`;

export function isConflict(error: unknown): boolean {
  return error instanceof TailscaleError && error.status === 412;
}

/** The service keeps a text as it came, but editors add or drop the last line break. */
export function sameText(live: string, wanted: string): boolean {
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
