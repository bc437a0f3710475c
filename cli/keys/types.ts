import type { ListedDevice, ListedKey } from '../../io/tailscale/client.ts';

/** One credential, as `mesh keys` tells it. */
export interface KeyRow {
  what: string;
  /** Id at its issuer, or a fingerprint; never the secret. */
  id: string;
  /** What it opens, as its issuer names it. */
  scope: string;
  /** RFC 3339; `never`; or why nobody knows. */
  expires: string;
  state: KeyState;
  /** What to do or to know; empty when there is nothing. */
  remark: string;
}
/** `untold`: its issuer does not say when it ends. `wrong`: it should not exist. */
export type KeyState = 'well' | 'near' | 'expired' | 'wrong' | 'untold';

export interface KeyReport {
  stack: string;
  tailnet: string;
  /** RFC 3339, when it was looked. */
  at: string;
  /** Nothing is near, expired or wrong. */
  well: boolean;
  keys: KeyRow[];
  /** What could not be seen, and why. */
  notes: string[];
}

/** What was found; pure facts, so that the report can be tested without a service. */
export interface KeyFacts {
  stack: string;
  /** Join keys that live long are wrong here. */
  production: boolean;
  tailnet: string;
  /** Id of the stack's own tailnet credential; undefined when none is set. */
  own: { kind: 'api' | 'client'; id: string } | undefined;
  /** What the service said, or why it refuses the credential. */
  listed: { keys: ListedKey[]; devices: ListedDevice[] } | { refused: string };
  /** Names of the stack's hosts that are members. */
  members: readonly string[];
  clouds: { what: string; where: string; scopes: string; set: boolean }[];
  ssh: { what: string; fingerprint: string; scope: string }[];
}
