import type { Disk } from './types.ts';

const DROP_IN = /^\/etc\/ssh\/sshd_config\.d\/[^/]+\.conf$/;

/**
 * Whether the drop-ins of the active release let this account in: `AllowUsers` and `PermitRootLogin` as sshd reads them
 * (files in order of name, the first value of a keyword counts, AllowUsers adds up; patterns and `Match` are not read).
 * With it a release that locks the deploying side out does so here too, and comes back by its timer.
 */
export function letsIn(disk: Disk | undefined, user: string): boolean {
  const words = Object.entries(disk?.files ?? {})
    .filter(([path]) => DROP_IN.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, file]) => file.content.split('\n'))
    .map((line) => line.trim().split(/\s+/));
  const values = (keyword: string): string[][] =>
    words.filter(([word]) => word?.toLowerCase() === keyword).map(([, ...rest]) => rest);
  const allowed = values('allowusers').flat();
  if (allowed.length > 0 && !allowed.includes(user)) return false;
  return user !== 'root' || values('permitrootlogin')[0]?.[0] !== 'no';
}
