import { afterEach, beforeEach, expect } from 'vitest';

/** What one side does and the other does not; whatever is not listed here is the same on both. */
export interface TailnetAbilities {
  /** A host sees those that a rule joins it with. False: all of its tailnet. */
  filtersPeers: boolean;
  /** A device that waits for approval carries no routes. False: it is only shown as waiting. */
  holdsBack: boolean;
  /** The elder router takes a route back when it can carry it again. False: whoever carries it keeps it. */
  takesBack: boolean;
  /** All that the service's policies know. False: one with roles of people in its rules, funnel and the like is refused. */
  wholePolicy: boolean;
  /** The key of a device with tags ends when its host logs out. False: the device is shown as away, its key goes on. */
  endsKeyOnLogout: boolean;
  /** A device that is removed from the tailnet ends at once on its host. False: the host finds out when it asks next. */
  endsAtOnce: boolean;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Empty for what is no JSON. */
  json: Record<string, unknown>;
}

/** What a host knows of itself. */
export interface Self {
  nodeId: string;
  /** MagicDNS name. */
  name: string;
  addresses: string[];
  tags: string[];
  /** When its key ends, ms; null: never. */
  keyEnds: number | null;
  /** Routes that it offers to the control plane. */
  offers: string[];
}

/** A host that joined. */
export interface Member {
  readonly nodeId: string;
  self(): Promise<Self>;
  /** Host names of the other devices that it sees. */
  peers(): Promise<string[]>;
  offer(routes: string[]): Promise<void>;
  /** Log out. */
  leave(): Promise<void>;
}

/** Credentials of a tailnet. */
export interface Credentials {
  name: string;
  apiKey: string;
  oauthClientId: string;
  oauthClientSecret: string;
}

/** A tailnet with its API, and hosts that can join it. */
export interface TailnetBench {
  readonly acme: Credentials;
  /** Another tailnet behind the same API. */
  readonly other: Credentials;
  /** One call as the owner of `acme`, or with another authorization. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** `tailscale up`. Throws with the control server's words when it is refused. */
  join(authKey: string, hostname: string, routes?: string[]): Promise<Member>;
  /** Routes that the control plane lets a device carry now. */
  carried(nodeId: string): Promise<string[]>;
  /** Lets time go by. */
  pass(seconds: number): Promise<void>;
  close(): Promise<void>;
}

export type Open = () => Promise<TailnetBench>;

/** The bench of the test that runs. */
export function benchOf(open: Open): () => TailnetBench {
  let bench: TailnetBench | undefined;
  beforeEach(async () => {
    bench = await open();
  });
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });
  return () => {
    if (bench === undefined) throw new Error('there is no bench outside a test');
    return bench;
  };
}

export const LAN = '10.77.10.0/24';

/** Default deny, one router tag that the deploying side owns, its route approved. */
export const POLICY = `{
	"groups": {"group:sre": ["grace@example.com"]},
	"hosts": {"fra-db-01": "10.77.10.10", "laptop": "100.100.1.1"},
	"tagOwners": {
		"tag:iac": ["autogroup:admin"],
		"tag:router": ["tag:iac"],
		"tag:spare": ["tag:iac"],
		"tag:foreign": ["group:sre"],
	},
	"autoApprovers": {"routes": {"10.77.10.0/24": ["tag:router"]}},
	"grants": [
		// On call.
		{"src": ["group:sre"], "dst": ["tag:router"], "ip": ["tcp:22"]},
		{"src": ["laptop"], "dst": ["fra-db-01"], "ip": ["tcp:5432"]},
	],
}
`;

export const basic = (key: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
});

/** A token of the OAuth client, as a header. */
export async function bearer(bench: TailnetBench, client: Credentials = bench.acme): Promise<Record<string, string>> {
  const { json } = await bench.call('POST', '/oauth/token', 'grant_type=client_credentials', {
    authorization: `Basic ${Buffer.from(`${client.oauthClientId}:${client.oauthClientSecret}`).toString('base64')}`,
  });
  return { authorization: `Bearer ${String(json.access_token)}` };
}

export const setPolicy = (bench: TailnetBench, text = POLICY): Promise<Answer> =>
  must(bench, 'POST', '/tailnet/-/acl', text);

/** A call that must succeed. */
export async function must(bench: TailnetBench, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await bench.call(method, path, body);
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(200);
  return answer;
}

export interface KeyWish {
  tags?: string[];
  reusable?: boolean;
  ephemeral?: boolean;
  preauthorized?: boolean;
  expirySeconds?: number;
}

export const keyBody = ({ expirySeconds = 3600, ...wish }: KeyWish = {}): object => ({
  capabilities: {
    devices: { create: { reusable: false, ephemeral: false, preauthorized: true, tags: ['tag:router'], ...wish } },
  },
  expirySeconds,
  description: 'fra edge 01',
});

/** A key, one-off and preauthorised unless asked otherwise. */
export async function makeKey(bench: TailnetBench, wish: KeyWish = {}): Promise<{ id: string; key: string }> {
  const { json } = await must(bench, 'POST', '/tailnet/-/keys', keyBody(wish));
  return { id: String(json.id), key: String(json.key) };
}

export const joinNew = async (
  bench: TailnetBench,
  hostname: string,
  { routes = [], ...wish }: KeyWish & { routes?: string[] } = {},
): Promise<Member> => bench.join((await makeKey(bench, wish)).key, hostname, routes);

export async function device(bench: TailnetBench, id: string): Promise<Record<string, unknown>> {
  return (await must(bench, 'GET', `/device/${id}?fields=all`)).json;
}

/** Both sides may take a moment: until it holds, or for half a minute: headscale waits ten seconds for somebody who left to come back. */
export const eventually = <T>(what: () => Promise<T>) => expect.poll(what, { timeout: 30_000, interval: 100 });

/** Two times, in ms or RFC 3339, are the same to a second: each side rounds in its own way. */
export const sameTime = (a: unknown, b: unknown): boolean =>
  [a, b].every((time) => typeof time === 'number' || typeof time === 'string') &&
  Math.abs(new Date(a as string).getTime() - new Date(b as string).getTime()) <= 1000;
