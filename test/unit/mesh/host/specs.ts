import type { HostSpec, RouterSpec } from '../../../../mesh/host/spec.ts';

/** A LAN that has IPv6 too. */
export const LAN6 = {
  prefix: '10.77.40.0/24',
  supernet: '10.77.0.0/16',
  ipv6: { prefix: 'fd12:3456:789a:40::/64', supernet: 'fd12:3456:789a::/48' },
};
const LAN = { prefix: '10.77.10.0/24', supernet: '10.77.0.0/16', gateway: '10.77.0.1' };
export const SSH = { user: 'ops', authorizedKeys: ['ssh-ed25519 AAAA deploy', 'ssh-ed25519 BBBB next'] };
const MEMBER = { tailscaleVersion: '1.102.3' };

export function plainSpec(more: Partial<HostSpec> = {}): HostSpec {
  return { name: 'fra-db-01', site: 'eu-fra', ssh: SSH, lan: LAN, ...more };
}

/** In the tailnet, forwards nothing. */
export function memberSpec(more: Partial<HostSpec> = {}): HostSpec {
  return { ...plainSpec(), member: MEMBER, ...more };
}

export function routerSpec(router: Partial<RouterSpec> = {}, more: Partial<HostSpec> = {}): HostSpec {
  return {
    ...memberSpec({ name: 'fra-edge-01' }),
    router: { advertises: ['10.77.10.0/24'], ...router },
    ...more,
  };
}
