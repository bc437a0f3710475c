import { oneshot, type Part } from './part.ts';
import type { LanSpec } from './spec.ts';

/**
 * Keeps a member's own LAN out of the tunnel. Who accepts routes learns its own prefix from its site's router, and tailscaled's
 * table 52 (pref 5270) comes before main: without the rules at 2500 and 2501 its LAN traffic enters the tunnel. A gateway outside the prefix
 * (Hetzner's is) needs a rule of its own.
 * On routers also 5271, after table 52: what the tunnel does not carry now must fail; on a cloud network whose gateway holds the whole supernet
 * such a packet would travel between gateway and router until its TTL ends. One rule for the whole supernet, so that a site that joins or leaves
 * changes no router of another.
 * The same in IPv6, where the LAN has it. LANADDR and LANADDR6, the host's own addresses there, are resolved on the host: not every cloud lets them be chosen.
 */
export function ipRules({ prefix, supernet, gateway, ipv6 }: LanSpec, router: boolean): Part {
  const rules = [
    ...family('-4', { prefix, supernet }, '$LANADDR', router, gateway),
    ...(ipv6 === undefined ? [] : family('-6', ipv6, '$LANADDR6', router)),
  ];
  // Taken away by preference and in both families, not by text: at a restart this may be the new unit and the rules still the old one's.
  const clear =
    "/bin/sh -c 'for f in -4 -6; do for p in 2500 2501 5271; do while ip $$f rule del pref $$p 2>/dev/null; do :; done; done; done'";
  const lines = [
    `ExecStartPre=${clear}`,
    ...rules.map((rule) => `ExecStart=/usr/sbin/ip ${rule}`),
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

function family(
  flag: '-4' | '-6',
  { prefix, supernet }: { prefix: string; supernet: string },
  own: string,
  router: boolean,
  gateway?: string,
): string[] {
  return [
    `pref 2500 to ${prefix} lookup main`,
    ...(gateway === undefined ? [] : [`pref 2500 to ${gateway} lookup main`]),
    ...(router ? [`pref 2501 from ${own} lookup main`, `pref 5271 to ${supernet} unreachable`] : []),
  ].map((rule) => `${flag} rule add ${rule}`);
}
