import { mergeParts, oneshot, type Part } from './part.ts';

const ACCEPT = '/proc/sys/net/ipv6/conf/$$PUBIF/accept_ra';
/** Says that it was us who raised it. */
const MARK = '/run/site-mesh-accept-ra';
const KEEP = `[ "$$(cat ${ACCEPT})" = 1 ] || exit 0; touch ${MARK}; echo 2 > ${ACCEPT}`;
const GIVE_BACK = `[ -e ${MARK} ] || exit 0; rm ${MARK}; echo 1 > ${ACCEPT}`;

const PATH = '/etc/sysctl.d/90-site-mesh.conf';

/**
 * Forwarding for a subnet router. rp_filter 2 (loose): with policy routing a packet's way back is often another table.
 * A forwarding kernel takes no router advertisements, and throws away what it has learnt from them: a host whose public IPv6 default route
 * comes by them would lose it. 2 says that it takes them all the same, so an interface that takes them (1; systemd-networkd does it by itself and
 * says 0) gets that before forwarding goes on.
 * No socket buffers: tailscaled forces its own past rmem_max. No nf_conntrack keys: at boot they are applied before they exist.
 */
export function routerSysctls(): Part {
  const content = `# site-mesh: subnet router
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
net.ipv4.conf.all.rp_filter = 2
net.ipv4.conf.default.rp_filter = 2
`;
  // systemd-sysctl.service has run long before a release arrives, and restarting it would apply everybody's files again.
  const unit = oneshot(
    'site-mesh-sysctl.service',
    `[Unit]
Description=site-mesh: forwarding of a subnet router
After=systemd-sysctl.service network-pre.target
Before=tailscaled.service

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/var/lib/site-mesh/interfaces.env
ExecStartPre=-/bin/sh -c '${KEEP}'
ExecStart=/lib/systemd/systemd-sysctl ${PATH}
ExecStopPost=-/bin/sh -c '${GIVE_BACK}'

[Install]
WantedBy=multi-user.target
`,
    [PATH],
  );
  return mergeParts([{ files: { [PATH]: { content, mode: '0644' } } }, unit]);
}
