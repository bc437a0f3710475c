import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';

/** MD5 fingerprint of an OpenSSH public key, colon separated as the clouds show it; undefined when it is no public key. */
export function md5Fingerprint(publicKey: string): string | undefined {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error || key.isPrivateKey()) return undefined;
  return createHash('md5')
    .update(key.getPublicSSH())
    .digest('hex')
    .replaceAll(/..(?!$)/g, '$&:');
}
