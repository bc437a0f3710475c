import { oneshot, type Part } from './part.ts';

/**
 * UDP GRO forwarding on the public interface: WireGuard packets are handed up in batches. systemd's .link option for it exists only since 260.
 * Failures are ignored (`-`): a virtual NIC without the feature is slower, not broken.
 */
export function udpGro(): Part {
  return oneshot(
    'site-mesh-udp-gro.service',
    `[Unit]
Description=site-mesh: UDP GRO forwarding on the public interface
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/var/lib/site-mesh/interfaces.env
ExecStart=-/usr/sbin/ethtool -K $PUBIF rx-udp-gro-forwarding on rx-gro-list off

[Install]
WantedBy=multi-user.target
`,
  );
}
