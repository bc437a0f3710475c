import { UserError } from '../rpc/types.ts';

/**
 * What went wrong between us and a host:
 * `unreachable` no TCP connection · `lost` it broke · `deadline` no answer in time · `host-key` another key than the
 * pinned one · `auth` our key was refused · `key-file` our own key is unusable · `too-much` output beyond the bound ·
 * `cancelled` by the user.
 */
export type SshFailure =
  'unreachable' | 'lost' | 'deadline' | 'host-key' | 'auth' | 'key-file' | 'too-much' | 'cancelled';

/** Which leg failed: retrying makes sense for a host that boots, not for a jump host that is part of the furniture. */
export type Hop = 'host' | 'jump';

/** A failed connection or command; the message names host, address and the way out, and never contains key material. */
export class SshError extends UserError {
  readonly failure: SshFailure;
  readonly hop: Hop;
  constructor(failure: SshFailure, hop: Hop, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SshError';
    this.failure = failure;
    this.hop = hop;
  }
}

/** True for failures that may mean no more than that the host is booting or restarting its sshd. */
export function mayPass(error: unknown): error is SshError {
  return error instanceof SshError && ['unreachable', 'lost', 'deadline'].includes(error.failure);
}
