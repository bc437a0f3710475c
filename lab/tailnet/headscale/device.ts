import { DAY, type DeviceRecord } from '../records.ts';
import { interpretHere, livePolicy, policyNode, tailnetRecord, type Scope } from '../scope.ts';
import type { HeadscaleNode } from './client.ts';

/** Exit nodes: headscale always approves both together. */
const EXIT_ROUTES = ['0.0.0.0/0', '::/0'];

/**
 * The record of a node. What headscale has no notion of is kept as it was, or as the service would begin with: approval, a
 * person's key that ends, and autoApprovers that look at a route once, when it is first offered.
 * @param fresh of a node that is not on record yet
 */
export function deviceOf(
  scope: Scope,
  node: HeadscaleNode,
  known: DeviceRecord | undefined,
  fresh: { authorized: boolean },
): DeviceRecord {
  const created = Date.parse(node.createdAt);
  const tagged = node.tags.length > 0;
  const expires = node.expiry === null ? undefined : Date.parse(node.expiry);
  const ends =
    known === undefined && !tagged
      ? (expires ?? created + tailnetRecord(scope).settings.devicesKeyDurationDays * DAY)
      : expires;
  const device: DeviceRecord = {
    nodeId: node.id,
    tailnet: scope.config.name,
    legacyId: node.id,
    order: Number(node.id),
    hostname: node.name,
    label: node.givenName,
    addresses: node.ipAddresses,
    tags: node.tags,
    user: tagged ? '' : scope.owner,
    os: 'linux',
    created,
    expires: ends,
    keyExpiryDisabled: ends === undefined,
    authorized: known?.authorized ?? fresh.authorized,
    ephemeral: node.preAuthKey?.ephemeral ?? false,
    online: node.online,
    // Of a node that is there it changes all the time, and says nothing.
    lastSeen: node.online || node.lastSeen === null ? created : Date.parse(node.lastSeen),
    loggedOut: false,
    advertised: node.availableRoutes,
    enabled: node.approvedRoutes.filter((route) => known === undefined || maybe(known, route)),
    seen: known?.seen ?? [],
    machineKey: node.machineKey,
    nodeKey: node.nodeKey,
  };
  return { ...device, seen: [...device.seen, ...decided(scope, node, device)] };
}

/** Offered routes that are new here and have been looked at. headscale lists a node a moment before it approves its routes. */
function decided(scope: Scope, node: HeadscaleNode, device: DeviceRecord): string[] {
  const fresh = node.availableRoutes.filter((route) => !device.seen.includes(route));
  if (fresh.every((route) => node.approvedRoutes.includes(route))) return fresh;
  const policy = interpretHere(scope, livePolicy(scope));
  return fresh.filter(
    (route) => node.approvedRoutes.includes(route) || !policy.approvesRoute(route, policyNode(device)),
  );
}

/** headscale approves a route whenever the policy or the node comes anew; the service, only when it was never offered before. */
const maybe = (known: DeviceRecord, route: string): boolean =>
  known.enabled.includes(route) || !known.seen.includes(route) || EXIT_ROUTES.includes(route);

/** It has approved more than that. */
export const unasked = (node: HeadscaleNode, enabled: readonly string[]): boolean =>
  node.approvedRoutes.some((route) => !enabled.includes(route));

/** When its key ends, as headscale says it; null: never. */
export const expiryOf = ({ keyExpiryDisabled, expires }: DeviceRecord): string | null =>
  keyExpiryDisabled || expires === undefined ? null : new Date(expires).toISOString();
