import { randomUUID } from 'node:crypto';
import type { Clock, Collection, Faults, Store } from '../../types.ts';
import { REGIONS } from './catalog.ts';
import { notFound, unprocessable } from './errors.ts';
import type {
  ActionRecord,
  BootRecord,
  DropletRecord,
  DropletStatus,
  FirewallRecord,
  ProjectRecord,
  ReservedIpRecord,
  SshKeyRecord,
  TagRecord,
  VpcRecord,
} from './records.ts';

export interface DigitalOceanDeps {
  store: Store;
  faults: Faults;
  clock: Clock;
  /** One account per token. `name` is the tenant, for the log and the store. */
  accounts: readonly { name: string; token: string }[];
  /** Keys of images that droplets can have, like `debian-12`; absent: all. */
  images?: readonly string[] | undefined;
  /** How long an action runs, ms. */
  actionMs?: number;
}

/** Numbers of the service for a new account, so that a program that forgets one of them learns it here. */
export const LIMITS = {
  droplets: 25,
  reservedIps: 3,
  firewalls: 100,
  rulesPerFirewall: 50,
  dropletsPerFirewall: 10,
  tagsPerFirewall: 5,
  addressesPerRule: 1000,
  userDataBytes: 64 * 1024,
};

/** Public addresses of this cloud: TEST-NET-1 alone, split so that a reserved address never equals a droplet's own. */
const DROPLET_ADDRESSES = { from: 1, count: 199 };
const RESERVED_ADDRESSES = { from: 200, count: 55 };

/** One account: its collections, its clock, its actions. */
export class Account {
  readonly name: string;
  readonly #deps: DigitalOceanDeps;
  readonly sshKeys: Collection<SshKeyRecord>;
  readonly vpcs: Collection<VpcRecord>;
  readonly tags: Collection<TagRecord>;
  readonly firewalls: Collection<FirewallRecord>;
  readonly droplets: Collection<DropletRecord>;
  readonly boots: Collection<BootRecord>;
  readonly reservedIps: Collection<ReservedIpRecord>;
  readonly projects: Collection<ProjectRecord>;
  readonly actions: Collection<ActionRecord>;

  constructor(name: string, deps: DigitalOceanDeps) {
    this.name = name;
    this.#deps = deps;
    const open = <T>(kind: string) => deps.store.collection<T>(`digitalocean/${name}/${kind}`);
    this.sshKeys = open('ssh_keys');
    this.vpcs = open('vpcs');
    this.tags = open('tags');
    this.firewalls = open('firewalls');
    this.droplets = open('droplets');
    this.boots = open('boots');
    this.reservedIps = open('reserved_ips');
    this.projects = open('projects');
    this.actions = open('actions');
  }

  get now(): number {
    return this.#deps.clock();
  }

  get actionMs(): number {
    return this.#deps.actionMs ?? 40;
  }

  /** Keys of images that droplets can have; undefined: all. */
  get images(): readonly string[] | undefined {
    return this.#deps.images;
  }

  nextId(): number {
    return this.#deps.store.nextId();
  }

  get faults(): Faults {
    return this.#deps.faults;
  }

  /** What is being destroyed ends when its time has come. Called before anything looks at the account. */
  sweep(): void {
    for (const droplet of this.droplets.all()) {
      if (droplet.goneAt === null || droplet.goneAt > this.now) continue;
      this.droplets.delete(String(droplet.id));
      this.boots.delete(String(droplet.id));
    }
  }

  /** An account in use has a default project and a default VPC in every region. Made on first use, also after a reset. */
  open(): void {
    if (this.projects.all().length > 0) return;
    const { now } = this;
    for (const region of REGIONS) {
      const id = randomUUID();
      this.vpcs.put(id, {
        id,
        name: `default-${region.slug}`,
        description: '',
        region: region.slug,
        ipRange: region.defaultRange,
        default: true,
        created: now,
        nextHost: 2,
      });
    }
    const id = randomUUID();
    this.projects.put(id, {
      id,
      name: 'first-project',
      description: 'Update your project information under Settings',
      purpose: 'Just trying out DigitalOcean',
      environment: '',
      default: true,
      created: now,
      updated: now,
    });
  }

  get defaultProject(): ProjectRecord {
    const project = this.projects.all().find((candidate) => candidate.default);
    if (project === undefined) throw notFound();
    return project;
  }

  /** The record, or the 404 that clients take for "gone". */
  get<T>(collection: Collection<T>, id: string | number): T {
    const record = collection.get(String(id));
    if (record === undefined) throw notFound();
    return record;
  }

  status(droplet: DropletRecord): DropletStatus {
    return this.now >= droplet.power.at ? droplet.power.after : droplet.power.before;
  }

  isLocked(droplet: DropletRecord): boolean {
    return droplet.busyUntil > this.now;
  }

  /** A droplet works on one event at a time. */
  checkUnlocked(droplet: DropletRecord): void {
    if (this.isLocked(droplet)) throw unprocessable('Droplet already has a pending event.');
  }

  /** Starts an action; with the fault `action-error` on the name it ends in error, and the caller must change nothing. */
  start(type: string, resource: ActionRecord['resource'], region: string, name: string): ActionRecord {
    const started = this.now;
    const action: ActionRecord = {
      id: this.nextId(),
      type,
      started,
      finishes: started + this.actionMs,
      resource,
      region,
      errored: this.#deps.faults.hits('action-error', name),
    };
    this.actions.put(String(action.id), action);
    return action;
  }

  dropletsOfVpc(vpc: string): DropletRecord[] {
    return this.droplets.all().filter((droplet) => droplet.vpc === vpc);
  }

  dropletsOfTag(tag: string): DropletRecord[] {
    return this.droplets.all().filter((droplet) => droplet.tags.includes(tag));
  }

  /** Tags compare without case; the first spelling stays. */
  findTag(name: string): TagRecord | undefined {
    return this.tags.all().find((tag) => tag.name.toLowerCase() === name.toLowerCase());
  }

  reservedIpOf(droplet: number): ReservedIpRecord | undefined {
    return this.reservedIps.all().find((record) => record.droplet === droplet);
  }

  /** A public address that nobody has; each one is used once before any is used again. */
  allocateAddress(kind: 'droplet' | 'reserved'): string {
    const { from, count } = kind === 'droplet' ? DROPLET_ADDRESSES : RESERVED_ADDRESSES;
    const collections = this.#deps.accounts.flatMap((account) => {
      const all = new Account(account.name, this.#deps);
      return [
        ...all.droplets.all().map((droplet) => droplet.publicAddress),
        ...all.reservedIps.all().map((record) => record.ip),
      ];
    });
    return this.#next(kind, count, (index) => `192.0.2.${from + index}`, new Set(collections));
  }

  allocateIpv6(): string {
    return this.#next('ipv6', 0xffff, (index) => `2001:db8:d0::${(index + 1).toString(16)}`, new Set());
  }

  #next(kind: string, count: number, address: (index: number) => string, taken: Set<string>): string {
    const cursors = this.#deps.store.collection<number>('digitalocean/address-cursors');
    const from = cursors.get(kind) ?? 0;
    for (let step = 0; step < count; step++) {
      const index = (from + step) % count;
      if (taken.has(address(index))) continue;
      cursors.put(kind, (index + 1) % count);
      return address(index);
    }
    throw unprocessable('no public addresses are left');
  }
}
