import { canonicalJson } from '../../../lab/sshd/release.ts';
import type { Release } from '../../../lab/sshd/types.ts';
import { sha256 } from './sshd-fixtures.ts';

export const file = (content: string, mode = '0644') => ({ content, mode });
export const release = (part: Partial<Release> = {}): Release => ({
  files: { '/etc/site-mesh/a.conf': file('a\n'), '/etc/site-mesh/b.nft': file('table inet x {}\n') },
  units: { 'site-mesh-a.service': { enabled: true, onChange: 'restart', watches: ['/etc/site-mesh/a.conf'] } },
  packages: { tailscale: '1.102.3' },
  ...part,
});
/** A StageRequest. */
export const request = (wanted: Release, part: Record<string, unknown> = {}) => ({
  release: wanted,
  credentials: {},
  lan: '10.77.10.2',
  lanPrefix: '10.77.10.0/24',
  retireBootstrapKey: false,
  ...part,
});
export const hashOf = (wanted: Release): string => sha256(canonicalJson(wanted));
