import { oneshot, type Part } from './part.ts';
import type { HostSpec } from './spec.ts';

/**
 * Keeps a member's own LAN out of the tunnel. Who accepts routes learns its own prefix from its site's router, and tailscaled's
 * table 52 (pref 5270) comes before main: without the rules at 2500 and 2501 its LAN traffic enters the tunnel. A gateway outside the prefix
 * (Hetzner's is) needs a rule of its own.
 * On routers also 5271, after table 52: what the tunnel does not carry now must fail; on a cloud network whose gateway holds the whole supernet
 * such a packet would travel between gateway and router until its TTL ends. One rule for the whole supernet, so that a site that joins or leaves
 * changes no router of another.
 * LANADDR, the host's own address there, is resolved on the host: not every cloud lets it be chosen.
 */
export function ipRules({ prefix, supernet, gateway }: HostSpec['lan'], router: boolean): Part {
  const rules = [
    `pref 2500 to ${prefix} lookup main`,
    ...(gateway === undefined ? [] : [`pref 2500 to ${gateway} lookup main`]),
    ...(router ? ['pref 2501 from $LANADDR lookup main', `pref 5271 to ${supernet} unreachable`] : []),
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
EnvironmentFile=/var/lib/site-mesh/interfaces.env
${lines.join('\n')}

[Install]
WantedBy=multi-user.target
`,
  );
}
