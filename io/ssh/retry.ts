import { connect, describe } from './connect.ts';
import type { Connection, Session } from './connect.ts';
import { SshError, mayPass } from './errors.ts';
import { pause } from '../wait.ts';

export interface WhenUpOptions {
  /** Host name as the config has it, for messages. */
  name: string;
  /** How long the host may take until it answers. */
  bootSeconds: number;
  /**
   * How long a refused key is asked again, counted from the first refusal. Only a first boot needs it: cloud-init may
   * still be about to install the key. 0 everywhere else, so that a wrong key fails at once.
   */
  authSeconds: number;
  signal: AbortSignal;
  /** Called before each pause with what is being waited for. */
  onWait?: (message: string) => void;
  /** Between attempts. Default 2 s. */
  pauseSeconds?: number;
  /** For one attempt. Default 15 s; when there is only one, 1 s. */
  attemptSeconds?: number;
}

/** A jump host is there or it is not: it is not what boots. */
const JUMP_SECONDS = 15;

/**
 * Connects to a host that may still be booting: retries what a boot explains, never another host key.
 * @throws SshError of the last attempt, with the time that was waited.
 */
export async function connectWhenUp(connection: Connection, options: WhenUpOptions): Promise<Session> {
  const start = Date.now();
  const elapsed = (since: number): number => (Date.now() - since) / 1000;
  let refusedSince: number | undefined;
  for (;;) {
    try {
      const left = options.bootSeconds - elapsed(start);
      const only = options.bootSeconds === 0 ? options.attemptSeconds : undefined;
      // Never less than a second: the last attempt must be able to succeed.
      const timeoutSeconds = only ?? Math.max(1, Math.min(options.attemptSeconds ?? 15, left));
      return await connect(connection, { name: options.name, timeoutSeconds, signal: options.signal });
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      const auth = error.failure === 'auth' && error.hop === 'host';
      if (auth) refusedSince ??= Date.now();
      else if (!mayPass(error)) throw error;
      const bound = error.hop === 'jump' ? Math.min(JUMP_SECONDS, options.bootSeconds) : options.bootSeconds;
      const over =
        elapsed(start) >= bound || (refusedSince !== undefined && elapsed(refusedSince) >= options.authSeconds);
      if (over) {
        const waited = Math.round(elapsed(start));
        if (waited === 0) throw error;
        throw new SshError(error.failure, error.hop, `${error.message} (Waited ${waited} s.)`, { cause: error });
      }
      options.onWait?.(
        `waiting for ${describe(options.name, connection)}: ${auth ? 'the login is not accepted yet' : 'no SSH yet'}, ${Math.round(elapsed(start))} of ${options.bootSeconds} s`,
      );
      await pause(options.pauseSeconds ?? 2, options.signal);
    }
  }
}
