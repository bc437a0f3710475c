import { generateKey } from './keys.ts';
import type { FirstBoot } from './cloud-init.ts';
import type { HostRecord, Login } from './types.ts';
import type { ServerView } from '../types.ts';

type Existing = NonNullable<ServerView['existing']>;

/** Who may log in: the one account that its owner set up for the deploying side. */
function access(existing: Existing, keys: string[]): { logins: Login[]; rootKeys: string[] } {
  if (existing.user === 'root') return { logins: [], rootKeys: keys };
  return { logins: [{ name: existing.user, keys, sudo: true }], rootKeys: [] };
}

/** An existing machine as its owner left it: no user_data, host keys that are its owner's and stay. */
export function asFound(existing: Existing, keys: string[]): FirstBoot {
  return {
    ...access(existing, keys),
    hostKeys: { ed25519: existing.hostKey, ecdsa: generateKey('ecdsa') },
    bootstrapKey: false,
    unexecuted: [],
  };
}

/** Its record after the stack file called it otherwise or named another account; undefined when nothing differs. */
export function renamed(host: HostRecord, server: ServerView): HostRecord | undefined {
  if (!server.existing) return undefined;
  const next = { ...host, name: server.name, ...access(server.existing, server.authorizedKeys) };
  return JSON.stringify(next) === JSON.stringify(host) ? undefined : next;
}
