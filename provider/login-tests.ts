import { z } from 'zod';
import type { Operation } from '../io/rpc/types.ts';
import type { Tailscale } from '../io/tailscale/client.ts';
import { withSshTests } from '../mesh/overlays/tailscale/ssh-tests.ts';
import { signalOf } from './hosts.ts';

const logins = z.array(z.string());
export const loginTest = z.strictObject({
  src: z.string().min(1),
  dst: z.array(z.string()).min(1),
  accept: logins,
  check: logins,
  deny: logins,
});
export type LoginTest = z.output<typeof loginTest>;

/**
 * Who gets which login by Tailscale SSH. The service takes such tests only in a whole policy, so the live one is validated
 * with them and not pushed: in force they would fail whenever a tag loses its last node.
 * @returns what is otherwise, in the service's words; empty when all holds
 */
export async function brokenLogins(op: Operation, api: Tailscale, tests: readonly LoginTest[]): Promise<string[]> {
  if (tests.length === 0) return [];
  const signal = signalOf(op);
  const { text } = await api.policy.get(signal);
  const { errors } = await api.policy.validate(withSshTests(text, tests), signal);
  return errors.filter((error) => error !== 'test(s) failed').map((error) => `Tailscale SSH: ${error}`);
}
