import { Refusal } from './answer.ts';
import { changedPaths, emptyDisk, touchedUnits } from './release.ts';
import { readStageRequest, type StageRequest } from './requests.ts';
import { letsIn } from './sshd-config.ts';
import type { Disk, ExistingMachine, LineContext, Release, ReleaseFile } from './types.ts';
import { sha256 } from './keys.ts';

interface Finding {
  what: string;
  severity: 'refuse' | 'warn';
  acceptable: boolean;
  accepted: boolean;
  detail: string;
  choice: string;
}

const KEY = '/etc/ssh/ssh_host_ed25519_key';
const hasFile = (release: Release, test: (path: string, content: string) => boolean): boolean =>
  Object.entries(release.files).some(([path, { content }]) => test(path, content));
const forwards = (release: Release): boolean =>
  hasFile(release, (path, text) => path.startsWith('/etc/sysctl.d/') && /^net\.ipv4\.ip_forward = 1$/m.test(text));

/** Software that a machine may have had before us: when it is in a release's way, and in which words. */
const FOREIGN: Record<string, { matters: (release: Release) => boolean; detail: string }> = {
  docker: { matters: forwards, detail: 'Docker is here: it sets FORWARD to DROP at its start' },
  firewalld: { matters: forwards, detail: 'firewalld is active or enabled: it rejects what no zone allows' },
  nftables: {
    matters: (release) => hasFile(release, (path) => path.endsWith('.nft')),
    detail: 'nftables.service flushes every table at its start',
  },
  tailscale: { matters: ({ packages }) => 'tailscale' in packages, detail: 'tailscale is here; it is logged out' },
  ufw: { matters: forwards, detail: 'ufw is active: it drops what it does not know' },
};

const diskOf = (at: LineContext): Disk => at.collections.disks.get(at.view.id) ?? emptyDisk();
const untouched = ({ host }: LineContext): boolean => host.active === null && host.pending === null;

/** What the record says, and the fault `foreign-software`. */
function foreignSoftware({ host, faults, view }: LineContext): string[] {
  const here = faults.hits('foreign-software', view.name) ? ['docker', 'ufw'] : [];
  return [...new Set([...(host.present ?? []), ...here])].sort();
}

function findings(at: LineContext, release: Release, existing: ExistingMachine): Finding[] {
  if (!untouched(at)) return [];
  return foreignSoftware(at).flatMap((what): Finding[] => {
    const known = FOREIGN[what];
    if (known === undefined) return [];
    const { detail } = known;
    if (!known.matters(release))
      return [{ what, severity: 'warn', acceptable: false, accepted: false, detail, choice: 'nothing has to be done' }];
    const accepted = existing.accepts.includes(what);
    const choice = accepted
      ? `accepted: ${what} is in accepts of this host`
      : `remove it; or put ${what} into accepts of this host`;
    return [{ what, severity: accepted ? 'warn' : 'refuse', acceptable: true, accepted, detail, choice }];
  });
}

/** @throws Refusal when this would be the first release on an existing machine and something refuses it. */
export function refuseFirst(at: LineContext, release: Release, existing: ExistingMachine | undefined): void {
  const refusals = existing === undefined ? [] : findings(at, release, existing);
  const checks = refusals
    .filter(({ severity }) => severity === 'refuse')
    .map(({ what, detail, choice }) => ({
      name: `preflight ${what}`,
      result: 'failed',
      detail: `${detail} – ${choice}`,
    }));
  if (checks.length === 0) return;
  const names = checks.map(({ name }) => name.slice('preflight '.length)).join(', ');
  const message = `this machine was there before us, and nothing was changed on it: ${names} in the way`;
  throw new Refusal('check-failed', message, { checks });
}

export function preflight(at: LineContext, stdin: Buffer): unknown {
  const request = readStageRequest(stdin);
  const { release, existing } = request;
  if (existing === undefined) {
    throw new Refusal('usage', 'StageRequest: lacks existing: a preflight is for machines that were there before us');
  }
  return {
    first: untouched(at),
    files: files(at, release),
    packages: packages(at, release),
    units: units(at, release),
    sysctls: sysctls(at, release),
    ssh: ssh(at, request),
    ours: { tables: [], rules: [] },
    findings: findings(at, release, existing),
  };
}

function files(at: LineContext, release: Release): unknown[] {
  const disk = diskOf(at);
  const changed = changedPaths(disk, release);
  const made = at.host.hostKeys.ed25519 === undefined ? [KEY, `${KEY}.pub`] : [];
  return [...Object.keys(release.files), ...made].sort().map((path) => {
    const now = disk.files[path];
    const change = now === undefined ? 'create' : changed.includes(path) ? 'replace' : 'none';
    return { path, change, present: now === undefined ? null : present(now), package: null };
  });
}

const present = ({ mode, content }: ReleaseFile): unknown => ({
  kind: 'file',
  owner: '0:0',
  mode,
  sha256: sha256(content),
});

function packages(at: LineContext, release: Release): unknown[] {
  const disk = diskOf(at);
  return Object.entries(release.packages).map(([name, wanted]) => {
    const now = disk.packages[name] ?? null;
    return { name, wanted, present: now, held: now !== null, change: change(now, wanted) };
  });
}

function change(now: string | null, wanted: string): string {
  if (now === null) return 'install';
  if (now === wanted) return 'none';
  return now.localeCompare(wanted, 'en', { numeric: true }) < 0 ? 'upgrade' : 'downgrade';
}

function units(at: LineContext, release: Release): unknown[] {
  const disk = diskOf(at);
  const touched = touchedUnits(disk, release, at.host.active === null);
  return Object.entries(release.units).map(([name, unit]) => {
    const runs = name === 'ssh.service' || disk.units[name]?.enabled === true;
    const starts = touched.includes(name) ? [runs ? unit.onChange : 'start'] : [];
    return {
      name,
      enabled: runs ? 'enabled' : 'absent',
      active: runs ? 'active' : 'inactive',
      change: runs || !unit.enabled ? starts : ['enable', ...starts],
    };
  });
}

/** The lab has no kernel: what stands in a file that is not there yet would change. */
function sysctls(at: LineContext, release: Release): unknown[] {
  const changed = changedPaths(diskOf(at), release).filter((path) => path.startsWith('/etc/sysctl.d/'));
  const lines = changed.flatMap((path) => release.files[path]?.content.split('\n') ?? []);
  return lines.flatMap((line) => {
    const [, key, wanted] = /^([\w./-]+) = (\S+)$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, present: null, wanted }];
  });
}

function ssh(at: LineContext, { release }: StageRequest): unknown {
  const { host } = at;
  const disk = diskOf(at);
  const after: Disk = { ...disk, files: { ...disk.files, ...release.files } };
  const logins = [...host.logins, ...(host.rootKeys.length > 0 ? [{ name: 'root', keys: host.rootKeys }] : [])];
  const losing = logins.filter(({ name, keys }) => keys.length > 0 && letsIn(disk, name) && !letsIn(after, name));
  const text = Object.values(after.files).map(({ content }) => content);
  const allowed = text.flatMap((one) => [...one.matchAll(/^AllowUsers (.+)$/gm)].flatMap(([, names]) => names ?? []));
  return {
    hostKeys: {
      present: (['ed25519', 'ecdsa'] as const).filter((type) => host.hostKeys[type] !== undefined),
      made: host.hostKeys.ed25519 === undefined ? ['ed25519'] : [],
    },
    allowed: allowed.length > 0 ? allowed.flatMap((names) => names.split(/\s+/)).sort() : null,
    losing: losing.map(({ name, keys }) => ({ name, keys: keys.length, password: false, sessions: 0 })),
  };
}

/** Gives an existing machine back: what came with our releases goes, what was there before stays. Answers what went. */
export function giveBack(at: LineContext): { restored: string[]; kept: string[] } {
  const { host } = at;
  if (host.existing !== true) return { restored: [], kept: [] };
  const disk = diskOf(at);
  const before = host.packagesBefore ?? {};
  const ours = Object.keys(disk.packages).filter((name) => !(name in before));
  const kept = Object.entries(before)
    .filter(([name, version]) => disk.packages[name] !== version)
    .map(([name, version]) => {
      const now = disk.packages[name] ?? '';
      return `package ${name} stays in version ${now}; before the first release it was ${version}`;
    });
  const left = Object.fromEntries(Object.entries(disk.packages).filter(([name]) => name in before));
  at.collections.disks.put(at.view.id, { ...disk, packages: left });
  const keys = host.madeKey === true ? [KEY, `${KEY}.pub`] : [];
  if (host.madeKey === true) delete host.hostKeys.ed25519;
  delete host.existing;
  delete host.madeKey;
  delete host.packagesBefore;
  // With our folder goes the tool that answers this.
  host.tools = [];
  return { restored: [...ours.map((name) => `package ${name}`), ...keys], kept };
}

/** Notes how a machine that was there before us is, before its first release. */
export function noteExisting(at: LineContext, existing: ExistingMachine | undefined): void {
  const { host } = at;
  if (existing === undefined || host.existing === true) return;
  host.existing = true;
  host.madeKey = host.hostKeys.ed25519 === undefined;
  host.packagesBefore = diskOf(at).packages;
}
