import ssh2 from 'ssh2';

/** An OpenSSH key pair: PEM and `ssh-ed25519 AAAA…` line. */
export interface KeyPair {
  privateKey: string;
  publicKey: string;
}

export function newKeyPair(comment: string): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    // About one in 400 ed25519 keys that ssh2 1.17.0 makes cannot be parsed again, by itself or by OpenSSH.
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error))
      return { privateKey: pair.private, publicKey: pair.public };
  }
}
