import type { HostRecord, Release } from './types.ts';

const NO_KERNEL = 'a host of the lab is a record: it has no kernel and no systemd';
const NO_PROGRAMS = 'a host of the lab runs no programs';

/** A check that a real host would make of a release and the lab cannot. */
export interface SkippedCheck {
  /** As the host tool names it. */
  name: string;
  told: string;
}

const isUnit = (path: string): boolean => /^\/etc\/systemd\/system\/[^/]+\.[a-z]+$/.test(path);

/** Checks that these files call for. */
export function skippedChecks(release: Release): SkippedCheck[] {
  const paths = Object.keys(release.files).sort();
  const checks = [{ name: 'interfaces', told: 'whether an interface has the LAN address was not checked' }];
  for (const path of paths.filter((one) => one.endsWith('.nft'))) {
    checks.push({ name: `nft ${path}`, told: 'the nftables rules were not checked (nft -c)' });
  }
  if (paths.some(isUnit)) {
    checks.push({ name: 'systemd-analyze verify', told: 'the units were not checked (systemd-analyze verify)' });
  }
  if (paths.some((path) => path.startsWith('/etc/ssh/sshd_config.d/'))) {
    const told =
      'the SSH server configuration was not checked (sshd -t); only AllowUsers and PermitRootLogin are obeyed';
    checks.push({ name: 'sshd -t', told });
  }
  return checks;
}

/** Remembers on the host what was accepted but not run, once each. */
function note(host: HostRecord, what: string, why: string): void {
  if (!host.unexecuted.some((entry) => entry.what === what)) host.unexecuted.push({ what, why });
}

export function noteChecks(host: HostRecord, checks: SkippedCheck[]): void {
  for (const check of checks) note(host, check.told, NO_PROGRAMS);
}

export function noteActivation(host: HostRecord, release: Release): void {
  for (const [name, version] of Object.entries(release.packages)) {
    note(host, `package ${name} ${version} was not installed`, NO_PROGRAMS);
  }
  for (const name of Object.keys(release.units)) note(host, `unit ${name} was not started`, NO_KERNEL);
  const paths = Object.keys(release.files);
  if (paths.some((path) => path.startsWith('/etc/sysctl.d/'))) note(host, 'sysctls were not applied', NO_KERNEL);
}

export function noteConfirmation(host: HostRecord): void {
  note(host, 'the data path was not checked (default route, LAN gateway)', NO_KERNEL);
}

export function noteJoin(host: HostRecord): void {
  note(host, 'tailscaled was not run: the node is a member, but no packet goes through the tunnel', NO_KERNEL);
}

/** All that this host accepted but did not run. */
export function unexecutedOn(host: HostRecord): HostRecord['unexecuted'] {
  const own = Object.entries(host.ownCommands ?? {}).map(([name, { sha256, bytes }]) => ({
    what: `own command ${name} was accepted, not run`,
    why: `${NO_PROGRAMS} (its script: ${bytes} bytes, sha256 ${sha256.slice(0, 12)})`,
  }));
  const answers = host.ssh === true ? [{ what: 'Tailscale SSH answers nobody', why: NO_PROGRAMS }] : [];
  return [...host.unexecuted, ...answers, ...own];
}
