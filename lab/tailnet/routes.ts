/** Subnet routes: advertised by the device, enabled by approval, primary on one device per prefix. */
import type { Interpreted } from './policy/index.ts';
import type { DeviceRecord } from './records.ts';
import { devicesOf, policyNode, type Scope } from './scope.ts';

/**
 * The device with a new list of advertised routes. autoApprovers act on a prefix only the first time that this device
 * advertises it; what they or somebody else enabled stays enabled when the route goes and comes.
 */
export function approveRoutes(device: DeviceRecord, routes: string[], policy: Interpreted): DeviceRecord {
  const fresh = routes.filter((route) => !device.seen.includes(route));
  const approved = fresh.filter((route) => policy.approvesRoute(route, policyNode(device)));
  return {
    ...device,
    advertised: routes,
    seen: [...device.seen, ...fresh],
    enabled: [...new Set([...device.enabled, ...approved])],
  };
}

/** How long a device may be away before another one takes its routes. */
const GRACE_MS = 15_000;

function keyExpired(scope: Scope, device: DeviceRecord): boolean {
  if (device.loggedOut) return true;
  return !device.keyExpiryDisabled && device.expires !== undefined && scope.deps.clock() >= device.expires;
}

function routes(scope: Scope, device: DeviceRecord, route: string): boolean {
  const present = device.online || scope.deps.clock() - device.lastSeen <= GRACE_MS;
  return (
    present &&
    device.authorized &&
    !keyExpired(scope, device) &&
    device.advertised.includes(route) &&
    device.enabled.includes(route)
  );
}

/**
 * The routes that this device carries: for each exact prefix the oldest device that can, as the service documents. A
 * broader prefix is no fallback, being away for less than 15 s changes nothing, and the elder takes over again on return.
 */
export function primaryRoutes(scope: Scope, device: DeviceRecord): string[] {
  const all = devicesOf(scope);
  return device.advertised.filter(
    (route) => all.find((candidate) => routes(scope, candidate, route))?.nodeId === device.nodeId,
  );
}
