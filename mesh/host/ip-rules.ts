import { oneshot, type Part } from './part.ts';
import type { HostSpec, RouterSpec } from './spec.ts';

/**
 * Keeps a router's own LAN out of the tunnel. A router that accepts routes learns its own prefix from its partner, and tailscaled's
 * table 52 (pref 5270) comes before main: without the rules at 2500 and 2501 its LAN traffic enters the tunnel.
 * At 5271, after table 52: a remote prefix that the tunnel does not carry now must fail; on a cloud network whose gateway holds the whole supernet
 * such a packet would travel between gateway and router until its TTL ends.
 */
export function ipRules(lan: HostSpec['lan'], router: RouterSpec): Part {
  const rules = [
    `pref 2500 to ${lan.prefix} lookup main`,
    `pref 2501 from ${lan.address} lookup main`,
    ...[...router.remotePrefixes].sort().map((prefix) => `pref 5271 to ${prefix} unreachable`),
  ];
  // Taken away by preference, not by text: at a restart this may be the new unit and the rules still the old one's.
  const clear = "/bin/sh -c 'for p in 2500 2501 5271; do while ip -4 rule del pref $$p 2>/dev/null; do :; done; done'";
  const lines = [
    `ExecStartPre=${clear}`,
    ...rules.map((rule) => `ExecStart=/usr/sbin/ip -4 rule add ${rule}`),
    `ExecStop=${clear}`,
  ];
  return oneshot(
    'site-mesh-rules.service',
    `[Unit]
Description=site-mesh: own LAN stays out of the tunnel
# systemd-networkd removes rules that it did not make whenever it restarts; PartOf brings ours back after it.
PartOf=systemd-networkd.service
After=systemd-networkd.service network-pre.target
Before=tailscaled.service

[Service]
Type=oneshot
RemainAfterExit=yes
${lines.join('\n')}

[Install]
WantedBy=multi-user.target
`,
  );
}
