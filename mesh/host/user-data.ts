/** What a new server must know to be reachable once, over a pinned key. */
export interface FirstBoot {
  /** Full name; its first label becomes the hostname. */
  fqdn: string;
  /** Login of the deploying side. */
  user: string;
  /** OpenSSH public key lines that may log in as `user`. */
  authorizedKeys: readonly string[];
  /** The bootstrap host key, ECDSA. */
  hostKey: { privateKey: string; publicKey: string };
}

/**
 * The cloud-config of a new server: its name, one login, one pinned host key, nothing else. All that may ever change goes through
 * a release, so this text stays the same for the life of the server. JSON is YAML, so nothing needs quoting rules.
 * The text holds a private key: callers treat it as a secret. Local users can read it from the metadata service, which
 * is why the first release replaces this host key.
 */
export function userData({ fqdn, user, authorizedKeys, hostKey }: FirstBoot): string {
  const login =
    user === 'root'
      ? { name: 'root', ssh_authorized_keys: authorizedKeys }
      : {
          name: user,
          shell: '/bin/bash',
          lock_passwd: true,
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          ssh_authorized_keys: authorizedKeys,
        };
  const config = {
    fqdn,
    users: [login],
    disable_root: user !== 'root',
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ecdsa_private: hostKey.privateKey, ecdsa_public: hostKey.publicKey },
  };
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}
