import { createHash } from 'node:crypto';

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

const SLIM = ['doc', 'man', 'locale', 'info'];

/** Files of every machine of an image, by path. */
export const FILES: Readonly<Record<string, string>> = {
  // The outside world is not there: an update must not wait for it.
  '/etc/apt/sources.list': '',
  '/etc/resolv.conf': '',
  // As in the script below, for packages that come later.
  '/etc/dpkg/dpkg.cfg.d/slim': SLIM.map((folder) => `path-exclude=/usr/share/${folder}/*\n`).join(''),
};

/** Some of what every image has: where one is missing the cache was tampered with. */
export const LANDMARKS = [
  'usr/lib/systemd/systemd',
  'usr/sbin/sshd',
  'usr/sbin/nft',
  'usr/bin/python3',
  'var/lib/dpkg/status',
];

/** Carried out in the new root, where debootstrap left it. */
export const SCRIPT = `set -eu
rm -rf ${SLIM.map((folder) => `usr/share/${folder}/*`).join(' ')} var/cache/apt/archives/*.deb var/lib/apt/lists/*
rm -f etc/ssh/ssh_host_*_key* etc/apt/sources.list.d/*
: > etc/machine-id
for unit in ${MASKED.join(' ')}; do ln -sf /dev/null "etc/systemd/system/$unit"; done
`;

/** Names the image: another recipe is another one. */
export function recipeHash(image: string): string {
  const recipe = JSON.stringify([DISTRIBUTIONS[image], PACKAGES, FILES, SCRIPT]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}
