import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'jsonc-parser';
import { forHeadscale, peopleIn } from '../../../lab/tailnet/headscale/translate.ts';
import { names, type Match } from '../../oracle/filter.ts';
import type { Joined, JoinedNode } from '../../oracle/party.ts';
import { isIn, address, span } from '../../reference/address.ts';
import type { Server } from './bench.ts';
import type { TailnetNode } from './node.ts';

const SOON_MS = 30_000;
const KEY_MS = 3_600_000;

/** A node as it is to join: with tags, or as the device of a person. */
export interface Wanted {
  name: string;
  tags: string[];
  user?: string;
  routes: string[];
}

/** A tailnet of real nodes, asked what they let in. */
export class Live {
  readonly #server: Server;
  readonly #nodes: { name: string; node: TailnetNode }[] = [];
  readonly #people = new Map<string, string>();
  #pushes = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** @param policy what stands when the first of them joins; it has to own the tags and approve the routes */
  async join(policy: string, wanted: readonly Wanted[]): Promise<JoinedNode[]> {
    const { client } = this.#server;
    await this.#invite([...peopleIn(policy), ...wanted.flatMap(({ user }) => user ?? [])]);
    await client.setPolicy(forHeadscale(policy));
    const expires = new Date(Date.now() + KEY_MS).toISOString();
    return Promise.all(
      wanted.map(async ({ name, tags, user, routes }) => {
        const id = user === undefined ? undefined : this.#people.get(user);
        const { key } = await client.createKey({ user: id, tags, reusable: false, ephemeral: false, expires });
        const node = await this.#server.join(key, name, routes);
        this.#nodes.push({ name, node });
        const { addresses } = await node.self();
        return { ...{ name, tags, routes, addresses }, ...(user !== undefined && { user }) };
      }),
    );
  }

  /**
   * Puts a policy in force at all nodes. It is the given one and one grant more, from an address that nobody has and that is another
   * one each time: who lets that in has the new policy.
   * @returns node → its packet filter, without that grant
   */
  async push(policy: string): Promise<Map<string, Match[]>> {
    this.#pushes += 1;
    const mark = `192.0.2.${this.#pushes}`;
    const { grants = [], ...rest } = parse(policy, [], { allowTrailingComma: true }) as { grants?: object[] };
    const marked = { ...rest, grants: [...grants, { src: [mark], dst: ['*'], ip: ['tcp:9'] }] };
    await this.#invite(peopleIn(policy));
    await this.#server.client.setPolicy(forHeadscale(JSON.stringify(marked)));
    return new Map(await Promise.all(this.#nodes.map(({ name, node }) => marking(name, node, mark))));
  }

  async #invite(logins: readonly string[]): Promise<void> {
    for (const login of logins)
      if (!this.#people.has(login)) this.#people.set(login, await this.#server.client.addPerson(login));
  }
}

async function marking(name: string, node: TailnetNode, mark: string): Promise<[string, Match[]]> {
  const { addresses } = await node.self();
  const [to = ''] = addresses;
  for (const deadline = Date.now() + SOON_MS; ;) {
    const filter = await node.filter();
    if (names(filter, { from: mark, to, protocol: 6, port: 9 }))
      return [name, filter.filter(({ Srcs }) => Srcs?.join() !== `${mark}/32`)];
    if (Date.now() > deadline) throw new Error(`${name} has not got the new policy after ${SOON_MS / 1000} s`);
    await sleep(50);
  }
}

/** The nodes whose filters a packet to this address meets: the one that has it, or the routers of its prefix; none: it goes nowhere. */
export function gates({ nodes }: Joined, to: string): string[] {
  const own = nodes.find(({ addresses }) => addresses.includes(to));
  if (own !== undefined) return [own.name];
  return nodes.filter(({ routes }) => routes.some((route) => isIn(address(to), span(route)))).map(({ name }) => name);
}
