import type { FirewallRulePlan, HostKind } from './types.ts';

/** WireGuard of tailscaled. Open, so that peers behind hard NATs need no relay. */
const TAILSCALE_PORT = '41641';
const WORLD = ['0.0.0.0/0', '::/0'];

/** Inbound rules on public addresses, for the kinds of hosts that a site has; what is not here is dropped by the cloud. Outbound is free. */
export function firewalls(
  sshFrom: readonly string[],
  kinds: readonly HostKind[],
): Partial<Record<HostKind, FirewallRulePlan[]>> {
  const ssh: FirewallRulePlan = {
    description: 'ssh from the deploying side',
    protocol: 'tcp',
    port: '22',
    sources: sshFrom.toSorted(),
  };
  const tailscale: FirewallRulePlan = {
    description: 'tailscale direct connections',
    protocol: 'udp',
    port: TAILSCALE_PORT,
    sources: WORLD,
  };
  return Object.fromEntries(kinds.toSorted().map((kind) => [kind, kind === 'host' ? [ssh] : [ssh, tailscale]]));
}
