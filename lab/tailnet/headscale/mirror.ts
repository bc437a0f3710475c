import { setTimeout as sleep } from 'node:timers/promises';
import { findDevice } from '../devices.ts';
import type { Json } from '../policy/hujson.ts';
import { Refusal, type DeviceRecord, type KeyRecord } from '../records.ts';
import { devicesOf, interpretHere, livePolicy, saveTailnet, tailnetRecord, type Scope } from '../scope.ts';
import { keysOf } from '../keys.ts';
import { HeadscaleRefusal, type HeadscaleClient } from './client.ts';
import { deviceOf, expiryOf, unasked } from './device.ts';
import { forHeadscale, peopleIn, testFailures, withTests } from './translate.ts';

/** Key of the API → key of headscale; the second is what a host joins with. Kept when the first is deleted: it says who may wait. */
interface KeyPairRecord {
  key: string;
  headscale: string;
  preauthorized: boolean;
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
  /** Login → headscale's id. */
  readonly #people = new Map<string, string>();

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
    await this.#pullDevices(scope);
  }

  async #pullDevices(scope: Scope): Promise<void> {
    const nodes = await this.#client.nodes();
    const { devices } = scope.data;
    for (const device of devicesOf(scope))
      if (!nodes.some(({ id }) => id === device.nodeId)) devices.delete(device.nodeId);
    for (const node of nodes) {
      const known = devices.get(node.id);
      const key = this.#pairs(scope)
        .all()
        .find(({ headscale }) => headscale === node.preAuthKey?.id);
      const approvalOff = !tailnetRecord(scope).settings.devicesApprovalOn;
      const now = deviceOf(scope, node, known, { authorized: approvalOff || key?.preauthorized !== false });
      if (unasked(node, now.enabled)) {
        await this.#client.approveRoutes(node.id, now.enabled);
        if (now.online) await this.#keptOff(now);
      }
      if (node.expiry === null && !now.keyExpiryDisabled) await this.#client.setExpiry(node.id, expiryOf(now));
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
    const { tags, reusable, ephemeral, preauthorized } = record;
    try {
      const made = await this.#client.createKey({
        user: tags.length > 0 ? undefined : await this.#person(record.userId),
        ...{ tags, reusable, ephemeral },
        expires: new Date(record.expires).toISOString(),
      });
      this.#pairs(scope).put(record.id, { key: record.id, headscale: made.id, preauthorized });
      return made.key;
    } catch (error) {
      scope.data.keys.delete(record.id);
      throw error;
    }
  }

  /** It lets nobody in from now on, and the API shows it as used. */
  async spendKey(scope: Scope, record: KeyRecord): Promise<void> {
    await this.dropKey(scope, record.id);
    scope.data.keys.put(record.id, { ...record, spent: true });
  }

  async dropKey(scope: Scope, id: string): Promise<void> {
    const pair = this.#pairs(scope).get(id);
    if (pair !== undefined) await this.#client.expireKey(pair.headscale);
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
    await this.#dropKeysWithoutOwner(scope);
    // headscale approves anew with each policy what an operator had taken away.
    await this.#pullDevices(scope);
  }

  /** headscale lets a host in with any tag that its key has, whatever the policy says by then. */
  async #dropKeysWithoutOwner(scope: Scope): Promise<void> {
    const { tagOwners } = interpretHere(scope, livePolicy(scope)).policy;
    for (const key of keysOf(scope)) {
      if (key.spent || key.tags.every((tag) => tagOwners.has(tag))) continue;
      await this.spendKey(scope, key);
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

  /** Why tests do not hold against the live policy, as the control server sees its nodes; undefined when they do. */
  async testRefusal(scope: Scope, tests: Json[]): Promise<Refusal | undefined> {
    const text = withTests(livePolicy(scope), tests);
    if (text === undefined) return undefined;
    try {
      await this.#client.checkPolicy(text);
      return undefined;
    } catch (error) {
      if (!(error instanceof HeadscaleRefusal)) throw error;
      const failures = testFailures(error.message);
      return failures.length > 0
        ? new Refusal(400, 'test(s) failed', failures)
        : new Refusal(400, error.message, [{ user: '', errors: [error.message] }]);
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
    if (!same(before.enabled, after.enabled)) {
      await this.#client.approveRoutes(after.nodeId, after.enabled);
      if (after.online && before.enabled.some((route) => !after.enabled.includes(route))) await this.#keptOff(after);
    }
    if (expiryOf(before) !== expiryOf(after)) await this.#client.setExpiry(after.nodeId, expiryOf(after));
    if (before.label !== after.label) await this.#client.rename(after.nodeId, after.label);
  }

  /** headscale's autoApprovers enable a route again as soon as its node has answered to the change; the service's do not. */
  async #keptOff({ nodeId, enabled }: DeviceRecord): Promise<void> {
    for (let look = 0; look < 10; look++) {
      await sleep(200);
      const node = (await this.#client.nodes()).find(({ id }) => id === nodeId);
      if (node !== undefined && unasked(node, enabled)) return this.#client.approveRoutes(nodeId, enabled);
    }
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
    for (const login of peopleIn(text)) await this.#person(login);
  }

  /** headscale's id of a person, who is made known to it if need be. */
  async #person(login: string): Promise<string> {
    if (this.#people.size === 0) for (const [name, id] of await this.#client.people()) this.#people.set(name, id);
    const id = this.#people.get(login) ?? (await this.#client.addPerson(login));
    this.#people.set(login, id);
    return id;
  }

  #pairs(scope: Scope) {
    return scope.deps.store.collection<KeyPairRecord>(`headscale-keys/${scope.config.name}`);
  }
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join() === b.toSorted().join();
