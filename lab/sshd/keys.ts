import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import type { KeyType } from './types.ts';

const { utils } = ssh2;

/** The key, or undefined when it is none. Never throws. */
export function parseKey(text: string | Buffer): ParsedKey | undefined {
  try {
    const parsed: unknown = utils.parseKey(text);
    if (parsed instanceof Error) return undefined;
    // Encrypted OpenSSH files parse to a list in some versions of the library.
    return (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | undefined;
  } catch {
    return undefined;
  }
}

/** A private key of the wanted type that a server can sign with, or undefined. */
export function usablePrivateKey(text: unknown, type: KeyType): string | undefined {
  if (typeof text !== 'string') return undefined;
  const key = parseKey(text);
  const wanted = type === 'ed25519' ? 'ssh-ed25519' : 'ecdsa-sha2-';
  return key?.isPrivateKey() && key.type.startsWith(wanted) ? text : undefined;
}

/**
 * A new private key in OpenSSH form. The library (ssh2 1.17.0) writes about one ed25519 key in 256 so that nobody can read
 * it, itself included; such a key is thrown away.
 */
export function generateKey(type: KeyType): string {
  for (;;) {
    const pair =
      type === 'ed25519' ? utils.generateKeyPairSync('ed25519') : utils.generateKeyPairSync('ecdsa', { bits: 256 });
    if (usablePrivateKey(pair.private, type) !== undefined) return pair.private;
  }
}

/** `ssh-ed25519 AAAA…` of a private key; null for none. */
export function publicLine(privateKey: string | undefined): string | null {
  const key = privateKey === undefined ? undefined : parseKey(privateKey);
  return key ? `${key.type} ${key.getPublicSSH().toString('base64')}` : null;
}

/** The key blob of an authorized_keys line, options before it or not. */
export function authorizedBlob(line: string): string | undefined {
  return /(?:^|\s)(?:ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+\s+(AAAA[A-Za-z0-9+/=]+)/.exec(line)?.[1];
}

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
