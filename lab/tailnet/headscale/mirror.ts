import { findDevice } from '../devices.ts';
import type { DeviceRecord, KeyRecord } from '../records.ts';
import { devicesOf, livePolicy, saveTailnet, tailnetRecord, type Scope } from '../scope.ts';
import { keysOf } from '../keys.ts';
import { forHeadscale, peopleIn } from './translate.ts';
import { HeadscaleRefusal, type HeadscaleClient, type HeadscaleNode } from './client.ts';

/** Key of the API → key of headscale; the second is what a host joins with. */
interface KeyPairRecord {
  key: string;
  headscale: string;
}

/**
 * Keeps the lab's records of one tailnet and its control server in step. The records answer the API with all of the service's
 * refusals; what they accept is then done by headscale, and what headscale knows better (who joined, who is online, which routes
 * a node offers) is read before each request.
 */
export class Mirror {
  readonly #client: HeadscaleClient;
  #turn: Promise<unknown> = Promise.resolve();
  #primed = false;
  readonly #people = new Set<string>();

  constructor(client: HeadscaleClient) {
    this.#client = client;
  }

  /** One request at a time: a change is made in two places. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Brings the records up to what the control server knows. Each question costs it 60 ms (it hashes the lab's key anew). */
  async pull(scope: Scope, about: 'devices' | 'keys'): Promise<void> {
    // A control server without a policy lets everybody reach everything.
    if (!this.#primed) await this.#setPolicy(livePolicy(scope));
    this.#primed = true;
    if (about === 'keys') {
      await this.#pullKeys(scope);
      return;
    }
    const nodes = await this.#client.nodes();
    const { devices } = scope.data;
    for (const device of devicesOf(scope))
      if (!nodes.some(({ id }) => id === device.nodeId)) devices.delete(device.nodeId);
    for (const node of nodes) {
      const known = devices.get(node.id);
      const now = deviceOf(scope, node, known);
      if (JSON.stringify(known) !== JSON.stringify(now)) devices.put(node.id, now);
    }
  }

  async #pullKeys(scope: Scope): Promise<void> {
    const keys = await this.#client.keys();
    const used = new Set(keys.filter(({ used: spent }) => spent).map(({ id }) => id));
    for (const key of keysOf(scope)) {
      const pair = this.#pairs(scope).get(key.id);
      if (pair !== undefined && !key.spent && !key.reusable && used.has(pair.headscale))
        scope.data.keys.put(key.id, { ...key, spent: true });
    }
  }

  /** Makes the key that a host joins with, for one that the records accepted. Answers its text. */
  async makeKey(scope: Scope, record: KeyRecord): Promise<string> {
    const { tags, reusable, ephemeral, expires } = record;
    try {
      const made = await this.#client.createKey({
        tags,
        reusable,
        ephemeral,
        expires: new Date(expires).toISOString(),
      });
      this.#pairs(scope).put(record.id, { key: record.id, headscale: made.id });
      return made.key;
    } catch (error) {
      scope.data.keys.delete(record.id);
      throw error;
    }
  }

  async dropKey(scope: Scope, id: string): Promise<void> {
    const pair = this.#pairs(scope).get(id);
    if (pair === undefined) return;
    await this.#client.expireKey(pair.headscale);
    this.#pairs(scope).delete(id);
  }

  /** Hands the policy on record to the control server; one that it refuses is taken back, and the refusal thrown. */
  async pushPolicy(scope: Scope, before: string | undefined): Promise<void> {
    try {
      await this.#setPolicy(livePolicy(scope));
    } catch (error) {
      const record = tailnetRecord(scope);
      if (before === undefined) delete record.policy;
      else record.policy = before;
      saveTailnet(scope, record);
      throw error;
    }
  }

  /** Why the control server would refuse a policy; undefined when it would not. */
  async policyRefusal(text: string): Promise<string | undefined> {
    try {
      await this.#invite(text);
      await this.#client.checkPolicy(forHeadscale(text));
      return undefined;
    } catch (error) {
      if (error instanceof HeadscaleRefusal) return error.message;
      throw error;
    }
  }

  /** Does at the control server what a request did to the record of a device. */
  async pushDevice(scope: Scope, before: DeviceRecord): Promise<void> {
    const after = scope.data.devices.get(before.nodeId);
    if (after === undefined) {
      await this.#client.deleteNode(before.nodeId);
      return;
    }
    if (!same(before.tags, after.tags)) await this.#client.setTags(after.nodeId, after.tags);
    if (!same(before.enabled, after.enabled)) await this.#client.approveRoutes(after.nodeId, after.enabled);
    if (before.label !== after.label) await this.#client.rename(after.nodeId, after.label);
  }

  /** The record of the device that a path names; undefined when there is none. */
  device(scope: Scope, id: string): DeviceRecord | undefined {
    try {
      return structuredClone(findDevice(scope, id));
    } catch {
      return undefined;
    }
  }

  async #setPolicy(text: string): Promise<void> {
    await this.#invite(text);
    await this.#client.setPolicy(forHeadscale(text));
  }

  /** headscale refuses policies that name people it does not know; on the service a name is enough. */
  async #invite(text: string): Promise<void> {
    const named = peopleIn(text).filter((login) => !this.#people.has(login));
    if (named.length === 0) return;
    const known = await this.#client.people();
    for (const login of named) if (!known.includes(login)) await this.#client.addPerson(login);
    for (const login of named) this.#people.add(login);
  }

  #pairs(scope: Scope) {
    return scope.deps.store.collection<KeyPairRecord>(`headscale-keys/${scope.config.name}`);
  }
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join() === b.toSorted().join();

function deviceOf(scope: Scope, node: HeadscaleNode, known: DeviceRecord | undefined): DeviceRecord {
  const created = Date.parse(node.createdAt);
  return {
    nodeId: node.id,
    tailnet: scope.config.name,
    legacyId: node.id,
    order: Number(node.id),
    hostname: node.name,
    label: node.givenName,
    addresses: node.ipAddresses,
    tags: node.tags,
    user: node.tags.length > 0 ? '' : scope.owner,
    os: 'linux',
    created,
    expires: node.expiry === null ? undefined : Date.parse(node.expiry),
    keyExpiryDisabled: node.expiry === null,
    // headscale knows no approval of devices: whoever has a key is in.
    authorized: known?.authorized ?? true,
    ephemeral: node.preAuthKey?.ephemeral ?? false,
    online: node.online,
    // Of a node that is there it changes all the time, and says nothing.
    lastSeen: node.online || node.lastSeen === null ? created : Date.parse(node.lastSeen),
    loggedOut: false,
    advertised: node.availableRoutes,
    enabled: node.approvedRoutes,
    seen: [...new Set([...(known?.seen ?? []), ...node.availableRoutes])],
    machineKey: node.machineKey,
    nodeKey: node.nodeKey,
  };
}
