import { resolveAccess } from '../access/resolve.ts';
import type { AccessRule } from '../access/types.ts';
import type { MeshConfig } from '../config/schema.ts';
import { lifelines, type Lifelines } from '../overlays/tailscale/lifelines.ts';
import type { HostPlan } from './types.ts';

/** What the break-glass group of a stack must keep: its service, as if that were the only intent. */
export function breakGlassRules(config: MeshConfig, now: Date): AccessRule[] {
  const { breakGlass } = config.tailnet;
  if (breakGlass === undefined) return [];
  const { group, service, tool } = breakGlass;
  const from = [`group:${group}`, ...(tool === undefined ? [] : [`tool:${tool}`])];
  const access = [{ from, to: service, why: 'break glass' }];
  return resolveAccess({ ...config, access }, now).rules.filter(({ implicit }) => !implicit);
}

/**
 * @param hosts of the stack that pushes
 * @param rules what break-glass groups must keep, in the words of the policy
 */
export function planLifelines(ownerTag: string, hosts: readonly HostPlan[], rules: readonly AccessRule[]): Lifelines {
  return lifelines(
    ownerTag,
    hosts.flatMap(({ node }) => node ?? []),
    rules,
  );
}
