import { randomUUID } from 'node:crypto';
import type { Clock, Compute, ServerView, Store, TailnetNodes, Unexecuted } from '../types.ts';
import { asFound, renamed } from './as-found.ts';
import { firstBoot } from './cloud-init.ts';
import { prune, revertWhenDue } from './revert.ts';
import { unexecutedOn } from './unexecuted.ts';
import type { Collections, Disk, HostRecord, Release } from './types.ts';

/** Called when a server went off, was rebooted or is gone: its connections end. */
export type Unplugged = (serverId: string) => void;

/**
 * The hosts behind the cloud's servers. A host begins when its server first runs, and ends with it: a replaced
 * server is another id, so another machine.
 */
export class Hosts {
  readonly collections: Collections;
  readonly #compute: Compute;
  readonly #nodes: TailnetNodes;
  readonly #clock: Clock;
  readonly #unplugged: Unplugged;

  constructor(deps: { store: Store; compute: Compute; nodes: TailnetNodes; clock: Clock; unplugged: Unplugged }) {
    this.collections = {
      hosts: deps.store.collection<HostRecord>('hosts'),
      disks: deps.store.collection<Disk>('host-disks'),
      releases: deps.store.collection<Release>('host-releases'),
    };
    this.#compute = deps.compute;
    this.#nodes = deps.nodes;
    this.#clock = deps.clock;
    this.#unplugged = deps.unplugged;
  }

  /** Brings the hosts up to what the cloud and the clock say. */
  sync(): void {
    const servers = this.#compute.all();
    const there = new Set(servers.map((server) => server.id));
    for (const host of this.collections.hosts.all()) {
      if (!there.has(host.serverId)) this.#remove(host);
    }
    for (const server of servers) this.#follow(server);
  }

  /** The record of a running server, its revert timer looked at; undefined when it is off. */
  running(server: ServerView): HostRecord | undefined {
    this.#follow(server);
    const host = this.collections.hosts.get(server.id);
    return host?.powered ? host : undefined;
  }

  unexecuted(): Unexecuted[] {
    return this.collections.hosts
      .all()
      .flatMap((host) => unexecutedOn(host).map((entry) => ({ host: host.name, ...entry })));
  }

  #follow(server: ServerView): void {
    const known = this.collections.hosts.get(server.id);
    if (!known) {
      if (server.running) this.#firstBoot(server);
      return;
    }
    const told = renamed(known, server);
    const host = told ?? known;
    const reverted = revertWhenDue(this.collections, host, this.#clock());
    const rebooted = server.running && server.bootedAt !== undefined && server.bootedAt !== host.bootedAt;
    const switched = host.powered !== server.running || rebooted;
    if (switched) {
      host.powered = server.running;
      if (server.running) {
        host.bootId = randomUUID();
        host.bootedAt = server.bootedAt ?? null;
      }
      if (host.nodeId !== null) this.#nodes.setOnline(host.nodeId, server.running);
    }
    if (told || reverted || switched) this.collections.hosts.put(server.id, host);
    if (switched) this.#unplugged(server.id);
  }

  /** user_data runs here and never again for this server. */
  #firstBoot(server: ServerView): void {
    this.collections.hosts.put(server.id, {
      serverId: server.id,
      name: server.name,
      bornAt: server.bootedAt ?? this.#clock(),
      bootedAt: server.bootedAt ?? null,
      bootId: randomUUID(),
      powered: true,
      ...(server.existing
        ? asFound(server.existing, server.authorizedKeys)
        : firstBoot(server.userData, server.authorizedKeys)),
      retired: false,
      tools: [],
      staged: {},
      active: null,
      previous: null,
      confirmed: null,
      pending: null,
      overlay: false,
      nodeId: null,
      wantedRoutes: [],
      drained: false,
    });
  }

  #remove(host: HostRecord): void {
    if (host.nodeId !== null) this.#nodes.setOnline(host.nodeId, false);
    prune(this.collections, host, []);
    this.collections.disks.delete(host.serverId);
    this.collections.hosts.delete(host.serverId);
    this.#unplugged(host.serverId);
  }
}
