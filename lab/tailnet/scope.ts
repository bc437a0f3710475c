/** One tailnet: its configuration, its records, and who acts on it. */
import { DEFAULT_POLICY } from './policy/default.ts';
import { interpret, type Interpreted, type PolicyNode } from './policy/index.ts';
import {
  Refusal,
  hash,
  type Collections,
  type DeviceRecord,
  type TailnetConfig,
  type TailnetDeps,
  type TailnetRecord,
} from './records.ts';

/** Who asks: the owner with an API key, or the OAuth client with its tags. */
export type Actor = { user: string; tags: [] } | { user: undefined; tags: string[] };

export interface Scope {
  deps: TailnetDeps;
  config: TailnetConfig;
  data: Collections;
  /** MagicDNS suffix, `tail1a2b3c.ts.net`. */
  dnsName: string;
  /** Login of the only person in the tailnet. */
  owner: string;
}

/** MagicDNS suffix of a tailnet, as the service makes them. */
export const dnsNameOf = (tailnet: string): string => `tail${hash(tailnet).slice(0, 6)}.ts.net`;

export function createScope(deps: TailnetDeps, config: TailnetConfig, data: Collections): Scope {
  const dnsName = dnsNameOf(config.name);
  return { deps, config, data, dnsName, owner: `owner@${dnsName}` };
}

const FRESH: TailnetRecord = {
  edits: 0,
  settings: {
    aclsExternallyManagedOn: false,
    aclsExternalLink: '',
    devicesApprovalOn: false,
    devicesAutoUpdatesOn: false,
    devicesKeyDurationDays: 180,
    usersApprovalOn: false,
    usersRoleAllowedToJoinExternalTailnets: 'none',
    networkFlowLoggingOn: false,
    regionalRoutingOn: false,
    postureIdentityCollectionOn: false,
    httpsEnabled: false,
  },
  dns: { magicDNS: true, nameservers: [], searchPaths: [] },
};

export const tailnetRecord = (scope: Scope): TailnetRecord =>
  scope.data.tailnets.get(scope.config.name) ?? structuredClone(FRESH);

export function saveTailnet(scope: Scope, record: TailnetRecord): void {
  scope.data.tailnets.put(scope.config.name, record);
}

export const livePolicy = (scope: Scope): string =>
  tailnetRecord(scope).policy ?? scope.config.preparedPolicy ?? DEFAULT_POLICY;

/** Oldest first. */
export const devicesOf = (scope: Scope): DeviceRecord[] =>
  scope.data.devices
    .all()
    .filter((device) => device.tailnet === scope.config.name)
    .sort((a, b) => a.order - b.order);

/** A policy as it acts on this tailnet's devices. Throws PolicyError. */
export function interpretHere(scope: Scope, text: string): Interpreted {
  return interpret(text, { nodes: devicesOf(scope).map(policyNode), admins: [scope.owner] });
}

export function policyNode(device: DeviceRecord): PolicyNode {
  const identity = device.tags.length > 0 ? {} : { user: device.user };
  const routes = device.enabled.filter((route) => device.advertised.includes(route));
  return { addresses: device.addresses, tags: device.tags, routes, ...identity };
}

/**
 * Tags that this actor may give to a key or a device: all defined in tagOwners, and for an OAuth client either its own
 * set or owned by one of its tags. Throws Refusal with the service's text.
 */
export function checkTags(scope: Scope, actor: Actor, tags: string[]): void {
  const policy = interpretHere(scope, livePolicy(scope));
  const defined = tags.every((tag) => policy.policy.tagOwners.has(tag));
  const mine = actor.user === undefined && actor.tags.length > 0 && sameSet(actor.tags, tags);
  const holder = actor.user === undefined ? { tags: actor.tags } : { tags: [], user: actor.user };
  const owned = tags.every((tag) => policy.ownsTag(tag, holder));
  // What an OAuth client makes belongs to no person, so it must be tagged.
  const needed = actor.user === undefined && tags.length === 0;
  if (!defined || needed || !(mine || owned))
    throw new Refusal(400, `requested tags [${tags.join(' ')}] are invalid or not permitted`);
}

const sameSet = (a: string[], b: string[]): boolean =>
  new Set(a).size === new Set(b).size && a.every((item) => b.includes(item));
