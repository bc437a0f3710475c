import { parse } from 'yaml';
import { generateKey, usablePrivateKey } from './keys.ts';
import type { HostRecord, KeyType, Login } from './types.ts';

/** What a host is before anybody deployed anything. */
export type FirstBoot = Pick<HostRecord, 'logins' | 'rootKeys' | 'hostKeys' | 'bootstrapKey' | 'unexecuted'>;

/** Keys of a cloud-config that the lab carries out or that need nothing done. */
const CARRIED_OUT = new Set([
  'users', 'ssh_keys', 'ssh_authorized_keys', 'disable_root', 'ssh_pwauth', 'ssh_deletekeys', 'ssh_genkeytypes', 'hostname', 'fqdn', 'preserve_hostname', 'manage_etc_hosts',
]); // prettier-ignore

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];

/** Only rules without a password let `sudo -n` through. */
function mayRunSudo(sudo: unknown): boolean {
  const rules = typeof sudo === 'string' ? [sudo] : strings(sudo);
  return rules.some((rule) => /^ALL\s*=.*NOPASSWD:\s*ALL$/.test(rule.trim()));
}

function logins(users: unknown): Login[] {
  if (!Array.isArray(users)) return [];
  return users.flatMap((user: unknown): Login[] => {
    if (typeof user !== 'object' || user === null) return [];
    const { name, sudo, ssh_authorized_keys: keys } = user as Record<string, unknown>;
    return typeof name === 'string' ? [{ name, keys: strings(keys), sudo: mayRunSudo(sudo) }] : [];
  });
}

/** Given keys replace the generated ones altogether (cloud-init's cc_ssh); one that cannot be loaded leaves its type without a key. */
function hostKeys(given: unknown): HostRecord['hostKeys'] {
  if (typeof given !== 'object' || given === null)
    return { ecdsa: generateKey('ecdsa'), ed25519: generateKey('ed25519') };
  const keys: HostRecord['hostKeys'] = {};
  for (const type of ['ecdsa', 'ed25519'] satisfies KeyType[]) {
    const key = usablePrivateKey((given as Record<string, unknown>)[`${type}_private`], type);
    if (key !== undefined) keys[type] = key;
  }
  return keys;
}

function cloudConfig(userData: string): Record<string, unknown> | undefined {
  if (!/^#cloud-config\s*(\n|$)/.test(userData)) return undefined;
  try {
    const config: unknown = parse(userData);
    return typeof config === 'object' && config !== null && !Array.isArray(config)
      ? (config as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What the first boot makes of user_data: accounts, host keys, and what was asked for but not run.
 * Malformed user_data does what it does on a cloud: the server boots all the same, with host keys
 * of its own and no account but root with the cloud's keys.
 */
export function firstBoot(userData: string, cloudKeys: string[]): FirstBoot {
  const config = cloudConfig(userData);
  if (config === undefined) {
    const unexecuted =
      userData.trim() === ''
        ? []
        : [{ what: 'user_data', why: 'it is not a cloud-config that parses, so the first boot ignored it' }];
    return { logins: [], rootKeys: cloudKeys, hostKeys: hostKeys(undefined), bootstrapKey: false, unexecuted };
  }
  return {
    logins: logins(config.users),
    rootKeys: config.disable_root === true ? [] : [...cloudKeys, ...strings(config.ssh_authorized_keys)],
    hostKeys: hostKeys(config.ssh_keys),
    bootstrapKey: typeof config.ssh_keys === 'object' && config.ssh_keys !== null,
    unexecuted: Object.keys(config)
      .filter((key) => !CARRIED_OUT.has(key))
      .map((key) => ({ what: `user_data: ${key}`, why: 'a host of the lab runs no programs' })),
  };
}
