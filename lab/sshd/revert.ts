import { emptyDisk, switchTo } from './release.ts';
import type { Collections, HostRecord, Release } from './types.ts';

/** The release with this hash on this host; undefined when it is not there. */
export function releaseOf(collections: Collections, serverId: string, hash: string | null): Release | undefined {
  return hash === null ? undefined : collections.releases.get(`${serverId}/${hash}`);
}

/** Makes `hash` (null: none) the active release. Answers the paths that went back to what they were before any release. */
export function makeActive(collections: Collections, host: HostRecord, hash: string | null): string[] {
  const before = collections.disks.get(host.serverId) ?? emptyDisk();
  const { disk, restored } = switchTo(before, releaseOf(collections, host.serverId, hash));
  collections.disks.put(host.serverId, disk);
  if (host.active !== hash) host.previous = host.active;
  host.active = hash;
  return restored;
}

/** The last confirmed release comes back; with none, what was there before the first one. */
export function goBack(collections: Collections, host: HostRecord): void {
  makeActive(collections, host, host.confirmed);
  host.pending = null;
}

/** The revert timer, by clock: true when an activated release that nobody confirmed in time gave way. */
export function revertWhenDue(collections: Collections, host: HostRecord, now: number): boolean {
  if (!host.pending || now < host.pending.deadline) return false;
  goBack(collections, host);
  return true;
}

/** Drops releases that nothing can go back to: all but these. */
export function prune(collections: Collections, host: HostRecord, keep: (string | null)[]): void {
  for (const hash of Object.keys(host.staged)) {
    if (keep.includes(hash)) continue;
    collections.releases.delete(`${host.serverId}/${hash}`);
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a plain JSON record, keyed by hashes that we made
    delete host.staged[hash];
  }
}
