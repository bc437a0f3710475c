/** Devices as the API changes them, and the life of a device from join to logout. */
import { DAY, Refusal, randomText, type DeviceRecord, type KeyRecord } from './records.ts';
import { checkTags, devicesOf, interpretHere, livePolicy, tailnetRecord, type Actor, type Scope } from './scope.ts';
import { approveRoutes } from './routes.ts';

/** By node id or legacy id. Throws Refusal 404, also for a device of another tailnet. */
export function findDevice(scope: Scope, id: string): DeviceRecord {
  const device = devicesOf(scope).find((candidate) => candidate.nodeId === id || candidate.legacyId === id);
  if (device === undefined) throw new Refusal(404, 'no manageable device matching this ID');
  return device;
}

export function saveDevice(scope: Scope, device: DeviceRecord): void {
  scope.data.devices.put(device.nodeId, device);
}

export const deviceName = (scope: Scope, device: DeviceRecord): string => `${device.label}.${scope.dnsName}`;

const MAX_LABEL = 63;
/** A host name as a DNS label; the service does the same to whatever a device calls itself. */
const labelOf = (hostname: string): string =>
  hostname
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_LABEL) || 'device';

/** The label, or the first of label-1, label-2, … that no other device has: offline and expired ones count. */
function freeLabel(scope: Scope, wanted: string, except?: string): string {
  const taken = new Set(devicesOf(scope).flatMap((device) => (device.nodeId === except ? [] : [device.label])));
  for (let suffix = 0; ; suffix++) {
    const label = suffix === 0 ? wanted : `${wanted.slice(0, MAX_LABEL - 5)}-${suffix}`;
    if (!taken.has(label)) return label;
  }
}

const CGNAT_START = 0x64_40_00_00;
const CGNAT_SIZE = 2 ** 22;
/** Quad100 (the resolver and its block) and the ChromeOS hole are never handed out. */
const RESERVED = [
  [0x64_64_00_00, 0x64_64_00_ff],
  [0x64_64_64_00, 0x64_64_64_ff],
  [0x64_73_5c_00, 0x64_73_5d_ff],
] as const;

/** The addresses for a new device: 100.64.0.0/10 and, with the same low 32 bits, fd7a:115c:a1e0::/48. */
function newAddresses(scope: Scope, order: number): string[] {
  const taken = new Set(devicesOf(scope).flatMap((device) => device.addresses));
  for (let step = 0; step < CGNAT_SIZE; step++) {
    const value = CGNAT_START + 1 + ((order + step) % (CGNAT_SIZE - 2));
    const v4 = [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
    if (taken.has(v4) || RESERVED.some(([first, last]) => first <= value && value <= last)) continue;
    return [v4, `fd7a:115c:a1e0::${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`];
  }
  throw new Error(`the tailnet ${scope.config.name} has no free address`);
}

/** A device that a valid key let in. Its routes are approved here, at their first advertisement. */
export function addDevice(
  scope: Scope,
  key: KeyRecord,
  request: { hostname: string; os: string; advertiseRoutes: string[] },
): DeviceRecord {
  const now = scope.deps.clock();
  const order = scope.deps.store.nextId();
  const { settings } = tailnetRecord(scope);
  const tagged = key.tags.length > 0;
  const device: DeviceRecord = {
    nodeId: `n${randomText(11)}CNTRL`,
    tailnet: scope.config.name,
    legacyId: String(90_000_000_000_000 + order),
    order,
    hostname: request.hostname,
    label: freeLabel(scope, labelOf(request.hostname)),
    addresses: newAddresses(scope, order),
    tags: key.tags,
    user: tagged ? '' : key.userId,
    os: request.os,
    created: now,
    expires: tagged ? undefined : now + settings.devicesKeyDurationDays * DAY,
    keyExpiryDisabled: tagged,
    authorized: key.preauthorized || !settings.devicesApprovalOn,
    ephemeral: key.ephemeral,
    online: true,
    lastSeen: now,
    loggedOut: false,
    advertised: [],
    enabled: [],
    seen: [],
    machineKey: `mkey:${randomText(32)}`,
    nodeKey: `nodekey:${randomText(32)}`,
  };
  saveDevice(scope, device);
  advertise(scope, device.nodeId, request.advertiseRoutes);
  return findDevice(scope, device.nodeId);
}

export function advertise(scope: Scope, nodeId: string, routes: string[]): void {
  const device = findDevice(scope, nodeId);
  saveDevice(scope, approveRoutes(device, [...new Set(routes)], interpretHere(scope, livePolicy(scope))));
}

export function setTags(scope: Scope, actor: Actor, id: string, tags: string[]): void {
  const device = findDevice(scope, id);
  // Without a tag the device would belong to nobody: only its user can take it back, by logging in again.
  if (tags.length === 0 && device.tags.length > 0)
    throw new Refusal(400, 'tags cannot be removed from a tagged device: log in again as a user');
  checkTags(scope, actor, tags);
  if (tags.length === 0) return;
  saveDevice(scope, { ...device, tags: [...new Set(tags)], user: '', expires: undefined, keyExpiryDisabled: true });
}

/** An empty name gives back the one of the host. Throws Refusal. */
export function rename(scope: Scope, id: string, name: string): void {
  const device = findDevice(scope, id);
  const wanted = name.replace(`.${scope.dnsName}`, '');
  if (name !== '' && labelOf(wanted) !== wanted) throw new Refusal(400, `invalid device name ${JSON.stringify(name)}`);
  const label = freeLabel(scope, name === '' ? labelOf(device.hostname) : wanted, device.nodeId);
  if (name !== '' && label !== wanted)
    throw new Refusal(409, `name ${JSON.stringify(wanted)} is already used in this tailnet`);
  saveDevice(scope, { ...device, label });
}

/** What a device calls itself from now on; its name follows, but for one that somebody gave it by hand. */
export function setHostname(scope: Scope, nodeId: string, hostname: string): void {
  const device = findDevice(scope, nodeId);
  if (device.hostname === hostname) return;
  const [before, rest] = [labelOf(device.hostname), device.label.slice(labelOf(device.hostname).length)];
  const follows = device.label.startsWith(before) && /^(-\d+)?$/.test(rest);
  const label = follows ? freeLabel(scope, labelOf(hostname), nodeId) : device.label;
  saveDevice(scope, { ...device, hostname, label });
}

export function setKeyExpiry(scope: Scope, id: string, disabled: boolean): void {
  const device = findDevice(scope, id);
  const days = tailnetRecord(scope).settings.devicesKeyDurationDays;
  saveDevice(scope, {
    ...device,
    keyExpiryDisabled: disabled,
    expires: disabled ? undefined : scope.deps.clock() + days * DAY,
  });
}
