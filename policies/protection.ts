import type { ResourceValidationArgs } from '@pulumi/policy';
import { resourceGuardrail, stackOf, type Finding } from './guardrail.ts';

/** Stacks that are production; config of the guardrails says others. */
const PRODUCTION = ['prod'];
const settings = {
  stacks: {
    type: 'array',
    items: { type: 'string' },
    default: PRODUCTION,
    description: 'Names of the stacks that are production',
  },
} as const;

/** What holds data, an address that others know, or the network under all that. What hangs on it is made anew in minutes. */
const LASTING = [
  'digitalocean:index/droplet:Droplet',
  'digitalocean:index/floatingIp:FloatingIp',
  'digitalocean:index/reservedIp:ReservedIp',
  'digitalocean:index/reservedIpv6:ReservedIpv6',
  'digitalocean:index/volume:Volume',
  'digitalocean:index/vpc:Vpc',
  'hcloud:index/floatingIp:FloatingIp',
  'hcloud:index/network:Network',
  'hcloud:index/networkSubnet:NetworkSubnet',
  'hcloud:index/primaryIp:PrimaryIp',
  'hcloud:index/server:Server',
  'hcloud:index/volume:Volume',
  'mesh:index:TailnetPolicy',
  'tailscale:index/acl:Acl',
];

/** In production the engine itself refuses to delete or replace what lasts. */
export const prodProtected = resourceGuardrail({
  name: 'prod-protected',
  description: 'In production servers, addresses, networks, volumes and the tailnet policy are protected.',
  severity: 'high',
  remedy:
    'Set protect: true in its options. To delete it on purpose, `mesh unprotect` lifts the protection for one site or host (docs/operations.md).',
  types: LASTING,
  settings,
  judge: (resource) =>
    isProduction(resource) && !resource.opts.protect
      ? [{ path: 'opts.protect', what: 'an edit of the program could delete it' }]
      : [],
});

/** Locks at the cloud, against its console and other tools, by type. */
const LOCKS: Readonly<Record<string, readonly string[]>> = {
  'hcloud:index/floatingIp:FloatingIp': ['deleteProtection'],
  'hcloud:index/loadBalancer:LoadBalancer': ['deleteProtection'],
  'hcloud:index/network:Network': ['deleteProtection'],
  'hcloud:index/primaryIp:PrimaryIp': ['deleteProtection'],
  'hcloud:index/server:Server': ['deleteProtection', 'rebuildProtection'],
  'hcloud:index/volume:Volume': ['deleteProtection'],
};

export const prodLocked = resourceGuardrail({
  name: 'prod-locked',
  description: 'In production the cloud itself refuses to delete or rebuild what lasts, where it can.',
  severity: 'medium',
  remedy: 'Set it to true: it is free.',
  types: Object.keys(LOCKS),
  settings,
  judge: (resource, known) =>
    isProduction(resource)
      ? (LOCKS[resource.type] ?? []).flatMap((lock): Finding[] =>
          known.read(() => resource.props[lock] === true) === false
            ? [{ path: lock, kind: lock, what: 'a slip in the console of the cloud could take it away' }]
            : [],
        )
      : [],
});

export const prodBackups = resourceGuardrail({
  name: 'prod-backups',
  description: 'In production servers have backups, or a reason why they need none.',
  severity: 'medium',
  remedy:
    'Set backups: true on the host (a fifth of its price at Hetzner, a fifth to three tenths at DigitalOcean), or name an exception with the reason: what is on it that cannot be made anew?',
  types: ['hcloud:index/server:Server', 'digitalocean:index/droplet:Droplet'],
  settings,
  judge: (resource, known) =>
    isProduction(resource) && known.read(() => resource.props.backups === true) === false
      ? [{ path: 'backups', what: 'the cloud keeps no copy of its disk' }]
      : [],
});

function isProduction(resource: ResourceValidationArgs): boolean {
  const { stacks = PRODUCTION } = resource.getConfig<{ stacks?: string[] }>();
  return stacks.includes(stackOf(resource.urn));
}
