import type { PolicyTest } from '../overlays/tailscale/tests.ts';
import type { HostPlan } from './types.ts';

/**
 * Of the tests about members, those that can be asked once an up is through: about tags that a host carries which we
 * bring into the tailnet. A machine that its owner has yet to join is no reason to fail.
 */
export function askable(tests: readonly PolicyTest[], hosts: readonly HostPlan[]): PolicyTest[] {
  const carried = new Set(hosts.flatMap(({ managed, node }) => (managed === undefined ? [] : (node?.tags ?? []))));
  const known = (selector: string): boolean => !selector.startsWith('tag:') || carried.has(selector);
  const kept = (targets: readonly string[]): string[] =>
    targets.filter((target) => known(target.slice(0, target.lastIndexOf(':'))));
  return tests
    .filter(({ src }) => known(src))
    .map(({ src, proto, accept, deny }) => ({ src, proto, accept: kept(accept), deny: kept(deny) }))
    .filter(({ accept, deny }) => accept.length + deny.length > 0);
}
