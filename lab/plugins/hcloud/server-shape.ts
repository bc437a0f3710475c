import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Inputs, Value } from '../../../io/rpc/types.ts';
import { list } from '../resource.ts';
import { canonical, isObject, type ResourceSpec } from '../properties.ts';
import { PRIVATE_NET } from './server-network.ts';

const ADDRESS = z.object({ id: z.number(), ip: z.string() }).nullish();
export const SERVER = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  location: z.object({ name: z.string() }).nullish(),
  server_type: z.object({ name: z.string() }).nullish(),
  image: z.object({ id: z.number(), name: z.string().nullish() }).nullish(),
  placement_group: z.object({ id: z.number() }).nullish(),
  public_net: z.object({ ipv4: ADDRESS, ipv6: ADDRESS, firewalls: z.array(z.object({ id: z.number() })).nullish() }),
  private_net: z.array(PRIVATE_NET).nullish(),
  protection: z.object({ delete: z.boolean(), rebuild: z.boolean() }).nullish(),
  backup_window: z.string().nullish(),
  primary_disk_size: z.number().nullish(),
});
export type ApiServer = z.infer<typeof SERVER>;

/** State keeps the sha1 of user_data only. */
function userDataHash(value: string): string {
  return createHash('sha1').update(value).digest('base64');
}

function sameUserData(state: Value, program: Value): boolean {
  const old = typeof state === 'string' ? state.trim() : '';
  const next = typeof program === 'string' ? program : '';
  return next === '' ? old === '' : old === userDataHash(next) || old === next.trim();
}

/** An argument of a public net that the program leaves out is whatever it was. */
export function publicNetOf(
  value: Value,
): { ipv4Enabled: boolean; ipv6Enabled: boolean; ipv4: number; ipv6: number } | undefined {
  const first = list(value)[0];
  if (!isObject(first)) return undefined;
  return {
    ipv4Enabled: first.ipv4Enabled !== false,
    ipv6Enabled: first.ipv6Enabled !== false,
    ipv4: Number(first.ipv4 ?? 0),
    ipv6: Number(first.ipv6 ?? 0),
  };
}

function sameNetworks(state: Value, program: Value): boolean {
  const asked = list(program).filter(isObject);
  const had = list(state).filter(isObject);
  return (
    asked.length === had.length &&
    asked.every((network) =>
      had.some((other) =>
        Object.entries(network).every(
          ([key, value]) => key === '__defaults' || canonical(value) === canonical(other[key]),
        ),
      ),
    )
  );
}

const LAB_HAS_NONE = 'the lab’s cloud has none: leave it out';

export const SERVER_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: {
    name: { type: 'string' },
    serverType: { type: 'string', required: true },
    image: {
      type: 'string',
      replace: true,
      computed: true,
      refuse: (value) =>
        value === '' ? '"image" must have more than 0 characters. Have you set the name instead of an ID?' : undefined,
    },
    location: { type: 'string', replace: true, computed: true },
    datacenter: {
      type: 'string',
      computed: true,
      refuse: () => 'The datacenter attribute is marked for removal, you must use the location attribute instead.',
    },
    userData: { type: 'string', replace: true, equal: sameUserData },
    sshKeys: {
      type: 'list',
      replace: true,
      refuse: (value) =>
        list(value).includes('')
          ? 'Invalid ssh key passed. You need to pass a string with at least 1 character'
          : undefined,
    },
    keepDisk: { type: 'boolean', default: false },
    allowDeprecatedImages: { type: 'boolean' },
    backups: { type: 'boolean', default: false },
    iso: { type: 'string', refuse: () => LAB_HAS_NONE },
    rescue: { type: 'string', refuse: () => LAB_HAS_NONE },
    labels: { type: 'map' },
    publicNets: {
      type: 'list',
      computed: true,
      equal: (state, program) => canonical(publicNetOf(state) ?? null) === canonical(publicNetOf(program) ?? null),
    },
    networks: { type: 'list', computed: true, equal: sameNetworks },
    ignoreRemoteFirewallIds: { type: 'boolean', default: false },
    firewallIds: { type: 'list', set: true, computed: true },
    placementGroupId: { type: 'number' },
    deleteProtection: { type: 'boolean', default: false },
    rebuildProtection: { type: 'boolean', default: false },
    shutdownBeforeDeletion: { type: 'boolean', default: false },
  },
  outputs: ['backupWindow', 'ipv4Address', 'ipv6Address', 'ipv6Network', 'primaryDiskSize', 'status'],
};

/** State of a server as the plugin writes it. */
export function serverOutputs(server: ApiServer, state: Inputs): Inputs {
  const image = server.image ?? undefined;
  const userData = state.userData;
  const ipv6 = server.public_net.ipv6?.ip;
  return {
    name: server.name,
    status: server.status ?? '',
    serverType: server.server_type?.name ?? '',
    location: server.location?.name ?? '',
    ...(image === undefined
      ? {}
      : {
          image:
            typeof image.name === 'string' && image.name !== '' && String(image.id) !== state.image
              ? image.name
              : String(image.id),
        }),
    labels: server.labels,
    ipv4Address: server.public_net.ipv4?.ip ?? '',
    ipv6Address: ipv6 === undefined ? '' : `${ipv6.split('/', 1)[0] ?? ''}1`,
    ipv6Network: ipv6 ?? '<nil>',
    backupWindow: server.backup_window ?? '',
    backups: (server.backup_window ?? '') !== '',
    deleteProtection: server.protection?.delete ?? false,
    rebuildProtection: server.protection?.rebuild ?? false,
    firewallIds: (server.public_net.firewalls ?? []).map((firewall) => firewall.id),
    placementGroupId: server.placement_group?.id,
    primaryDiskSize: server.primary_disk_size ?? 0,
    // Inline networks are read only where the program uses them (ServerNetwork otherwise).
    ...(list(state.networks).length === 0
      ? {}
      : {
          networks: (server.private_net ?? []).map((entry) => ({
            networkId: entry.network,
            ip: entry.ip,
            aliasIps: entry.alias_ips ?? [],
            macAddress: entry.mac_address,
          })),
        }),
    ...(typeof userData === 'string' && userData !== ''
      ? { userData: isHash(userData) ? userData : userDataHash(userData) }
      : {}),
  };
}

/** 20 bytes in base64. A user_data of that form would be no use to a server. */
function isHash(value: string): boolean {
  return /^[A-Za-z0-9+/]{27}=$/.test(value);
}
