import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { CheckFailure, Inputs, Operation, Value } from '../../../io/rpc/types.ts';
import { isObject, type ResourceSpec } from '../properties.ts';
import { list, shown } from '../resource.ts';
import { each, notEmpty, oneOf, sameSlug, tagKey, tagName } from './checks.ts';

const ADDRESS = z.object({ ip_address: z.string(), type: z.string() });
export const DROPLET = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string().nullish(),
  locked: z.boolean().nullish(),
  memory: z.number().nullish(),
  vcpus: z.number().nullish(),
  disk: z.number().nullish(),
  created_at: z.string().nullish(),
  features: z.array(z.string()).nullish(),
  volume_ids: z.array(z.string()).nullish(),
  image: z.object({ id: z.number(), slug: z.string().nullish() }).nullish(),
  size: z.object({ slug: z.string(), price_hourly: z.number().nullish(), price_monthly: z.number().nullish() }),
  networks: z.object({ v4: z.array(ADDRESS).nullish(), v6: z.array(ADDRESS).nullish() }),
  region: z.object({ slug: z.string() }),
  tags: z.array(z.string()).nullish(),
  vpc_uuid: z.string().nullish(),
});
export type ApiDroplet = z.infer<typeof DROPLET>;
export const DROPLET_ANSWER = z.object({ droplet: DROPLET });

/** State keeps the sha1 of user_data only. */
function userDataHash(value: string): string {
  return createHash('sha1').update(value).digest('hex');
}

function sameUserData(state: Value, program: Value): boolean {
  const [old, next] = [typeof state === 'string' ? state : '', typeof program === 'string' ? program : ''];
  return next === '' ? old === '' : old === userDataHash(next) || old === next;
}

function refusePolicy(value: Value): string | undefined {
  // A list of one in the plugin, an object in Pulumi.
  if (!isObject(value)) return 'expected an object';
  const stranger = Object.keys(value).find((key) => !['plan', 'weekday', 'hour', '__defaults'].includes(key));
  if (stranger !== undefined) return `An argument named "${stranger}" is not expected here`;
  const [plan, weekday, hour] = [value.plan, value.weekday, value.hour];
  return (
    (plan === undefined ? undefined : oneOf(['daily', 'weekly'])(plan)) ??
    (weekday === undefined ? undefined : oneOf(['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'])(weekday)) ??
    (hour === undefined || (Number(hour) >= 0 && Number(hour) <= 20)
      ? undefined
      : `expected hour to be in the range (0 - 20), got ${shown(hour)}`)
  );
}

export const DROPLET_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: {
    name: { type: 'string', refuse: notEmpty },
    image: { type: 'string', required: true, replace: true, refuse: notEmpty },
    region: { type: 'string', replace: true, computed: true, refuse: notEmpty, equal: sameSlug },
    size: { type: 'string', required: true, refuse: notEmpty, equal: sameSlug },
    gracefulShutdown: { type: 'boolean', default: false },
    resizeDisk: { type: 'boolean', default: true },
    backups: { type: 'boolean', default: false },
    backupPolicy: { type: 'map', refuse: refusePolicy },
    // It can be turned on and never off again.
    ipv6: { type: 'boolean', default: false, replaceWhen: (state, program) => state === true && program !== true },
    ipv6Address: { type: 'string', computed: true },
    privateNetworking: { type: 'boolean', computed: true },
    publicNetworking: { type: 'boolean', replace: true, computed: true },
    sshKeys: { type: 'list', set: true, replace: true, refuse: each(notEmpty) },
    userData: { type: 'string', replace: true, refuse: notEmpty, equal: sameUserData },
    volumeIds: {
      type: 'list',
      set: true,
      computed: true,
      refuse: (value) => (list(value).length > 0 ? 'the lab’s cloud has no volumes: leave it out' : undefined),
    },
    monitoring: { type: 'boolean', replace: true, default: false },
    dropletAgent: { type: 'boolean', replace: true },
    tags: { type: 'list', set: true, key: tagKey, refuse: each(tagName) },
    vpcUuid: { type: 'string', replace: true, computed: true, refuse: notEmpty },
    gpuPartitionMode: {
      type: 'string',
      replace: true,
      refuse: oneOf(['PARTITION_MODE_SPX_NPS1', 'PARTITION_MODE_DPX_NPS2']),
    },
  },
  outputs: [
    'createdAt',
    'disk',
    'dropletUrn',
    'ipv4Address',
    'ipv4AddressPrivate',
    'locked',
    'memory',
    'priceHourly',
    'priceMonthly',
    'status',
    'vcpus',
  ],
};

export function validateDroplet(inputs: Inputs, op: Operation): CheckFailure[] {
  if (inputs.privateNetworking !== undefined)
    op.log(
      'warning',
      'privateNetworking is deprecated: This parameter has been deprecated. Use `vpc_uuid` instead to specify a VPC network for the Droplet.',
    );
  if (inputs.backupPolicy !== undefined && inputs.backups === undefined)
    return [
      {
        property: 'backupPolicy',
        reason: '"backup_policy": all of `backup_policy,backups` must be specified',
      },
    ];
  return [];
}

/** What features say, where the answer has them at all. */
function fromFeatures(features: readonly string[] | null | undefined): Inputs {
  if (features === null || features === undefined) return {};
  return {
    backups: features.includes('backups'),
    ipv6: features.includes('ipv6'),
    privateNetworking: features.includes('private_networking'),
    monitoring: features.includes('monitoring'),
  };
}

/** State of a droplet as the plugin writes it. The image is not read: its slug moves on to newer images. */
export function dropletOutputs(droplet: ApiDroplet, state: Inputs): Inputs {
  const first = (type: string) => droplet.networks.v4?.find((entry) => entry.type === type)?.ip_address ?? '';
  const ipv6 = droplet.networks.v6?.find((entry) => entry.type === 'public')?.ip_address ?? '';
  const userData = state.userData;
  return {
    name: droplet.name,
    dropletUrn: `do:droplet:${droplet.id}`,
    region: droplet.region.slug,
    size: droplet.size.slug,
    priceHourly: droplet.size.price_hourly ?? 0,
    priceMonthly: droplet.size.price_monthly ?? 0,
    disk: droplet.disk ?? 0,
    vcpus: droplet.vcpus ?? 0,
    memory: droplet.memory ?? 0,
    status: droplet.status ?? '',
    locked: droplet.locked ?? false,
    createdAt: droplet.created_at ?? '',
    vpcUuid: droplet.vpc_uuid ?? '',
    ipv4Address: first('public'),
    ipv4AddressPrivate: first('private'),
    ipv6Address: ipv6.toLowerCase(),
    publicNetworking: first('public') !== '',
    ...fromFeatures(droplet.features),
    volumeIds: droplet.volume_ids ?? [],
    tags: droplet.tags ?? [],
    ...(typeof userData === 'string' && userData !== ''
      ? { userData: /^[0-9a-f]{40}$/.test(userData) ? userData : userDataHash(userData) }
      : {}),
  };
}
