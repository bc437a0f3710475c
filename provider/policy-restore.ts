import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../io/rpc/types.ts';
import type { Operation } from '../io/rpc/types.ts';
import type { Tailscale } from '../io/tailscale/client.ts';
import { TailscaleError } from '../io/tailscale/errors.ts';
import { saysNothing } from '../mesh/overlays/tailscale/untouched.ts';
import { attempt } from './attempt.ts';

/** For the write alone; its attempts included. */
const RESTORE_SECONDS = 60;

/** The stack of an operation, for commands in messages: `urn:pulumi:STACK::…`. */
export const stackOf = ({ urn }: Operation): string => urn.split('::')[0]?.split(':')[2] ?? 'STACK';

interface Failed {
  /** Of the text that was pushed: nothing else is overwritten. */
  etag: string;
  /** What stood there before; undefined where nobody knows it. */
  former: string | undefined;
  /** Why, in the service's words. */
  failed: string;
}

/** Puts the former policy back. @throws UserError always: what failed, and which policy is in force now. */
export async function putBack(op: Operation, api: Tailscale, { etag, former, failed }: Failed): Promise<never> {
  const stack = stackOf(op);
  const pushed = `tailnet ${api.tailnet}: the new policy was pushed, and then ${failed}`;
  if (former === undefined)
    throw new UserError(
      `${pushed}\nTHE NEW POLICY IS STILL IN FORCE: it was there when this run looked, pushed by a run that was killed or by another one, and what stood there before is not recorded. Ways out: mend site-mesh:access and run up again; or put back a text that you have: mesh policy restore ${stack} --file FILE`,
    );
  const signal = AbortSignal.timeout(RESTORE_SECONDS * 1000);
  try {
    await attempt(() => api.policy.set(former, etag, signal), signal);
  } catch (error) {
    throw new UserError(await stillInForce(stack, pushed, former, error), { cause: error });
  }
  throw new UserError(
    `${pushed}\nThe former policy is in force again, as it was before this run${whichIs(former)}. The state keeps it too: the next up tries again. mesh policy diff ${stack} shows what it would change`,
  );
}

const whichIs = (former: string): string =>
  saysNothing(former) ? ' (the service’s default, which lets everybody reach everything: so it was before)' : '';

async function stillInForce(stack: string, pushed: string, former: string, error: unknown): Promise<string> {
  const file = await kept(former);
  const command = `mesh policy restore ${stack}${file === undefined ? '' : ` --file ${file}`}`;
  const edited = error instanceof TailscaleError && error.status === 412;
  const why = edited
    ? 'somebody edited the policy in the meantime, so it was left alone'
    : error instanceof Error
      ? error.message
      : String(error);
  return [
    pushed,
    edited
      ? 'THE FORMER POLICY COULD NOT BE PUT BACK, AND WHAT IS IN FORCE IS SOMEBODY’S EDIT OF THE NEW ONE.'
      : 'THE FORMER POLICY COULD NOT BE PUT BACK: THE NEW ONE IS PROBABLY STILL IN FORCE.',
    `Why: ${why}`,
    `To put it back by hand: ${command}`,
  ].join('\n');
}

/** The former text in a file, readable by its owner alone; the state has it too, but not that of a first push. */
async function kept(text: string): Promise<string | undefined> {
  try {
    const file = join(await mkdtemp(join(tmpdir(), 'site-mesh-policy-')), 'former-policy.hujson');
    await writeFile(file, text, { mode: 0o600 });
    return file;
  } catch {
    return undefined;
  }
}
