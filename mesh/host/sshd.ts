import type { Part } from './part.ts';

const PATH = '/etc/ssh/sshd_config.d/00-site-mesh.conf';

/**
 * Keys only, one account, no forwarding, modern algorithms.
 * sshd keeps the first value it reads, so the name must sort before cloud-init's 50-cloud-init.conf, which may allow passwords.
 */
export function sshHardening(user: string): Part {
  const root = user === 'root' ? 'prohibit-password' : 'no';
  const content = `# site-mesh: who may log in, and how
AllowUsers ${user}
PermitRootLogin ${root}
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
    files: { [PATH]: { content, mode: '0644' } },
    units: { 'ssh.service': { enabled: true, onChange: 'reload', watches: [PATH] } },
  };
}
