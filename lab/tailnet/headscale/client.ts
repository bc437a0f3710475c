import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { z } from 'zod';

const NODE = z.object({
  id: z.string(),
  machineKey: z.string(),
  nodeKey: z.string(),
  ipAddresses: z.array(z.string()),
  /** What the host calls itself. */
  name: z.string(),
  /** First label of its MagicDNS name. */
  givenName: z.string(),
  lastSeen: z.string().nullable(),
  expiry: z.string().nullable(),
  preAuthKey: z.object({ id: z.string(), ephemeral: z.boolean() }).nullish(),
  createdAt: z.string(),
  online: z.boolean(),
  approvedRoutes: z.array(z.string()),
  availableRoutes: z.array(z.string()),
  /** Routes that this node carries now. */
  subnetRoutes: z.array(z.string()),
  tags: z.array(z.string()),
});
export type HeadscaleNode = z.infer<typeof NODE>;

const PRE_AUTH_KEY = z.object({ id: z.string(), key: z.string(), used: z.boolean() });
const USER = z.object({ id: z.string(), name: z.string() });
const FAILURE = z.object({ message: z.string() });

/** headscale's own refusal, in its words. Which of its layers they passed through says nothing to people. */
export class HeadscaleRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(
      `headscale, the control server of this lab, refuses: ${message.replace(/^((setting|parsing) policy: )+/, '')}`,
    );
    this.name = 'HeadscaleRefusal';
    this.status = status;
  }
}

export interface ClientOptions {
  /** Opens a TCP connection to the control server. */
  connect: () => Promise<Socket>;
  address: string;
  caPem: string;
  apiKey: string;
}

const TIMEOUT_MS = 10_000;

/** The part of headscale's REST interface (0.29) that the lab needs. Every call throws HeadscaleRefusal when it is refused. */
export class HeadscaleClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async nodes(): Promise<HeadscaleNode[]> {
    return z.object({ nodes: z.array(NODE) }).parse(await this.#ask('GET', 'node')).nodes;
  }

  /**
   * @param key.user id of the person whose devices it makes; a key belongs to a person or has tags
   * @param key.expires RFC 3339
   */
  async createKey(key: {
    user: string | undefined;
    tags: string[];
    reusable: boolean;
    ephemeral: boolean;
    expires: string;
  }): Promise<{ id: string; key: string }> {
    const { user, tags: aclTags, reusable, ephemeral, expires: expiration } = key;
    const answer = await this.#ask('POST', 'preauthkey', { user, aclTags, reusable, ephemeral, expiration });
    return z.object({ preAuthKey: PRE_AUTH_KEY }).parse(answer).preAuthKey;
  }

  async keys(): Promise<{ id: string; used: boolean }[]> {
    return z.object({ preAuthKeys: z.array(PRE_AUTH_KEY) }).parse(await this.#ask('GET', 'preauthkey')).preAuthKeys;
  }

  async expireKey(id: string): Promise<void> {
    await this.#ask('POST', 'preauthkey/expire', { id });
  }

  /** Login of everybody that it knows → id. */
  async people(): Promise<Map<string, string>> {
    const { users } = z.object({ users: z.array(USER) }).parse(await this.#ask('GET', 'user'));
    return new Map(users.map(({ id, name }) => [name, id]));
  }

  /** Answers the id. */
  async addPerson(login: string): Promise<string> {
    const answer = await this.#ask('POST', 'user', { name: login, email: login });
    return z.object({ user: USER }).parse(answer).user.id;
  }

  async setTags(node: string, tags: string[]): Promise<void> {
    await this.#ask('POST', `node/${node}/tags`, { tags });
  }

  async approveRoutes(node: string, routes: string[]): Promise<void> {
    await this.#ask('POST', `node/${node}/approve_routes`, { routes });
  }

  /** When its key ends (RFC 3339); null: never. */
  async setExpiry(node: string, at: string | null): Promise<void> {
    // In the query: a body is not read, and the key would end at once.
    const wish = at === null ? 'disable_expiry=true' : `expiry=${encodeURIComponent(at)}`;
    await this.#ask('POST', `node/${node}/expire?${wish}`);
  }

  async rename(node: string, name: string): Promise<void> {
    await this.#ask('POST', `node/${node}/rename/${encodeURIComponent(name)}`);
  }

  async deleteNode(node: string): Promise<void> {
    await this.#ask('DELETE', `node/${node}`);
  }

  async setPolicy(policy: string): Promise<void> {
    await this.#ask('PUT', 'policy', { policy });
  }

  /** Throws when it would be refused. */
  async checkPolicy(policy: string): Promise<void> {
    await this.#ask('POST', 'policy/check', { policy });
  }

  async healthy(): Promise<boolean> {
    return this.#ask('GET', 'node').then(
      () => true,
      () => false,
    );
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const { status, text } = await this.#send(
      method,
      `/api/v1/${path}`,
      body === undefined ? undefined : JSON.stringify(body),
    );
    if (status < 400) return text === '' ? {} : JSON.parse(text);
    let said: unknown;
    try {
      said = JSON.parse(text);
    } catch {
      said = { message: text };
    }
    throw new HeadscaleRefusal(status, FAILURE.safeParse(said).data?.message ?? text);
  }

  async #send(method: string, path: string, body: string | undefined): Promise<{ status: number; text: string }> {
    const { connect, address, caPem, apiKey } = this.#options;
    const socket = await connect();
    const secure: TLSSocket = connectTls({ socket, ca: caPem, host: address, servername: '' });
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          method,
          path,
          createConnection: () => secure,
          headers: {
            host: address,
            authorization: `Bearer ${apiKey}`,
            connection: 'close',
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
          timeout: TIMEOUT_MS,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        },
      );
      sent.once('timeout', () => sent.destroy(new Error(`headscale at ${address} does not answer`)));
      sent.once('error', reject);
      secure.once('error', reject);
      sent.end(body);
    });
  }
}
