/** The lab's tailnets: in memory over the lab's store, with the refusals of the service. */
import type { JoinAnswer, JoinRequest, TailnetNode, TailnetNodes } from '../types.ts';
import { addDevice, advertise, deviceName, saveDevice, setHostname } from './devices.ts';
import { isInvalid } from './keys.ts';
import {
  hash,
  openCollections,
  randomText,
  time,
  type DeviceRecord,
  type TailnetConfig,
  type TailnetDeps,
} from './records.ts';
import { primaryRoutes } from './routes.ts';
import { createScope, devicesOf, interpretHere, livePolicy, type Actor, type Scope } from './scope.ts';

export type { TailnetConfig } from './records.ts';

/** A tailnet and who acts on it. */
export interface Access {
  scope: Scope;
  actor: Actor;
}

export interface Tailnet {
  nodes: TailnetNodes;
  /** Whose credential this is: an API key or an access token. */
  authenticate(secret: string): Access | undefined;
  /** A token for one hour; undefined when client and secret do not belong together. */
  issueToken(clientId: string, clientSecret: string): { token: string; seconds: number } | undefined;
}

const TOKEN_SECONDS = 3600;
const DEFAULT_CLIENT_TAGS = ['tag:iac'];

/**
 * The tailnets of a lab. Entries with the same name are the same tailnet (stacks may share one): each brings an OAuth client, and
 * the first one everything else.
 */
export function createTailnet(deps: TailnetDeps & { tailnets: TailnetConfig[] }): Tailnet {
  const data = openCollections(deps.store);
  const scopes = new Map<string, Scope>();
  for (const config of deps.tailnets)
    if (!scopes.has(config.name)) scopes.set(config.name, createScope(deps, config, data));
  const all = [...scopes.values()];

  const at = (nodeId: string): { scope: Scope; device: DeviceRecord } | undefined => {
    const device = data.devices.get(nodeId);
    const scope = device === undefined ? undefined : scopes.get(device.tailnet);
    return device === undefined || scope === undefined ? undefined : { scope, device };
  };

  const nodes: TailnetNodes = {
    join(request) {
      return join(scopes, request);
    },
    node(nodeId) {
      const found = at(nodeId);
      if (found === undefined) return undefined;
      return nodeView(found.scope, found.device);
    },
    peers(nodeId) {
      const found = at(nodeId);
      if (found === undefined) return [];
      const { scope } = found;
      const others = devicesOf(scope).filter((device) => device.nodeId !== nodeId && !device.loggedOut);
      return others.map((device) => nodeView(scope, device));
    },
    setHostname(nodeId, hostname) {
      const found = at(nodeId);
      if (found !== undefined) setHostname(found.scope, nodeId, hostname);
    },
    setAdvertisedRoutes(nodeId, routes) {
      const found = at(nodeId);
      if (found !== undefined) advertise(found.scope, nodeId, routes);
    },
    setOnline(nodeId, online) {
      const found = at(nodeId);
      if (found === undefined || found.device.loggedOut || found.device.online === online) return;
      saveDevice(found.scope, { ...found.device, online, lastSeen: deps.clock() });
    },
    leave(nodeId) {
      const found = at(nodeId);
      if (found === undefined || found.device.loggedOut) return;
      const now = deps.clock();
      if (found.device.ephemeral) data.devices.delete(nodeId);
      else saveDevice(found.scope, { ...found.device, online: false, loggedOut: true, lastSeen: now, expires: now });
    },
  };

  return {
    nodes,
    authenticate(secret) {
      const owner = all.find((scope) => hash(scope.config.apiKey) === hash(secret));
      if (owner !== undefined) return { scope: owner, actor: { user: owner.owner, tags: [] } };
      const token = data.tokens.get(hash(secret));
      const scope = token === undefined || deps.clock() >= token.expires ? undefined : scopes.get(token.tailnet);
      return scope === undefined
        ? undefined
        : { scope, actor: { user: undefined, tags: token?.tags ?? DEFAULT_CLIENT_TAGS } };
    },
    issueToken(clientId, clientSecret) {
      const client = deps.tailnets.find(
        ({ oauthClientId, oauthClientSecret }) =>
          oauthClientId === clientId && hash(oauthClientSecret) === hash(clientSecret),
      );
      if (client === undefined) return undefined;
      for (const key of expiredTokens()) data.tokens.delete(key);
      const token = `tskey-access-${randomText(40)}`;
      data.tokens.put(hash(token), {
        id: hash(token),
        tailnet: client.name,
        tags: client.oauthTags ?? DEFAULT_CLIENT_TAGS,
        expires: deps.clock() + TOKEN_SECONDS * 1000,
      });
      return { token, seconds: TOKEN_SECONDS };
    },
  };

  function expiredTokens(): string[] {
    return data.tokens.all().flatMap((token) => (deps.clock() >= token.expires ? [token.id] : []));
  }
}

const nodeView = (scope: Scope, device: DeviceRecord): TailnetNode => ({
  nodeId: device.nodeId,
  tailnet: device.tailnet,
  name: deviceName(scope, device),
  hostname: device.hostname,
  addresses: device.addresses,
  tags: device.tags,
  online: device.online,
  advertisedRoutes: device.advertised,
  enabledRoutes: device.enabled,
  primaryRoutes: primaryRoutes(scope, device),
  keyExpiry: device.keyExpiryDisabled || device.expires === undefined ? null : time(device.expires),
});

/** tailscaled's side of `tailscale up --auth-key`. Every refusal reads alike, whatever the reason, as on the service. */
function join(scopes: Map<string, Scope>, request: JoinRequest): JoinAnswer {
  const id = /^tskey-auth-([A-Za-z0-9]+)-/.exec(request.authKey)?.[1];
  const [any] = scopes.values();
  const key = id === undefined ? undefined : any?.data.keys.get(id);
  const scope = key === undefined ? undefined : scopes.get(key.tailnet);
  const refused: JoinAnswer = {
    ok: false,
    message: `backend error: invalid key: API key ${id ?? '(malformed)'} not valid`,
  };
  if (key === undefined || scope === undefined || key.secretHash !== hash(request.authKey)) return refused;
  // Somebody else was faster: the key is really spent, the API shows it too.
  if (scope.deps.faults.hits('key-spent', request.hostname)) scope.data.keys.put(key.id, { ...key, spent: true });
  const now = scope.data.keys.get(key.id) ?? key;
  if (isInvalid(scope, now)) return refused;
  const owners = interpretHere(scope, livePolicy(scope)).policy.tagOwners;
  if (!key.tags.every((tag) => owners.has(tag)))
    return { ok: false, message: `backend error: requested tags [${key.tags.join(' ')}] are invalid or not permitted` };
  const device = addDevice(scope, key, request);
  if (!key.reusable) scope.data.keys.put(key.id, { ...now, spent: true });
  const { nodeId, addresses, tags } = device;
  return { ok: true, nodeId, name: deviceName(scope, device), addresses, tags };
}
