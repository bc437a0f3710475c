import { sha256 } from './keys.ts';
import type { Disk, Release } from './types.ts';

const SSH_UNIT = 'ssh.service';

/** By UTF-8 bytes, which is the order of code points. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** JSON with sorted keys and no blanks. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}

/** sha256 over the canonical JSON, 64 hex digits. */
export const hashOf = (release: Release): string => sha256(canonicalJson(release));

export const emptyDisk = (): Disk => ({ files: {}, units: {}, packages: {}, originals: {} });

const same = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);

/** Paths of the disk that are not as they were before a release took them and that `release` does not own. */
const leaving = (disk: Disk, release: Release | undefined): string[] =>
  Object.keys(disk.originals).filter(
    (path) => !(path in (release?.files ?? {})) && !same(disk.files[path], disk.originals[path]),
  );

/** Paths that a switch to `release` changes: what differs, and what goes back to what it was. Sorted. */
export function changedPaths(disk: Disk, release: Release): string[] {
  const wanted = Object.entries(release.files).filter(([path, file]) => !same(disk.files[path], file));
  return [...wanted.map(([path]) => path), ...leaving(disk, release)].sort();
}

/** Units that a switch to `release` starts, restarts or reloads. */
export function touchedUnits(disk: Disk, release: Release, first: boolean): string[] {
  const changed = changedPaths(disk, release);
  const touched = Object.entries(release.units).filter(([name, unit]) => {
    const runs = name === SSH_UNIT || disk.units[name]?.enabled === true;
    const watched = unit.watches.some((path) => changed.includes(path)) || (first && name === SSH_UNIT);
    return unit.enabled && (!runs || watched);
  });
  const names = touched.map(([name]) => name).sort();
  // The first release of a host makes its ed25519 key, which sshd has to load.
  return first && !names.includes(SSH_UNIT) ? [...names, SSH_UNIT] : names;
}

/**
 * The disk after a switch to `release`, or to none; `restored` are the paths that went back to what they were before a
 * release first took them. Packages stay when a release goes: a revert is no downgrade.
 */
export function switchTo(disk: Disk, release: Release | undefined): { disk: Disk; restored: string[] } {
  const wanted = release?.files ?? {};
  const files: Disk['files'] = {};
  const originals: Disk['originals'] = {};
  for (const [path, file] of Object.entries({ ...disk.files, ...disk.originals })) {
    if (file) files[path] = file;
  }
  for (const [path, file] of Object.entries(wanted)) {
    originals[path] = path in disk.originals ? (disk.originals[path] ?? null) : (disk.files[path] ?? null);
    files[path] = file;
  }
  const next = { files, originals, units: release?.units ?? {}, packages: { ...disk.packages, ...release?.packages } };
  return { disk: next, restored: leaving(disk, release).sort() };
}

/** The release as it is on the disk now: equal to `release` when nothing drifted. */
export function liveRelease(disk: Disk, release: Release): Release {
  const pick = <T>(wanted: Record<string, unknown>, live: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(live).filter(([key]) => key in wanted));
  return {
    files: pick(release.files, disk.files),
    units: pick(release.units, disk.units),
    packages: pick(release.packages, disk.packages),
  };
}

/** `/path`, `package NAME`, `unit NAME`: what is not as the release says. */
export function drift(disk: Disk, release: Release): string[] {
  const of = (prefix: string, wanted: Record<string, unknown>, live: Record<string, unknown>): string[] =>
    Object.keys(wanted)
      .filter((key) => !same(wanted[key], live[key]))
      .map((key) => `${prefix}${key}`)
      .sort();
  return [
    ...of('', release.files, disk.files),
    ...of('package ', release.packages, disk.packages),
    ...of('unit ', release.units, disk.units),
  ];
}
