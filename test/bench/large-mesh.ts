import { parseConfig, type MeshConfig } from '../../mesh/config/index.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI';
const CLOUDS = [
  { cloud: 'hetzner', location: 'fsn1', snat: false },
  { cloud: 'digitalocean', location: 'nyc3' },
  { cloud: 'existing' },
] as const;

/**
 * A configuration of any size, the clouds in turn: each site has two routers and eight hosts, a service on two of them that its own
 * people and all routers reach, and a /24 of its own; the routers' SSH is one service for all.
 * @param sites 1 to 1024: the supernet is a /14
 */
export function largeMesh(sites: number): Record<string, unknown> {
  const names = Array.from({ length: sites }, (_, index) => `site-${index}`);
  return {
    network: { name: 'acme', supernet: '10.64.0.0/14', domain: 'mesh.acme.internal' },
    tailnet: { name: 'acme-large' },
    ssh: { user: 'ops', from: ['198.51.100.0/28'], publicKey: KEY },
    sites: Object.fromEntries(names.map((name, index) => [name, site(name, index)])),
    groups: Object.fromEntries(names.map((name) => [`people-${name}`, [`${name}@example.com`]])),
    services: {
      ...Object.fromEntries(
        names.map((name) => [`db-${name}`, { on: [1, 3].map((n) => `${name}-host-${n}`), ports: ['tcp/5432'] }]),
      ),
      ssh: { on: ['role:router'], ports: ['tcp/22'] },
    },
    access: [
      ...names.map((name) => ({
        from: [`group:people-${name}`, 'role:router'],
        to: `db-${name}`,
        why: `${name} reads its own`,
      })),
      { from: ['group:people-site-0'], to: 'ssh', why: 'on call' },
    ],
  };
}

function site(name: string, index: number) {
  const base = `10.${64 + Math.floor(index / 256)}.${index % 256}`;
  const kind = CLOUDS[index % CLOUDS.length] ?? CLOUDS[0];
  const host = (role: string, n: number, address: number) => ({
    name: `${name}-${role}-${n}`,
    ...(kind.cloud !== 'digitalocean' && { lan: `${base}.${address}` }),
    ...(kind.cloud === 'existing' && { ssh: { host: `${name}-${role}-${n}.example.com`, hostKey: KEY } }),
  });
  return {
    ...kind,
    cidr: `${base}.0/24`,
    ...(kind.cloud === 'hetzner' && { vip: `${base}.254` }),
    routers: [1, 2].map((n) => host('edge', n, n + 1)),
    hosts: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ ...host('host', n, n + 9), roles: [n % 2 === 0 ? 'app' : 'db'] })),
  };
}

/** The same, parsed. Throws with the faults when there are any. */
export function parsedMesh(sites: number): MeshConfig {
  const answer = parseConfig(largeMesh(sites));
  if (answer.ok) return answer.config;
  throw new Error(JSON.stringify(answer.faults.slice(0, 3)));
}
