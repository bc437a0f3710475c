/** What comparing two revisions needs of a permission; `AccessEntry` of the plan is one. */
export interface Permission {
  from: string;
  to: string;
  /** `tcp/22`, `tcp/8000-8080`, `udp/*`, `icmp/*`. */
  ports: readonly string[];
  why: string;
  /** Logins in the group that `from` names; undefined for other sources. */
  people?: readonly string[] | undefined;
  /** LAN hosts that `from` names; undefined for other sources. */
  lan?: { hosts: readonly string[] } | undefined;
}
