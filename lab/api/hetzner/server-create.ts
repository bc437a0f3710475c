import { z } from 'zod';
import { IMAGES, LOCATIONS, SERVER_TYPES, type Image, type ServerType } from './catalog.ts';
import { ApiError, invalidInput, limitExceeded } from './errors.ts';
import { checkLabels } from './labels.ts';
import { assign, checkAssignable, newPrimaryIp } from './primary-ip-routes.ts';
import { LIMITS, type Project } from './project.ts';
import type { ActionRecord, PrimaryIpRecord, ServerRecord } from './records.ts';
import { ID, LABELS } from './request.ts';
import { attach } from './server-network.ts';

const REFERENCE = z.union([z.string().min(1, 'must not be empty'), z.number()]);
const HOSTNAME =
  /^(?=.{1,253}$)[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
export const SERVER_NAME = z.string().regex(HOSTNAME, 'is not a valid hostname');

export const CREATE = z.object({
  name: SERVER_NAME,
  server_type: REFERENCE,
  image: REFERENCE,
  location: z.string().nullish(),
  ssh_keys: z.array(REFERENCE).nullish(),
  user_data: z.string().nullish(),
  labels: LABELS,
  start_after_create: z.boolean().nullish(),
  firewalls: z.array(z.object({ firewall: ID })).nullish(),
  networks: z.array(ID).nullish(),
  placement_group: ID.nullish(),
  public_net: z
    .object({
      enable_ipv4: z.boolean().nullish(),
      enable_ipv6: z.boolean().nullish(),
      ipv4: ID.nullish(),
      ipv6: ID.nullish(),
    })
    .nullish(),
});
type Create = z.infer<typeof CREATE>;

/** Whether something with this deprecation may still be ordered. */
export function stillSold(type: ServerType, now: number): boolean {
  return type.deprecation === undefined || now < Date.parse(type.deprecation.unavailable_after);
}

function chooseImage(project: Project, input: Create, type: ServerType): Image {
  const byId = IMAGES.find((image) => image.id === Number(input.image));
  const image =
    byId ?? IMAGES.find((candidate) => candidate.name === input.image && candidate.architecture === type.architecture);
  if (image === undefined)
    throw invalidInput('image', `image '${input.image}' for architecture ${type.architecture} does not exist`);
  if (image.architecture !== type.architecture)
    throw invalidInput('image', `is for ${image.architecture}, server type ${type.name} is ${type.architecture}`);
  if (image.deprecated !== null && project.now >= Date.parse(image.deprecated))
    throw invalidInput('image', `image '${image.name}' is deprecated and cannot be ordered`);
  if (project.images?.includes(image.name) === false)
    throw invalidInput(
      'image',
      `image '${image.name}' is sold by this cloud, but the machines of this lab can have ${project.images.join(', ')} only`,
    );
  return image;
}

function chooseLocation(input: Create, type: ServerType): string {
  const name = input.location ?? type.sold[0] ?? '';
  if (!LOCATIONS.some((location) => location.name === name))
    throw invalidInput('location', `location '${name}' does not exist`);
  if (!type.sold.includes(name))
    throw new ApiError(422, 'invalid_input', 'unsupported location for server type', {
      fields: [{ name: 'location', messages: [`server type ${type.name} is not sold in ${name}`] }],
    });
  return name;
}

/** Primary IPs of the request, checked; `undefined` = one is to be made, `null` = none wanted. */
function chooseAddress(
  project: Project,
  type: 'ipv4' | 'ipv6',
  enabled: boolean,
  id: number | null | undefined,
  location: string,
): PrimaryIpRecord | undefined | null {
  if (!enabled) {
    if (typeof id === 'number')
      throw invalidInput(`public_net.${type}`, `must not be given while enable_${type} is false`);
    return null;
  }
  if (typeof id !== 'number') return undefined;
  const ip = project.primaryIps.get(String(id));
  if (ip === undefined) throw invalidInput(`public_net.${type}`, `primary IP ${id} does not exist`);
  if (ip.type !== type)
    throw new ApiError(422, 'primary_ip_version_mismatch', `primary IP with ID '${id}' is not an ${type} address`);
  checkAssignable(project, ip, { location, ipv4: null, ipv6: null });
  return ip;
}

/**
 * POST /servers. The record exists at once; it is `initializing` while create_server runs, `starting` while start_server
 * runs, then `running` (or `off`). A create that ends in error leaves the server, off.
 */
export function createServer(
  project: Project,
  input: Create,
): { server: ServerRecord; action: ActionRecord; nextActions: ActionRecord[] } {
  project.checkName(project.servers, 'server', input.name);
  const type = project.find(SERVER_TYPES, 'server_type', input.server_type);
  const image = chooseImage(project, input, type);
  const location = chooseLocation(input, type);
  if (!stillSold(type, project.now))
    throw invalidInput('server_type', `server type '${type.name}' can no longer be ordered`);
  if (Buffer.byteLength(input.user_data ?? '') > LIMITS.userDataBytes)
    throw invalidInput('user_data', 'is longer than 32 KiB');
  if (project.servers.all().length >= LIMITS.servers) throw limitExceeded('server', LIMITS.servers);
  const keys = (input.ssh_keys ?? []).map((reference, index) =>
    project.find(project.sshKeys.all(), `ssh_keys.${index}`, reference),
  );
  const firewalls = (input.firewalls ?? []).map(({ firewall }) =>
    project.find(project.firewalls.all(), 'firewalls', firewall),
  );
  if (firewalls.length > LIMITS.firewallsPerServer)
    throw limitExceeded('firewalls_per_server', LIMITS.firewallsPerServer);
  const networks = (input.networks ?? []).map((network) => project.find(project.networks.all(), 'networks', network));
  if (typeof input.placement_group === 'number') {
    const group = project.find(project.placementGroups.all(), 'placement_group', input.placement_group);
    if (project.serversOfGroup(group.id).length >= LIMITS.serversPerPlacementGroup)
      throw new ApiError(
        412,
        'placement_error',
        `a spread placement group holds at most ${LIMITS.serversPerPlacementGroup} servers`,
      );
  }
  const ipv4 = chooseAddress(project, 'ipv4', input.public_net?.enable_ipv4 ?? true, input.public_net?.ipv4, location);
  const ipv6 = chooseAddress(project, 'ipv6', input.public_net?.enable_ipv6 ?? true, input.public_net?.ipv6, location);

  const id = project.nextId();
  const resource = [{ id, type: 'server' }];
  const action = project.start('create_server', resource, [input.name]);
  const wantsStart = input.start_after_create ?? true;
  const starting =
    wantsStart && action.error === null ? project.start('start_server', resource, [], project.actionMs) : undefined;
  const server: ServerRecord = {
    id,
    name: input.name,
    labels: checkLabels(input.labels ?? {}),
    created: project.now,
    serverType: type.name,
    image: image.id,
    location,
    placementGroup: input.placement_group ?? null,
    ipv4: null,
    ipv6: null,
    privateNet: [],
    power: {
      before: 'initializing',
      after: starting === undefined ? 'off' : 'running',
      at: starting?.finishes ?? action.finishes,
    },
    busyUntil: starting?.finishes ?? action.finishes,
    deleteProtection: false,
    rebuildProtection: false,
    backupWindow: null,
    disk: type.disk,
  };
  project.servers.put(String(id), server);
  project.boots.put(String(id), { userData: input.user_data ?? '', authorizedKeys: keys.map((key) => key.publicKey) });
  for (const [kind, choice] of [['ipv4', ipv4] as const, ['ipv6', ipv6] as const]) {
    if (choice === null) continue;
    // An address that the service makes by itself goes with its server.
    const ip = choice ?? newPrimaryIp(project, { type: kind, location, autoDelete: true });
    assign(project, ip, project.get(project.servers, 'server', id));
  }
  for (const firewall of firewalls)
    project.firewalls.put(String(firewall.id), {
      ...firewall,
      appliedTo: [...firewall.appliedTo, { type: 'server', server: { id } }],
    });
  const attached = networks.map((network) => {
    attach(project, project.get(project.servers, 'server', id), { network: network.id });
    return project.start('attach_to_network', [...resource, { id: network.id, type: 'network' }], [], project.actionMs);
  });
  return {
    server: project.get(project.servers, 'server', id),
    action,
    nextActions: [...(starting === undefined ? [] : [starting]), ...attached],
  };
}
