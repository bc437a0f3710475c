import type { Release } from '../../mesh/host/spec.ts';

export const CONFIG = '/etc/site-mesh/contract.conf';
const UNIT = '/etc/systemd/system/site-mesh-contract.service';
/** Without it systemd has nothing to enable. */
const INSTALL = '\n[Install]\nWantedBy=multi-user.target\n';

/** One file and one unit that watches it; `text` tells two of them apart. Non-ASCII, so that the hash is over UTF-8. */
export function small(text = 'first – ü 𝄞'): Release {
  return {
    files: {
      [CONFIG]: { content: `# ${text}\n`, mode: '0640' },
      [UNIT]: {
        content: `[Unit]\nDescription=contract\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/cat ${CONFIG}\n${INSTALL}`,
        mode: '0644',
      },
    },
    units: { 'site-mesh-contract.service': { enabled: true, onChange: 'restart', watches: [CONFIG, UNIT] } },
    packages: {},
  };
}

/** What a node needs. */
export function withTailscale(): Release {
  return { ...small('with tailscale'), packages: { tailscale: '1.102.3' } };
}

/** What makes a router of a machine: with it other programs' rules about forwarding are in the way. */
export function router(): Release {
  const sysctls = { content: 'net.ipv4.ip_forward = 1\n', mode: '0644' };
  const release = withTailscale();
  return {
    ...release,
    files: {
      ...release.files,
      '/etc/sysctl.d/90-site-mesh.conf': sysctls,
      '/etc/systemd/system/site-mesh-sysctl.service': {
        content: `[Unit]\nDescription=contract\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/lib/systemd/systemd-sysctl /etc/sysctl.d/90-site-mesh.conf\n${INSTALL}`,
        mode: '0644',
      },
    },
    units: {
      ...release.units,
      'site-mesh-sysctl.service': { enabled: true, onChange: 'restart', watches: ['/etc/sysctl.d/90-site-mesh.conf'] },
    },
  };
}
