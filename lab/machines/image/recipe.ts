import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Distribution of a base image. */
export interface Distribution {
  suite: string;
  /** Of the mirror that the machine's own apt uses. */
  vendor: 'debian';
}

export const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  'debian-12': { suite: 'bookworm', vendor: 'debian' },
  'debian-13': { suite: 'trixie', vendor: 'debian' },
};

/** What a cloud's image has of all that a host of a mesh is asked for; the last two are for those who look at packets. */
export const PACKAGES = [
  'systemd', 'systemd-sysv', 'dbus', 'openssh-server', 'sudo', 'python3', 'nftables', 'iproute2', 'iputils-ping', 'procps', 'ethtool', 'kmod',
  'ca-certificates', 'tcpdump', 'netcat-openbsd',
]; // prettier-ignore

/**
 * Units that a container has no use for, or that would touch its network: the lab is the DHCP server and configures network
 * cards from outside. Timers of apt would reach for an internet that is not there.
 */
const MASKED = [
  'systemd-networkd.service', 'systemd-networkd.socket', 'systemd-resolved.service', 'systemd-timesyncd.service', 'console-getty.service',
  'getty.target', 'systemd-logind.service', 'systemd-udevd.service', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer',
  'e2scrub_all.timer', 'fstrim.timer', 'systemd-tmpfiles-clean.timer', 'systemd-update-utmp.service', 'systemd-journal-flush.service',
]; // prettier-ignore

const FIRST_BOOT = readFileSync(join(import.meta.dirname, '..', 'machine', 'first_boot.py'), 'utf8');

/** Files of the lab in every machine, by path: content and mode. */
export const FILES: Readonly<Record<string, { content: string; mode: number }>> = {
  '/usr/local/lib/site-mesh-lab/first_boot.py': { content: FIRST_BOOT, mode: 0o755 },
  '/etc/systemd/system/lab-first-boot.service': {
    content: `[Unit]
Description=what a cloud's image does with user_data at the first boot
DefaultDependencies=no
After=local-fs.target
Before=ssh.service multi-user.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/python3 -I /usr/local/lib/site-mesh-lab/first_boot.py

[Install]
WantedBy=multi-user.target
`,
    mode: 0o644,
  },
  // The outside world is not there: an update must not wait for it.
  '/etc/apt/sources.list': { content: '', mode: 0o644 },
  '/etc/resolv.conf': { content: '', mode: 0o644 },
};

/** Carried out in the new root, where debootstrap left it. */
export const SCRIPT = `set -eu
rm -rf usr/share/doc/* usr/share/man/* usr/share/locale/* usr/share/info/* var/cache/apt/archives/*.deb var/lib/apt/lists/*
rm -f etc/ssh/ssh_host_*_key* etc/apt/sources.list.d/*
: > etc/machine-id
for unit in ${MASKED.join(' ')}; do ln -sf /dev/null "etc/systemd/system/$unit"; done
mkdir -p etc/systemd/system/multi-user.target.wants
ln -sf /etc/systemd/system/lab-first-boot.service etc/systemd/system/multi-user.target.wants/
`;

/** Names the image: another recipe is another one. */
export function recipeHash(image: string): string {
  const recipe = JSON.stringify([DISTRIBUTIONS[image], PACKAGES, FILES, SCRIPT]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}
