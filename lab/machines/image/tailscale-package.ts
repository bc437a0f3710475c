import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../engine/child.ts';
import { hasCode, Unavailable } from '../../../engine/error.ts';

/** Debian's names of the processors that Node runs on. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** This machine's, in Debian's words. */
export const architecture = ARCHITECTURES[process.arch] ?? process.arch;

/** Fields of the package, in their order; apt's index repeats them. */
export const controlFields = (version: string): Readonly<Record<string, string>> => ({
  Package: 'tailscale',
  Version: version,
  Architecture: architecture,
  Section: 'net',
  Priority: 'optional',
  Maintainer: 'site-mesh lab <lab@site-mesh.invalid>',
  // The vendor's also wants iptables, which nobody asks here: tailscaled talks to nftables itself.
  Depends: 'iproute2',
  Description: 'tailscaled and its command-line program, as the lab built them',
});

/** As key: value lines. */
export const stanza = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');

const UNIT = `[Unit]
Description=Tailscale node agent
Wants=network-pre.target
After=network-pre.target NetworkManager.service systemd-resolved.service

[Service]
Type=notify
EnvironmentFile=/etc/default/tailscaled
ExecStart=/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=\${PORT} $FLAGS
ExecStopPost=/usr/sbin/tailscaled --cleanup
Restart=on-failure
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700
CacheDirectory=tailscale
CacheDirectoryMode=0750

[Install]
WantedBy=multi-user.target
`;

const DEFAULTS = `# UDP port for traffic of other nodes, and further flags of tailscaled.
PORT="41641"
FLAGS=""
`;

/** Enabled at the first installation, as the owner left it afterwards; started, or restarted with the new version. */
const POSTINST = `#!/bin/sh
set -e
case "$1" in configure | abort-upgrade | abort-deconfigure | abort-remove) ;; *) exit 0 ;; esac
deb-systemd-helper unmask tailscaled.service >/dev/null || true
if deb-systemd-helper --quiet was-enabled tailscaled.service; then
  deb-systemd-helper enable tailscaled.service >/dev/null || true
else
  deb-systemd-helper update-state tailscaled.service >/dev/null || true
fi
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
  deb-systemd-invoke restart tailscaled.service >/dev/null || true
fi
`;

const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop tailscaled.service >/dev/null || true
fi
`;

const POSTRM = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
if [ "$1" = remove ] && [ -x /usr/bin/deb-systemd-helper ]; then
  deb-systemd-helper mask tailscaled.service >/dev/null || true
fi
if [ "$1" = purge ]; then
  if [ -x /usr/bin/deb-systemd-helper ]; then
    deb-systemd-helper purge tailscaled.service >/dev/null || true
    deb-systemd-helper unmask tailscaled.service >/dev/null || true
  fi
  rm -rf /var/lib/tailscale /var/cache/tailscale
fi
`;

/** All of the package but the binary, by path: content and mode. */
const FILES: Readonly<Record<string, { content: string; mode: number }>> = {
  'DEBIAN/conffiles': { content: '/etc/default/tailscaled\n', mode: 0o644 },
  'DEBIAN/postinst': { content: POSTINST, mode: 0o755 },
  'DEBIAN/prerm': { content: PRERM, mode: 0o755 },
  'DEBIAN/postrm': { content: POSTRM, mode: 0o755 },
  'etc/default/tailscaled': { content: DEFAULTS, mode: 0o644 },
  'lib/systemd/system/tailscaled.service': { content: UNIT, mode: 0o644 },
};

/** What makes packages differ, the binary aside. */
export const packageRecipe = (version: string): string => JSON.stringify([controlFields(version), FILES]);

/**
 * Makes the package out of a tailscaled that is the CLI too, laid out as the vendor's is. The version is the label alone.
 * @param work an empty folder that is its own
 * @throws Unavailable without dpkg-deb, or when that refuses
 */
export async function buildPackage(
  tailscaled: string,
  version: string,
  file: string,
  { work, env, signal }: { work: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<void> {
  const files = { ...FILES, 'DEBIAN/control': { content: stanza(controlFields(version)), mode: 0o644 } };
  for (const [path, { content, mode }] of Object.entries(files)) {
    const place = await placeFor(work, path);
    await writeFile(place, content);
    await chmod(place, mode);
  }
  const daemon = await placeFor(work, 'usr/sbin/tailscaled');
  await copyFile(tailscaled, daemon);
  await chmod(daemon, 0o755);
  await symlink('../sbin/tailscaled', await placeFor(work, 'usr/bin/tailscale'));
  // Packed lightly: it is unpacked on this machine only, and more often than it is made.
  const args = ['--root-owner-group', '-Zgzip', '-z1', '--build', work, file];
  const made = await run('dpkg-deb', args, { env, signal }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) throw new Unavailable('there is no `dpkg-deb` on PATH');
    throw error;
  });
  if (made.code !== 0) throw new Unavailable(`\`dpkg-deb\` failed: ${made.tail.join(' | ')}`);
}

/** The path in `root`, its folders made with the mode that the package shall have for them, whatever the umask. */
async function placeFor(root: string, path: string): Promise<string> {
  let folder = root;
  await chmod(root, 0o755);
  for (const part of dirname(path).split('/')) {
    folder = join(folder, part);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
  }
  return join(root, path);
}
