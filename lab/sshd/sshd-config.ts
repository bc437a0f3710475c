import type { Disk } from './types.ts';

const DROP_IN = /^\/etc\/ssh\/sshd_config\.d\/[^/]+\.conf$/;

/** Values of one keyword in the drop-ins of the active release, files in order of name. */
function values(disk: Disk | undefined, keyword: string): string[][] {
  return Object.entries(disk?.files ?? {})
    .filter(([path]) => DROP_IN.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, file]) => file.content.split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter(([word]) => word?.toLowerCase() === keyword)
    .map(([, ...rest]) => rest);
}

/**
 * Whether the drop-ins of the active release let this account in: `AllowUsers` and `PermitRootLogin` as sshd reads them
 * (files in order of name, the first value of a keyword counts, AllowUsers adds up; patterns and `Match` are not read).
 * With it a release that locks the deploying side out does so here too, and comes back by its timer.
 */
export function letsIn(disk: Disk | undefined, user: string): boolean {
  const allowed = values(disk, 'allowusers').flat();
  if (allowed.length > 0 && !allowed.includes(user)) return false;
  return user !== 'root' || values(disk, 'permitrootlogin')[0]?.[0] !== 'no';
}

/**
 * The keys that open an account, by `AuthorizedKeysFile`: `home` where nothing is said or a file of the home directory
 * is named, and the lines of every other file that it names. One that is not there opens nothing.
 */
export function authorizedKeys(disk: Disk | undefined, user: string, home: readonly string[]): string[] {
  const named = values(disk, 'authorizedkeysfile')[0] ?? ['.ssh/authorized_keys'];
  return named.flatMap((name) =>
    name.startsWith('/') ? (disk?.files[name.replaceAll('%u', user)]?.content.split('\n') ?? []) : home,
  );
}
