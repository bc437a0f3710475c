import { createHash } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { UserError } from '../rpc/types.ts';

/** A host key that was recorded before the first connection; nothing else is accepted. */
export interface PinnedKey {
  /** Key type of the OpenSSH line, such as `ssh-ed25519`. */
  type: string;
  /** Wire format, compared byte for byte. */
  blob: Buffer;
  fingerprint: string;
  /** Signature algorithms to negotiate, so that the host presents this key and not another one that it also has. */
  algorithms: ServerHostKeyAlgorithm[];
}

const ALGORITHMS: Readonly<Record<string, ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  // An RSA key is one key with several signature algorithms; SHA-1 (`ssh-rsa`) is left out on purpose.
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** `SHA256:…` as `ssh-keygen -l` prints it: base64 without padding. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/**
 * Reads an OpenSSH public key line (`ssh-ed25519 AAAA… comment`).
 * @throws UserError when the line is malformed or of a type that we do not pin; `owner` names the host in it.
 */
export function parseHostKey(line: string, owner: string): PinnedKey {
  const [type = '', base64 = ''] = line.trim().split(/\s+/);
  const algorithms = ALGORITHMS[type];
  const known = Object.keys(ALGORITHMS).join(', ');
  if (algorithms === undefined) {
    throw new UserError(
      `${owner}: hostKey has type "${type}", but only ${known} can be pinned. Give the host's public key as one OpenSSH line: ssh-keyscan HOST, checked on the host with ssh-keygen -l.`,
    );
  }
  const blob = Buffer.from(base64, 'base64');
  const typeLength = blob.length >= 4 ? blob.readUInt32BE(0) : -1;
  if (blob.subarray(4, 4 + typeLength).toString('latin1') !== type || blob.length <= 4 + typeLength) {
    throw new UserError(
      `${owner}: hostKey is not a valid ${type} line: what follows the type is not that key. Copy the whole line of the host's /etc/ssh/ssh_host_*_key.pub.`,
    );
  }
  return { type, blob, fingerprint: fingerprint(blob), algorithms };
}
