import { mergeParts, oneshot, type Part } from './part.ts';
import type { AptSource, HostSpec } from './spec.ts';

type Member = NonNullable<HostSpec['member']>;

const DROP_IN = '/etc/systemd/system/tailscaled.service.d/site-mesh.conf';

/** Fingerprint of "Tailscale Inc. (Package repository signing key)", RSA 4096, 2020-02-25. The host fetches the key and keeps it only if this fits. */
const TAILSCALE_KEY_FINGERPRINT = '2596A99EAAB33821893C0A79458CA832957F5868';

const ROUTES = 'site-mesh-routes.service';

const VENDOR: AptSource = {
  url: 'https://pkgs.tailscale.com/stable/{id}',
  key: 'https://pkgs.tailscale.com/stable/{id}/{codename}.noarmor.gpg',
  fingerprint: TAILSCALE_KEY_FINGERPRINT,
};

/** tailscaled in one pinned, held version, started after our guards; on routers its routes are advertised again at boot unless the host is drained. */
export function tailscaled({ tailscaleVersion: version, source }: Member, router: boolean): Part {
  // Under one name wherever it is: a repository that takes the place of another leaves no list behind.
  const sources = [{ name: 'tailscale', ...(source ?? VENDOR), packages: ['tailscale'] }];
  const ours = ['nft', 'rules', ...(router ? ['sysctl'] : [])].map((name) => `site-mesh-${name}.service`).join(' ');
  const files = {
    '/etc/site-mesh/apt-sources.json': { content: JSON.stringify(sources, null, 2) + '\n', mode: '0644' },
    // Above 1000, so that a wrong version left by somebody is brought to ours; the hold stops upgrades, which restart the daemon.
    '/etc/apt/preferences.d/site-mesh': {
      content: `Package: tailscale\nPin: version ${version}\nPin-Priority: 1001\n`,
      mode: '0644',
    },
    // A drop-in and not /etc/default/tailscaled: that is the package's conffile, and changing it would make every upgrade ask.
    [DROP_IN]: {
      content: `[Unit]
Wants=${ours}${router ? ` ${ROUTES}` : ''}
After=${ours}

[Service]
Environment=TS_DEBUG_FIREWALL_MODE=nftables
`,
      mode: '0644',
    },
  };
  const units = { 'tailscaled.service': { enabled: true, onChange: 'restart' as const, watches: [DROP_IN] } };
  const daemon = { files, units, packages: { tailscale: version } };
  if (!router) return daemon;
  // Part of the daemon: whatever stops or restarts that (an upgrade of the package, a person, a reboot) ends this first.
  const routes = oneshot(
    ROUTES,
    `[Unit]
Description=site-mesh: advertise the routes of this site unless drained
After=tailscaled.service
Wants=tailscaled.service
PartOf=tailscaled.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/site-mesh/mesh-host route resume
ExecStop=/usr/local/lib/site-mesh/mesh-host route pause
TimeoutSec=60

[Install]
WantedBy=multi-user.target
`,
  );
  return mergeParts([daemon, routes]);
}
