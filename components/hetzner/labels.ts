import type { HostKind } from '../../mesh/plan/types.ts';

/** Labels of everything that we make at Hetzner; firewalls find their servers by them. */
export function labels(site: string, kind?: HostKind): Record<string, string> {
  return { 'managed-by': 'site-mesh', site, ...(kind && { kind }) };
}

/** Servers of one kind at one site, as a Hetzner label selector. */
export const selector = (site: string, kind: HostKind): string => `site=${site},kind=${kind}`;
