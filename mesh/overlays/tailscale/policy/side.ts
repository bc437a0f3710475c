import { EVERY, familyOf, overlap, TAILNET, within, type Family, type Range } from './ranges.ts';
import { Once } from './once.ts';
import type { Selector } from './types.ts';
import { hasDevices, rangesOf, type Entity } from './universe.ts';
import type { World, WorldNode } from './world.ts';

/** One face of an entity: what it is in one family of addresses. Connections are between faces of one family. */
export interface Face {
  family: Family;
  /** None as long as nobody knows them. */
  addresses: readonly Range[];
  /** Whose device it is; undefined for tagged nodes and for addresses. */
  login?: string;
  /** False: Tailscale SSH does not answer there. */
  ssh?: boolean;
}

/** Faces that a selector selects. `maybe`: nobody knows yet, since they have no address so far. */
export interface Selected {
  /** Some of them more than once. */
  sure: readonly Face[];
  maybe: readonly Face[];
}

/** The faces of all entities in one world, indexed by what selects them. */
export class Side {
  /** Faces of every entity that this world has, in the order of entities. */
  readonly faces = new Map<Entity, readonly Face[]>();
  readonly #all: Face[] = [];
  readonly #members: Face[] = [];
  readonly #tagged: Face[] = [];
  /** Faces by tag, by service, and by `domain DOMAIN` and `role ROLE`. */
  readonly #named = new Map<string, Face[]>();
  readonly #answering = new Set<Face>();
  /** Addresses that no approved route leads to. */
  readonly #beyond = new Set<Face>();
  /** Identities whose address nobody knows yet. */
  readonly #unknown: Record<Family, Face[]> = { 4: [], 6: [] };
  /** First addresses of all that is known, ascending. */
  readonly #addresses: { address: bigint; face: Face }[] = [];
  /** Prefixes that sources can be behind. */
  readonly #routes: readonly Range[];
  readonly #selected = new Once<string, Selected>();

  constructor(entities: readonly Entity[], world: World) {
    const nodes = new Map(world.nodes.map((node) => [node.name, node]));
    const hosts = new Map(world.lanHosts.map((host) => [host.name, host]));
    const admins = new Set(world.people.flatMap(({ login, admin }) => (admin === true ? [login] : [])));
    // Not those of exit nodes: the internet is behind them, and never a source.
    const routes = world.nodes.flatMap((node) => rangesOf(node.routes ?? []));
    this.#routes = routes.filter((range) => !EVERY.some((all) => within(all, range)));
    for (const entity of entities) {
      const own = this.#facesOf(entity, nodes, hosts, admins);
      if (own !== undefined) this.faces.set(entity, own);
    }
    for (const face of this.#all) for (const [address] of face.addresses) this.#addresses.push({ address, face });
    this.#addresses.sort((a, b) => Number(a.address - b.address));
  }

  /** Whether somebody among them has addresses of both families. */
  hasBoth(some: readonly Entity[]): boolean {
    return some.some((one) => new Set(this.faces.get(one)?.map(({ family }) => family)).size > 1);
  }

  /** Whether it is somebody's device, or who has such. */
  hasOwner(one: Entity): boolean {
    return hasDevices(one) || this.faces.get(one)?.some(({ login }) => login !== undefined) === true;
  }

  #facesOf(
    entity: Entity,
    nodes: ReadonlyMap<string, WorldNode>,
    hosts: ReadonlyMap<string, World['lanHosts'][number]>,
    admins: ReadonlySet<string>,
  ): Face[] | undefined {
    switch (entity.kind) {
      case 'node': {
        const node = nodes.get(entity.name);
        return node && this.#node(node, admins);
      }
      case 'person':
        return this.#person(entity.name, admins);
      case 'others':
        return this.#others(entity);
      case 'lan-host': {
        const host = hosts.get(entity.name);
        return host && rangesOf(host.addresses).map((range) => this.#address(range));
      }
      case 'addresses':
        return [this.#address(entity.range)];
      case 'service':
        return this.#service(entity.key);
    }
  }

  #face(face: Face): Face {
    this.#all.push(face);
    return face;
  }

  /** Both families: a member of a tailnet has an address of each. */
  #identity(login?: string, addresses: readonly Range[] = [], ssh?: boolean): Face[] {
    return ([4, 6] as const).map((family) =>
      this.#face({ family, addresses: addresses.filter(([one]) => familyOf(one) === family), login, ssh }),
    );
  }

  #node({ tags, user, addresses, ssh }: WorldNode, admins: ReadonlySet<string>): Face[] {
    const login = tags.length === 0 ? user : undefined;
    const faces = this.#identity(login, rangesOf(addresses), ssh);
    if (login !== undefined) this.#owned(faces, login, admins);
    if (tags.length > 0) this.#tagged.push(...faces);
    for (const tag of tags) this.#name(tag, faces);
    return this.#unjoined(faces);
  }

  #person(login: string, admins: ReadonlySet<string>): Face[] {
    const faces = this.#identity(login);
    this.#owned(faces, login, admins);
    return this.#unjoined(faces);
  }

  #owned(faces: readonly Face[], login: string, admins: ReadonlySet<string>): void {
    this.#members.push(...faces);
    if (admins.has(login)) this.#name('role admin', faces);
    this.#name(`domain ${login.slice(login.indexOf('@') + 1)}`, faces);
  }

  #others({ key, name, tagged }: Extract<Entity, { kind: 'others' }>): Face[] {
    const faces = this.#identity();
    this.#name(key, faces);
    // Of people from other tailnets (shared) nobody is a member.
    if (tagged) this.#tagged.push(...faces);
    else if (name !== 'autogroup:shared') this.#members.push(...faces);
    return this.#unjoined(faces);
  }

  #service(key: string): Face[] {
    const faces = this.#identity();
    this.#name(key, faces);
    for (const face of faces) this.#answering.add(face);
    return faces;
  }

  #unjoined(faces: Face[]): Face[] {
    for (const face of faces) if (face.addresses.length === 0) this.#unknown[face.family].push(face);
    return faces;
  }

  #name(name: string, faces: readonly Face[]): void {
    const known = this.#named.get(name);
    if (known) known.push(...faces);
    else this.#named.set(name, [...faces]);
  }

  #address(range: Range): Face {
    const [address] = range;
    const face = this.#face({ family: familyOf(address), addresses: [range] });
    if (!this.#routes.some((route) => within(range, route))) this.#beyond.add(face);
    return face;
  }

  /** Who a selector selects on this side of a rule. `autogroup:self` selects nobody here: it depends on who asks. */
  select(one: Selector, side: 'src' | 'dst'): Selected {
    return this.#selected.of(`${side} ${one.text}`, () => this.#select(one, side));
  }

  #select(one: Selector, side: 'src' | 'dst'): Selected {
    switch (one.kind) {
      case 'any':
        return sure(side === 'dst' ? this.#all : this.#inTailnet());
      case 'user':
        return this.#people([one.login]);
      case 'domain':
        return sure(this.#named.get(`domain ${one.domain}`));
      case 'group':
        return this.#people(one.members);
      case 'tag':
        return sure(this.#named.get(one.tag));
      case 'autogroup':
        return sure(this.#autogroup(one.name));
      case 'addresses':
        return this.#within(one.ranges);
      case 'service':
        return sure(this.#named.get(one.text));
    }
  }

  #people(logins: readonly (string | undefined)[]): Selected {
    const wanted = new Set(logins);
    return sure(this.#members.filter(({ login }) => wanted.has(login)));
  }

  #autogroup(name: string): readonly Face[] | undefined {
    if (name === 'danger-all') return this.#asking();
    if (name === 'member') return this.#members;
    if (name === 'tagged') return this.#tagged;
    return this.#named.get(`role ${name}`);
  }

  /** A service answers and never asks. */
  #asking(): Face[] {
    return this.#all.filter((face) => !this.#answering.has(face));
  }

  /** Nodes, and what is behind approved routes: what `*` means as a source. */
  #inTailnet(): Face[] {
    return this.#asking().filter((face) => !this.#beyond.has(face));
  }

  /**
   * Whoever has no address yet may get one in a prefix of the tailnet's. A single address is told as itself where no node has it: to call
   * everybody its possible holder would say nothing.
   */
  #within(ranges: readonly Range[]): Selected {
    const found: Face[] = [];
    const maybe: Face[] = [];
    for (const [first, last] of ranges)
      for (let index = this.#lower(first); ; index++) {
        const one = this.#addresses[index];
        if (one === undefined || one.address > last) break;
        found.push(one.face);
      }
    for (const whole of TAILNET) {
      const [first] = whole;
      const certain = ranges.some((range) => within(whole, range));
      const possible = ranges.some(([low, high]) => low < high && overlap([low, high], whole));
      const unknown = this.#unknown[familyOf(first)];
      if (certain) found.push(...unknown);
      else if (possible) maybe.push(...unknown);
    }
    return { sure: found, maybe };
  }

  /** Index of the first address that is at least this one. */
  #lower(address: bigint): number {
    let [low, high] = [0, this.#addresses.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#addresses[middle]?.address ?? 0n) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const sure = (faces: readonly Face[] = []): Selected => ({ sure: faces, maybe: [] });
