import type { Part } from './part.ts';
import type { WaySpec } from './spec.ts';

const CONFIG = '/etc/site-mesh/agent.json';
const UNIT = '/etc/systemd/system/site-mesh-agent.service';
/** Name of the credential beside the release, where the way is a cloud's. */
export const HETZNER_TOKEN = 'hetzner-token';

/**
 * First 16 hex digits of the sha256 of the agent's modules (host/mesh_host/agent*.py), as `agentHash` computes it; a test holds
 * it there. The agent comes with the host tool, so that nothing of it stands in a release but this: another agent is a change
 * that a pull request shows, and restarts it.
 */
export const AGENT = '66007d071ce10caf';

/**
 * The agent on a router of a site with SNAT off: it keeps the LAN's way back with the router that the control plane made
 * primary. When it stops it leaves everything as it is: a restart must not interrupt traffic.
 */
export function routerAgent(way: WaySpec, prefixes: readonly string[]): Part {
  const content = `${JSON.stringify({ agent: AGENT, prefixes, way }, null, 2)}\n`;
  return {
    files: {
      [CONFIG]: { content, mode: '0644' },
      [UNIT]: { content: unit(way.kind === 'hetzner'), mode: '0644' },
    },
    units: { 'site-mesh-agent.service': { enabled: true, onChange: 'restart', watches: [CONFIG, UNIT] } },
  };
}

const unit = (cloud: boolean): string => `[Unit]
Description=site-mesh: the way back of the LAN follows the active router
After=tailscaled.service site-mesh-nft.service site-mesh-rules.service
Wants=tailscaled.service
# Whatever happens, somebody has to hold the way back.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=/usr/local/lib/site-mesh/mesh-host agent run
WatchdogSec=30
Restart=always
RestartSec=1
OOMScoreAdjust=-900
Environment=PYTHONDONTWRITEBYTECODE=1
EnvironmentFile=/var/lib/site-mesh/interfaces.env
${
  cloud
    ? `ConditionPathExists=/var/lib/site-mesh/credentials/${HETZNER_TOKEN}
`.replace('ConditionPathExists', '# Reads it: ')
    : ''
}CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=/run/site-mesh
RuntimeDirectory=site-mesh
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
ProtectHome=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET

[Install]
WantedBy=multi-user.target
`;
