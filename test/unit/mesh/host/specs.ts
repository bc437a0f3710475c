import type { HostSpec, RouterSpec } from '../../../../mesh/host/spec.ts';

const LAN = { address: '10.77.10.2', prefix: '10.77.10.0/24', gateway: '10.77.0.1' };

export function plainSpec(more: Partial<HostSpec> = {}): HostSpec {
  return { name: 'fra-db-01', site: 'eu-fra', sshUser: 'ops', lan: { ...LAN, address: '10.77.10.10' }, ...more };
}

export function routerSpec(more: Partial<RouterSpec> = {}): HostSpec {
  const router = {
    advertises: ['10.77.10.0/24'],
    remotePrefixes: ['10.77.20.0/24', '10.77.30.0/24'],
    snat: true,
    tailscaleVersion: '1.102.3',
    ...more,
  };
  return { name: 'fra-edge-01', site: 'eu-fra', sshUser: 'ops', lan: LAN, router };
}
