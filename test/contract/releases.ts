import type { Release } from '../../mesh/host/spec.ts';

export const CONFIG = '/etc/site-mesh/contract.conf';
const UNIT = '/etc/systemd/system/site-mesh-contract.service';

/** One file and one unit that watches it; `text` tells two of them apart. Non-ASCII, so that the hash is over UTF-8. */
export function small(text = 'first – ü 𝄞'): Release {
  return {
    files: {
      [CONFIG]: { content: `# ${text}\n`, mode: '0640' },
      [UNIT]: {
        content: `[Unit]\nDescription=contract\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/cat ${CONFIG}\n`,
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
