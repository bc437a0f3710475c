import type { Clock, Collection, Faults, Store } from '../../types.ts';
import { ApiError, invalidInput, notFound, notUnique } from './errors.ts';
import { checkLabels, parseSelector } from './labels.ts';
import type {
  ActionRecord,
  BootRecord,
  FirewallRecord,
  Labels,
  NetworkRecord,
  PlacementGroupRecord,
  PrimaryIpRecord,
  ServerRecord,
  ServerStatus,
  SshKeyRecord,
} from './records.ts';

export interface HetznerDeps {
  store: Store;
  faults: Faults;
  clock: Clock;
  /** One project per token. */
  tenants: readonly { name: string; hcloudToken: string }[];
  /** Keys of images that servers can have; absent: all. */
  images?: readonly string[] | undefined;
  /** Public addresses that belong to somebody else. */
  taken?: readonly string[];
  /** How long an action runs, ms. */
  actionMs?: number;
}

/** Numbers of the service for a new project, so that a program that forgets one of them learns it here. */
export const LIMITS = {
  servers: 25,
  primaryIps: 50,
  networks: 50,
  subnets: 50,
  routes: 100,
  firewalls: 50,
  rulesPerFirewall: 50,
  firewallsPerServer: 5,
  serversPerPlacementGroup: 10,
  networksPerServer: 3,
  aliasIps: 5,
  userDataBytes: 32 * 1024,
};

/** One tenant's project: its collections, its clock, its actions. */
export class Project {
  readonly tenant: string;
  readonly #deps: HetznerDeps;
  readonly sshKeys: Collection<SshKeyRecord>;
  readonly networks: Collection<NetworkRecord>;
  readonly firewalls: Collection<FirewallRecord>;
  readonly placementGroups: Collection<PlacementGroupRecord>;
  readonly primaryIps: Collection<PrimaryIpRecord>;
  readonly servers: Collection<ServerRecord>;
  readonly boots: Collection<BootRecord>;
  readonly actions: Collection<ActionRecord>;

  constructor(tenant: string, deps: HetznerDeps) {
    this.tenant = tenant;
    this.#deps = deps;
    const open = <T>(kind: string) => deps.store.collection<T>(`hetzner/${tenant}/${kind}`);
    this.sshKeys = open('ssh_keys');
    this.networks = open('networks');
    this.firewalls = open('firewalls');
    this.placementGroups = open('placement_groups');
    this.primaryIps = open('primary_ips');
    this.servers = open('servers');
    this.boots = open('boots');
    this.actions = open('actions');
  }

  get now(): number {
    return this.#deps.clock();
  }

  get actionMs(): number {
    return this.#deps.actionMs ?? 40;
  }

  /** Keys of images that servers can have; undefined: all. */
  get images(): readonly string[] | undefined {
    return this.#deps.images;
  }

  nextId(): number {
    return this.#deps.store.nextId();
  }

  /** The record, or the `not_found` that clients take for "gone". */
  get<T>(collection: Collection<T>, kind: string, id: number): T {
    const record = collection.get(String(id));
    if (record === undefined) throw notFound(kind, id);
    return record;
  }

  /** Refuses a name that another object of the kind carries, or that the fault says is taken. */
  checkName<T extends { id: number; name: string }>(
    collection: Collection<T>,
    kind: string,
    name: string,
    self?: number,
  ): void {
    if (collection.all().some((other) => other.name === name && other.id !== self))
      throw notUnique('name', `${kind} name is already used`);
    if (self === undefined && this.#deps.faults.hits('name-taken', name))
      throw notUnique('name', `${kind} name is already used`);
  }

  /** PUT of name and labels, common to all kinds. */
  rename<T extends { id: number; name: string; labels: Labels }>(
    collection: Collection<T>,
    kind: string,
    record: T,
    change: { name?: string | null | undefined; labels?: Labels | null | undefined },
  ): T {
    if (typeof change.name === 'string') this.checkName(collection, kind, change.name, record.id);
    const next = { ...record, name: change.name ?? record.name, labels: checkLabels(change.labels ?? record.labels) };
    collection.put(String(record.id), next);
    return next;
  }

  /** Starts an action; with the fault `action-error` on one of the names it will end in error, and the caller must change nothing. */
  start(command: string, resources: { id: number; type: string }[], names: readonly string[], delay = 0): ActionRecord {
    const started = this.now;
    const failed = names.some((name) => this.#deps.faults.hits('action-error', name));
    const action: ActionRecord = {
      id: this.nextId(),
      command,
      started,
      finishes: started + delay + this.actionMs,
      resources,
      error: failed ? { code: 'action_failed', message: 'Action failed' } : null,
    };
    this.actions.put(String(action.id), action);
    return action;
  }

  status(server: ServerRecord): ServerStatus {
    return this.now >= server.power.at ? server.power.after : server.power.before;
  }

  /** A server works on one action at a time. */
  checkUnlocked(server: ServerRecord): void {
    if (server.busyUntil > this.now)
      throw new ApiError(423, 'locked', `server with ID '${server.id}' is locked: another action is running`);
  }

  /** So does a network; there the code is `conflict`, and clients try again. */
  checkNoConflict(network: NetworkRecord): void {
    if (network.busyUntil > this.now)
      throw new ApiError(409, 'conflict', 'the resource is being changed by another action, please try again');
  }

  serversOfNetwork(network: number): ServerRecord[] {
    return this.servers.all().filter((server) => server.privateNet.some((entry) => entry.network === network));
  }

  serversOfGroup(group: number): ServerRecord[] {
    return this.servers.all().filter((server) => server.placementGroup === group);
  }

  serversOfSelector(selector: string): ServerRecord[] {
    const matches = parseSelector(selector);
    return this.servers.all().filter((server) => matches(server.labels));
  }

  /** Firewalls that reach a server, directly or by label. */
  firewallsOfServer(server: ServerRecord): FirewallRecord[] {
    return this.firewalls
      .all()
      .filter((firewall) =>
        firewall.appliedTo.some((target) =>
          target.type === 'server'
            ? target.server.id === server.id
            : parseSelector(target.label_selector.selector)(server.labels),
        ),
      );
  }

  /** A free address of the documentation ranges, no other tenant's; each one is used once before any is used again. */
  allocateAddress(type: 'ipv4' | 'ipv6'): string {
    const cursors = this.#deps.store.collection<number>('hetzner/address-cursors');
    const taken = new Set([
      ...(this.#deps.taken ?? []),
      ...this.#deps.tenants
        .flatMap((tenant) => this.#deps.store.collection<PrimaryIpRecord>(`hetzner/${tenant.name}/primary_ips`).all())
        .map((record) => record.ip),
    ]);
    const pool = type === 'ipv4' ? 2 * 254 : 0xffff;
    const from = cursors.get(type) ?? 0;
    for (let step = 0; step < pool; step++) {
      const index = (from + step) % pool;
      const address =
        type === 'ipv6'
          ? `2001:db8:0:${(index + 1).toString(16)}::/64`
          : `${index < 254 ? '203.0.113' : '198.51.100'}.${(index % 254) + 1}`;
      if (taken.has(address)) continue;
      cursors.put(type, (index + 1) % pool);
      return address;
    }
    throw new ApiError(503, 'resource_unavailable', `no ${type} addresses are left`);
  }

  /** An object that a reference (`id` or name) means. */
  find<T extends { id: number; name: string }>(objects: readonly T[], field: string, reference: string | number): T {
    const found =
      objects.find((object) => object.id === Number(reference)) ?? objects.find((object) => object.name === reference);
    if (found === undefined) throw invalidInput(field, `'${reference}' does not exist`);
    return found;
  }
}
