import { describe, expect, test } from 'vitest';
import { refusalLines, refusalsOf, touched, touchedRows } from '../../../../mesh/host/preflight.ts';
import type { Finding, Preflight } from '../../../../mesh/host/preflight.ts';

const nothing: Preflight = {
  first: true,
  files: [{ path: '/etc/same', change: 'none', present: null, package: null }],
  packages: [{ name: 'nft', wanted: '1', present: '1', held: true, change: 'none' }],
  units: [{ name: 'ssh.service', enabled: 'enabled', active: 'active', change: [] }],
  sysctls: [],
  ssh: { hostKeys: { present: ['ecdsa'], made: [] }, allowed: null, losing: [] },
  ours: { tables: [], rules: [] },
  findings: [],
};
const finding = (part: Partial<Finding>): Finding => ({
  what: 'docker',
  severity: 'refuse',
  acceptable: true,
  accepted: false,
  detail: 'it is here',
  choice: 'remove it',
  ...part,
});

describe('what a preflight found, in words', () => {
  test('nothing that changes is nothing to show', () => {
    expect(touched(nothing)).toBe('nothing would be touched');
    expect(touchedRows(nothing)).toEqual([]);
    expect(refusalLines(nothing)).toEqual([]);
  });

  test('what changes is counted, and shown beside what is there now', () => {
    const sha256 = 'ab'.repeat(32);
    const found: Preflight = {
      ...nothing,
      files: [
        ...nothing.files,
        { path: '/etc/new', change: 'create', present: null, package: null },
        {
          path: '/etc/old',
          change: 'replace',
          present: { kind: 'file', owner: '0:4', mode: '0600', sha256 },
          package: 'procps',
        },
      ],
      packages: [{ name: 'tailscale', wanted: '1.102.3', present: '1.90.0', held: true, change: 'upgrade' }],
      units: [
        ...nothing.units,
        { name: 'x.service', enabled: 'disabled', active: 'inactive', change: ['enable', 'start'] },
      ],
      sysctls: [{ key: 'net.ipv4.ip_forward', present: '0', wanted: '1' }],
      ssh: { ...nothing.ssh, hostKeys: { present: [], made: ['ed25519'] } },
    };
    expect(touched(found)).toBe('2 files, 1 package, 1 unit and 1 sysctl would be touched');
    expect(touchedRows(found)).toEqual([
      ['/etc/new', 'create', ''],
      ['/etc/old', 'replace', '0600 0:4, sha256 abababababab, of package procps'],
      ['package tailscale', 'upgrade 1.102.3', '1.90.0, held'],
      ['unit x.service', 'enable, start', 'disabled, inactive'],
      ['net.ipv4.ip_forward', '1', '0'],
      ['ssh host key ed25519', 'make', ''],
    ]);
  });

  test('what has to go stands before what may be accepted, and a warning is no refusal', () => {
    const findings = [
      finding({}),
      finding({ what: 'lan', acceptable: false }),
      finding({ what: 'x', severity: 'warn' }),
    ];
    expect(refusalsOf({ ...nothing, findings })).toHaveLength(2);
    expect(refusalLines({ ...nothing, findings })).toEqual([
      'This has to be put right first:',
      '  lan: it is here',
      '    → remove it',
      'This can be removed, or lived with by accepts: [docker] of the host:',
      '  docker: it is here',
      '    → remove it',
    ]);
    expect(refusalLines({ ...nothing, findings: findings.slice(0, 1) })[0]).toContain('lived with');
  });
});
