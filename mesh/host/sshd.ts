import type { Part } from './part.ts';
import type { SshSpec } from './spec.ts';

const PATH = '/etc/ssh/sshd_config.d/00-site-mesh.conf';
const KEYS = '/etc/ssh/authorized_keys.d';

/**
 * Keys only, one account, no forwarding, modern algorithms.
 * The keys are the release's, not those of the first boot, which nobody could take away again. sshd reads them at each
 * login, so a change of them reloads nothing; one that locks us out is never confirmed, and goes back by itself.
 * sshd keeps the first value it reads, so the name must sort before cloud-init's 50-cloud-init.conf, which may allow passwords.
 */
export function sshHardening({ user, authorizedKeys }: SshSpec): Part {
  const root = user === 'root' ? 'prohibit-password' : 'no';
  const content = `# site-mesh: who may log in, and how
AllowUsers ${user}
PermitRootLogin ${root}
AuthorizedKeysFile ${KEYS}/%u
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
PermitUserEnvironment no
LoginGraceTime 30
MaxAuthTries 4
X11Forwarding no
AllowAgentForwarding no
AllowTcpForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
ClientAliveInterval 60
ClientAliveCountMax 3
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
`;
  return {
    files: {
      [PATH]: { content, mode: '0644' },
      // Readable by all: sshd reads it as the account that logs in.
      [`${KEYS}/${user}`]: { content: `${authorizedKeys.join('\n')}\n`, mode: '0644' },
    },
    units: { 'ssh.service': { enabled: true, onChange: 'reload', watches: [PATH] } },
  };
}
