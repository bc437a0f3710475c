import { addressNumber, EVERY, familyOf, overlap, TAILNET, within, type Family, type Range } from './ranges.ts';
import type { Selector } from './types.ts';
import { rangesOf, selectorKey, type Entity } from './universe.ts';
import type { World, WorldNode } from './world.ts';

/** One face of an entity: what it is in one family of addresses. Connections are between faces of one family. */
export interface Face {
  entity: number;
  family: Family;
  /** Whose device it is; undefined for tagged nodes and for addresses. */
  login?: string;
  /** Tailscale SSH does not answer there. */
  silent?: boolean;
}

/** Faces that a selector selects. `maybe`: nobody knows yet, since they have no address so far. */
export interface Selected {
  sure: readonly number[];
  maybe: readonly number[];
}

type Faces = Map<string, number[]>;

/** The faces of all entities in one world, indexed by what selects them. */
export class Side {
  readonly faces: Face[] = [];
  /** Entity → its faces; none where this world does not have it. */
  readonly of: number[][];
  readonly #all: number[] = [];
  readonly #members: number[] = [];
  readonly #tagged: number[] = [];
  readonly #tags: Faces = new Map();
  readonly #logins: Faces = new Map();
  readonly #domains: Faces = new Map();
  readonly #roles: Faces = new Map();
  readonly #services: Faces = new Map();
  readonly #answering = new Set<number>();
  /** Identities whose address nobody knows yet. */
  readonly #unknown: number[] = [];
  #addresses: { address: bigint; face: number; routed: boolean }[] = [];
  readonly #known = new Map<string, Selected>();

  constructor(entities: readonly Entity[], world: World) {
    const nodes = new Map(world.nodes.map((node) => [node.name, node]));
    const hosts = new Map(world.lanHosts.map((host) => [host.name, host]));
    const admins = new Set(world.people.flatMap(({ login, admin }) => (admin === true ? [login] : [])));
    // Not those of exit nodes: the internet is behind them, and never a source.
    const routes = world.nodes.flatMap((node) => rangesOf(node.routes ?? []).filter((range) => !EVERY.some((all) => within(all, range)))); // prettier-ignore
    this.of = entities.map((entity, index) => {
      const before = this.faces.length;
      switch (entity.kind) {
        case 'node': {
          const node = nodes.get(entity.name);
          if (node !== undefined) this.#node(index, node, admins);
          break;
        }
        case 'person':
          this.#person(index, entity.login, admins.has(entity.login));
          break;
        case 'others':
          this.#others(index, entity);
          break;
        case 'lan-host':
          for (const range of rangesOf(hosts.get(entity.name)?.addresses ?? [])) this.#address(index, range, routes);
          break;
        case 'addresses':
          this.#address(index, entity.range, routes);
          break;
        case 'service':
          // A service answers and never asks: it is in nobody's `*` as a source.
          for (const face of this.#identity(index)) {
            add(this.#services, entity.name, face);
            this.#answering.add(face);
          }
          break;
      }
      return Array.from({ length: this.faces.length - before }, (_, offset) => before + offset);
    });
    this.#addresses.sort((a, b) => (a.address < b.address ? -1 : Number(a.address > b.address)));
  }

  #face(entity: number, family: Family, login?: string): number {
    const face = this.faces.push({ entity, family, ...(login !== undefined && { login }) }) - 1;
    this.#all.push(face);
    return face;
  }

  /** Both families: a member of a tailnet has an address of each. */
  #identity(entity: number, login?: string): number[] {
    return [this.#face(entity, 4, login), this.#face(entity, 6, login)];
  }

  #node(entity: number, { tags, user, addresses, ssh }: WorldNode, admins: ReadonlySet<string>): void {
    const login = tags.length === 0 ? user : undefined;
    const numbers = addresses.map(addressNumber).filter((address) => address !== undefined);
    for (const face of this.#identity(entity, login)) {
      const known = this.faces[face];
      if (known !== undefined && ssh === false) known.silent = true;
      for (const tag of tags) add(this.#tags, tag, face);
      if (tags.length > 0) this.#tagged.push(face);
      if (login !== undefined) this.#owned(face, login, admins.has(login));
      const own = numbers.filter((address) => familyOf(address) === this.faces[face]?.family);
      if (own.length === 0) this.#unknown.push(face);
      for (const address of own) this.#addresses.push({ address, face, routed: true });
    }
  }

  #owned(face: number, login: string, admin: boolean): void {
    this.#members.push(face);
    if (admin) add(this.#roles, 'admin', face);
    add(this.#logins, login, face);
    add(this.#domains, login.slice(login.indexOf('@') + 1), face);
  }

  #person(entity: number, login: string, admin: boolean): void {
    for (const face of this.#identity(entity, login)) {
      this.#owned(face, login, admin);
      this.#unknown.push(face);
    }
  }

  #others(entity: number, one: Extract<Entity, { kind: 'others' }>): void {
    for (const face of this.#identity(entity)) {
      this.#unknown.push(face);
      if (one.tag !== undefined) add(this.#tags, one.tag, face);
      if (one.role !== undefined) add(this.#roles, one.role, face);
      if (one.domain !== undefined) add(this.#domains, one.domain, face);
      // Of people from other tailnets (shared) nobody is a member.
      if (one.tagged === true) this.#tagged.push(face);
      else if (one.role !== 'shared') this.#members.push(face);
    }
  }

  #address(entity: number, range: Range, routes: readonly Range[]): void {
    const face = this.#face(entity, familyOf(range[0]));
    this.#addresses.push({ address: range[0], face, routed: routes.some((route) => within(range, route)) });
  }

  /** Who a selector selects on this side of a rule. `autogroup:self` selects nobody here: it depends on who asks. */
  select(one: Selector, side: 'src' | 'dst'): Selected {
    const key = `${side} ${selectorKey(one)}`;
    const known = this.#known.get(key) ?? this.#select(one, side);
    this.#known.set(key, known);
    return known;
  }

  #select(one: Selector, side: 'src' | 'dst'): Selected {
    switch (one.kind) {
      case 'any':
        return sure(side === 'dst' ? this.#all : this.#inTailnet());
      case 'user':
        return sure(this.#logins.get(one.login) ?? []);
      case 'domain':
        return sure(this.#domains.get(one.domain) ?? []);
      case 'group':
        return sure([...new Set(one.members)].flatMap((login) => this.#logins.get(login) ?? []));
      case 'tag':
        return sure(this.#tags.get(one.tag) ?? []);
      case 'autogroup':
        return sure(this.#autogroup(one.name, side));
      case 'addresses':
        return this.#within(one.ranges);
      case 'service':
        return sure(this.#services.get(one.text) ?? []);
    }
  }

  #autogroup(name: string, side: 'src' | 'dst'): readonly number[] {
    if (name === 'danger-all' && side === 'src') return this.#all.filter((face) => !this.#answering.has(face));
    if (name === 'member') return this.#members;
    if (name === 'tagged') return this.#tagged;
    return this.#roles.get(name) ?? [];
  }

  /** Nodes, and what is behind approved routes: what `*` means as a source. */
  #inTailnet(): number[] {
    const beyond = new Set(this.#addresses.flatMap(({ face, routed }) => (routed ? [] : [face])));
    return this.#all.filter((face) => !beyond.has(face) && !this.#answering.has(face));
  }

  /**
   * Whoever has no address yet may get one in a prefix of the tailnet's. A single address is told as itself where no node has it: to call
   * everybody its possible holder would say nothing.
   */
  #within(ranges: readonly Range[]): Selected {
    const found = ranges.flatMap(([first, last]) => {
      const faces: number[] = [];
      for (let index = this.#lower(first); ; index++) {
        const one = this.#addresses[index];
        if (one === undefined || one.address > last) return faces;
        faces.push(one.face);
      }
    });
    const all = TAILNET.map((whole) => ranges.some((range) => within(whole, range)));
    const some = TAILNET.map((whole) => ranges.some((range) => range[0] < range[1] && overlap(range, whole)));
    const [sureOnes, maybe]: [number[], number[]] = [[...new Set(found)], []];
    if (some.some(Boolean)) {
      for (const face of this.#unknown) {
        const index = this.faces[face]?.family === 4 ? 0 : 1;
        if (all[index] === true) sureOnes.push(face);
        else if (some[index] === true) maybe.push(face);
      }
    }
    return { sure: sureOnes, maybe };
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

const sure = (faces: readonly number[]): Selected => ({ sure: faces, maybe: [] });

function add(index: Faces, key: string, face: number): void {
  const known = index.get(key);
  if (known) known.push(face);
  else index.set(key, [face]);
}
