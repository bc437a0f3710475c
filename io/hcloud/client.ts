import { z } from 'zod';
import { pause } from '../wait.ts';
import { HcloudError } from './errors.ts';
import { http } from './http.ts';
import type { Ask, HttpOptions } from './http.ts';

const server = z.object({
  id: z.number(),
  name: z.string(),
  /** `running`, `off`, or on the way: `initializing`, `starting`, `stopping`, `rebuilding`, `migrating`, `deleting`. */
  status: z.string(),
  server_type: z.object({ id: z.number(), name: z.string() }),
  labels: z.record(z.string(), z.string()).default({}),
  public_net: z.object({ ipv4: z.object({ ip: z.string() }).nullable() }),
});
const action = z.object({
  id: z.number(),
  command: z.string(),
  status: z.enum(['running', 'success', 'error']),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
});
const amount = z.object({ net: z.string(), gross: z.string() });
const serverType = z.object({
  id: z.number(),
  name: z.string(),
  architecture: z.string(),
  /** One entry for each location that sells it. */
  prices: z.array(z.object({ location: z.string(), price_hourly: amount, price_monthly: amount })),
});
const meta = z.object({ pagination: z.object({ next_page: z.number().nullable() }) }).optional();
/** One page of a list: its items, and the number of the next page. */
const SERVERS = z
  .object({ servers: z.array(server), meta })
  .transform((answer) => ({ items: answer.servers, next: answer.meta?.pagination.next_page ?? null }));
const SERVER_TYPES = z
  .object({ server_types: z.array(serverType), meta })
  .transform((answer) => ({ items: answer.server_types, next: answer.meta?.pagination.next_page ?? null }));

export type Server = z.infer<typeof server>;
export type Action = z.infer<typeof action>;
export type ServerType = z.infer<typeof serverType>;

/** The part of the Hetzner Cloud API v1 that we use. Every method may throw HcloudError. */
export interface Hcloud {
  servers: {
    /** undefined: there is no such server in this project. */
    get(id: string, signal: AbortSignal): Promise<Server | undefined>;
    /** All of them, by exact name or by label selector (`site=eu-fra,kind=router`) where given. */
    list(filter: { name?: string; labels?: string }, signal: AbortSignal): Promise<Server[]>;
    /** Answers what was started; it is over when `actions.wait` says so. */
    powerOn(id: string, signal: AbortSignal): Promise<Action>;
  };
  actions: {
    /** Waits for its end. @throws HcloudError with the action's own code when it failed. */
    wait(started: Action, signal: AbortSignal): Promise<void>;
  };
  serverTypes: {
    /** What is sold, where, and for how much (net and gross, in the account's currency). */
    list(signal: AbortSignal): Promise<ServerType[]>;
  };
}

const POLL_SECONDS = 0.5;
const SLOWEST_POLL_SECONDS = 4;
const PER_PAGE = 50;

/** A client for one project. Opens no connection before it is asked something. */
export function hcloud(options: HttpOptions): Hcloud {
  const send = http(options);

  const read = async <Schema extends z.ZodType>(schema: Schema, ask: Ask): Promise<z.output<Schema>> => {
    const parsed = schema.safeParse(await send(ask));
    if (parsed.success) return parsed.data;
    const paths = parsed.error.issues.map((issue) => issue.path.join('.') || 'the answer').join(', ');
    throw new HcloudError(200, '', `Hetzner: ${ask.what}: the answer is not what this API answers (at: ${paths})`);
  };

  const all = async <Item>(
    schema: z.ZodType<{ items: Item[]; next: number | null }>,
    ask: Omit<Ask, 'method'>,
    query: Record<string, string> = {},
  ): Promise<Item[]> => {
    const found: Item[] = [];
    for (let number: number | null = 1; number !== null;) {
      const search = new URLSearchParams({ ...query, page: String(number), per_page: String(PER_PAGE) });
      const page: { items: Item[]; next: number | null } = await read(schema, {
        ...ask,
        method: 'GET',
        path: `${ask.path}?${search.toString()}`,
      });
      found.push(...page.items);
      number = page.next;
    }
    return found;
  };

  return {
    servers: {
      get: async (id, signal) => {
        try {
          const ask: Ask = { method: 'GET', path: serverAt(id), what: `reading server ${id}`, signal };
          return (await read(z.object({ server }), ask)).server;
        } catch (error) {
          if (error instanceof HcloudError && error.code === 'not_found') return undefined;
          throw error;
        }
      },
      list: ({ name, labels }, signal) =>
        all(
          SERVERS,
          { path: '/servers', what: 'listing servers', signal },
          { ...(name !== undefined && { name }), ...(labels !== undefined && { label_selector: labels }) },
        ),
      powerOn: async (id, signal) => {
        const ask: Ask = {
          method: 'POST',
          path: `${serverAt(id)}/actions/poweron`,
          what: `powering on server ${id}`,
          signal,
        };
        return (await read(z.object({ action }), ask)).action;
      },
    },
    actions: {
      wait: async (started, signal) => {
        const what = `waiting for ${started.command} (action ${started.id})`;
        let now = started;
        for (let seconds = POLL_SECONDS; now.status === 'running';) {
          await pause(seconds, signal);
          seconds = Math.min(SLOWEST_POLL_SECONDS, seconds * 1.5);
          const ask: Ask = { method: 'GET', path: `/actions?id=${started.id}`, what, signal };
          const { actions } = await read(z.object({ actions: z.array(action) }), ask);
          const found = actions.find(({ id }) => id === started.id);
          if (found === undefined)
            throw new HcloudError(200, 'not_found', `Hetzner: ${what}: the service does not know this action any more`);
          now = found;
        }
        if (now.status === 'error') {
          const { code, message } = now.error ?? { code: 'unknown', message: 'no reason given' };
          throw new HcloudError(
            200,
            code,
            `Hetzner: ${started.command} failed: ${message} (${code}, action ${now.id})`,
          );
        }
      },
    },
    serverTypes: {
      list: (signal) => all(SERVER_TYPES, { path: '/server_types', what: 'listing server types', signal }),
    },
  };
}

function serverAt(id: string): string {
  return `/servers/${encodeURIComponent(id)}`;
}
