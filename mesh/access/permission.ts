import { portSet, type PortSet } from './ports.ts';

/** What comparing two revisions needs of a permission; `AccessEntry` of the plan is one. */
export interface Permission {
  from: string;
  to: string;
  /** `tcp/22`, `tcp/8000-8080`, `udp/*`, `icmp/*`. */
  ports: readonly string[];
  why: string;
  /** Logins that it gives besides, by Tailscale SSH. */
  ssh?: { users: readonly string[]; check?: string | undefined } | undefined;
  /** Logins in the group that `from` names; undefined for other sources. */
  people?: readonly string[] | undefined;
  /** LAN hosts that `from` names; undefined for other sources. */
  lan?: { hosts: readonly string[] } | undefined;
}

/**
 * What permissions give together: ports, and each login as a protocol of its own (`ssh as ops`, `ssh as ops checked every 12h`),
 * so that another login and another check are a gain and a loss like a port.
 */
export const given = (permissions: readonly Permission[]): PortSet =>
  portSet(permissions.flatMap(({ ports, ssh }) => [...ports, ...logins(ssh)]));

/** `ssh as ops checked every 12h`, one for each login. */
export function logins(ssh: Permission['ssh']): string[] {
  const how =
    ssh?.check === undefined ? '' : ssh.check === 'always' ? ' checked every time' : ` checked every ${ssh.check}`;
  return (ssh?.users ?? []).map((user) => `ssh as ${user}${how}`);
}
