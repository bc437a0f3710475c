import type { Operation } from '../io/rpc/types.ts';
import type { Connection } from '../io/ssh/connect.ts';
import { HostToolError } from '../io/ssh/host-tool.ts';
import { signalOf, withHost } from './hosts.ts';
import type { Hosts } from './hosts.ts';

/** A host that is off keeps a destroy waiting no longer than one that boots. */
const DIAL_SECONDS = 60;

/**
 * Gives an existing machine back. Whatever it does or does not answer, this ends within `seconds`: a host that cannot be
 * reached, or hangs, is a warning that says how to restore it by hand, and no reason to keep it in the state for ever.
 * @throws HostToolError when the host answers that it could not: then it can be tried again.
 */
export async function restoreHost(
  op: Operation,
  hosts: Hosts,
  { name, connection }: { name: string; connection: Connection },
  seconds: number,
): Promise<void> {
  const signal = signalOf(op, seconds);
  const open = {
    name,
    bootSeconds: Math.min(DIAL_SECONDS, seconds),
    authSeconds: 0,
    signal,
    status: (text: string) => op.status(text),
  };
  try {
    const { restored, kept } = await withHost(hosts, connection, open, (tool) => tool.restore());
    op.log('info', `${name}: put back as it was before the first release: ${count(restored.length, 'thing')}`);
    for (const what of kept) op.log('info', `${name}: ${what}`);
  } catch (error) {
    if (op.signal.aborted || error instanceof HostToolError) throw error;
    op.log(
      'warning',
      `${error instanceof Error ? error.message : String(error)}\n${name} was not restored within ${seconds} s: the release stays on it, and nobody manages it any more. To restore it by hand, as root on the host: /usr/local/lib/site-mesh/mesh-host apply restore`,
    );
  }
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
