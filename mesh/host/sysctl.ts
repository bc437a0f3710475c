import { mergeParts, oneshot, type Part } from './part.ts';

const PATH = '/etc/sysctl.d/90-site-mesh.conf';

/**
 * Forwarding for a subnet router. rp_filter 2 (loose): with policy routing a packet's way back is often another table.
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
ExecStart=/lib/systemd/systemd-sysctl ${PATH}

[Install]
WantedBy=multi-user.target
`,
    [PATH],
  );
  return mergeParts([{ files: { [PATH]: { content, mode: '0644' } } }, unit]);
}
