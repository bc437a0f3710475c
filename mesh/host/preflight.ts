/**
 * The answer of `apply preflight` (docs/host-protocol.md): what a first release would touch on a machine that was there before
 * us, and what stands in its way. Said for people here, so that an `up` that is refused and `mesh preflight` say the same.
 */
export interface Preflight {
  /** No release of ours is there yet; the rest is about one that is. */
  first: boolean;
  files: {
    path: string;
    change: 'create' | 'replace' | 'none' | 'blocked';
    present: { kind: string; owner: string; mode: string; sha256: string } | null;
    /** Package that brought what is there. */
    package: string | null;
  }[];
  packages: {
    name: string;
    wanted: string;
    present: string | null;
    held: boolean;
    change: 'install' | 'upgrade' | 'downgrade' | 'hold' | 'none';
  }[];
  units: { name: string; enabled: string; active: string; change: string[] }[];
  sysctls: { key: string; present: string | null; wanted: string }[];
  ssh: {
    hostKeys: { present: string[]; made: string[] };
    /** null: everybody. */
    allowed: string[] | null;
    losing: { name: string; keys: number; password: boolean; sessions: number }[];
  };
  /** What has our names already. */
  ours: { tables: string[]; rules: string[] };
  findings: Finding[];
}

export interface Finding {
  /** `docker`, `ufw`, `tailscale`, … */
  what: string;
  severity: 'refuse' | 'warn';
  /** May be put into `accepts` of the host. */
  acceptable: boolean;
  /** Would refuse, but the host accepts it. */
  accepted: boolean;
  detail: string;
  choice: string;
}

export const refusalsOf = (found: Preflight): Finding[] =>
  found.findings.filter(({ severity }) => severity === 'refuse');

/** One line: `9 files, 1 package, 5 units and 3 sysctls would be touched`. */
export function touched(found: Preflight): string {
  const changing = (rows: { change: string | string[] }[]): number =>
    rows.filter(({ change }) => change !== 'none' && change.length > 0).length;
  const counts = [
    count(changing(found.files), 'file'),
    count(changing(found.packages), 'package'),
    count(changing(found.units), 'unit'),
    count(found.sysctls.length, 'sysctl'),
  ].filter((text) => !text.startsWith('0 '));
  const last = counts.pop();
  if (last === undefined) return 'nothing would be touched';
  return `${[counts.join(', '), last].filter(Boolean).join(' and ')} would be touched`;
}

/** One row per thing that would change: what, how, and what is there now. */
export function touchedRows(found: Preflight): [what: string, change: string, now: string][] {
  return [
    ...found.files
      .filter(({ change }) => change !== 'none')
      .map(({ path, change, present, package: owner }): [string, string, string] => [
        path,
        change,
        present === null
          ? ''
          : `${present.mode} ${present.owner}, sha256 ${present.sha256.slice(0, 12)}${owner === null ? '' : `, of package ${owner}`}`,
      ]),
    ...found.packages
      .filter(({ change }) => change !== 'none')
      .map(({ name, wanted, present, held, change }): [string, string, string] => [
        `package ${name}`,
        `${change} ${wanted}`,
        present === null ? '' : `${present}${held ? ', held' : ''}`,
      ]),
    ...found.units
      .filter(({ change }) => change.length > 0)
      .map(({ name, change, enabled, active }): [string, string, string] => [
        `unit ${name}`,
        change.join(', '),
        enabled === 'absent' ? '' : `${enabled}, ${active}`,
      ]),
    ...found.sysctls.map(({ key, wanted, present }): [string, string, string] => [key, wanted, present ?? '']),
    ...found.ssh.hostKeys.made.map((kind): [string, string, string] => [`ssh host key ${kind}`, 'make', '']),
  ];
}

/** What stands in the way of a first release, in lines: first what has to go, then what may be accepted instead. */
export function refusalLines(found: Preflight): string[] {
  const refusals = refusalsOf(found);
  const group = (title: string, members: Finding[]): string[] =>
    members.length === 0
      ? []
      : [title, ...members.flatMap(({ what, detail, choice }) => [`  ${what}: ${detail}`, `    → ${choice}`])];
  const acceptable = refusals.filter((finding) => finding.acceptable);
  const names = [...new Set(acceptable.map(({ what }) => what))].sort().join(', ');
  return [
    ...group(
      'This has to be put right first:',
      refusals.filter((finding) => !finding.acceptable),
    ),
    ...group(`This can be removed, or lived with by accepts: [${names}] of the host:`, acceptable),
  ];
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
