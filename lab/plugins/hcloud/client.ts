import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../../../io/rpc/types.ts';
import type { Run as AnyRun } from '../resource.ts';

const ACTION = z.object({
  id: z.number(),
  command: z.string(),
  status: z.enum(['running', 'success', 'error']),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
});
export type Action = z.infer<typeof ACTION>;
/** The envelope of every action POST. */
export const ONE_ACTION = z.object({ action: ACTION.nullish() });
export const MANY_ACTIONS = z.object({ actions: z.array(ACTION).nullish() });
export const ACTION_OR_NULL = ACTION.nullish();
export const ACTION_LIST = z.array(ACTION).nullish();

const FAILURE = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z
      .object({ fields: z.array(z.object({ name: z.string(), messages: z.array(z.string()).optional() })).optional() })
      .nullish(),
  }),
});

/** An answer of the API that is an error. */
export class ApiFailure extends UserError {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
  }
}

export type Run = AnyRun<HcloudClient>;

interface ClientOptions {
  /** Base address, `http://127.0.0.1:1234/v1`. */
  endpoint: string;
  token: string;
  pollMs: number;
  constantPolling: boolean;
}

/** Codes that the official client tries again, five times (facts measured on the wire). */
const RETRIED = ['conflict', 'rate_limit_exceeded', 'timeout'];
const TRIES = 5;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Speaks to the API as the official plugin does: same retries, same polling. */
export class HcloudClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** One call, checked against the shape of its answer. @throws ApiFailure */
  async call<T extends z.ZodType>(
    signal: AbortSignal,
    method: Method,
    path: string,
    answer: T,
    body?: object,
  ): Promise<z.infer<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return answer.parse(await this.#once(signal, method, path, body));
      } catch (error) {
        if (!(error instanceof ApiFailure) || !RETRIED.includes(error.code) || attempt > TRIES) throw error;
        await sleep(1000 * 1.5 ** (attempt - 1), undefined, { signal });
      }
    }
  }

  /** As `call`, but undefined where the object is gone. */
  async find<T extends z.ZodType>(signal: AbortSignal, path: string, answer: T): Promise<z.infer<T> | undefined> {
    try {
      return await this.call(signal, 'GET', path, answer);
    } catch (error) {
      if (error instanceof ApiFailure && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** An action POST, polled to its end. */
  async act(signal: AbortSignal, path: string, body?: object): Promise<void> {
    const { action } = await this.call(signal, 'POST', path, ONE_ACTION, body);
    await this.wait(signal, action);
  }

  async #once(signal: AbortSignal, method: Method, path: string, body?: object): Promise<unknown> {
    const url = `${this.#options.endpoint}${path}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        signal,
        headers: {
          authorization: `Bearer ${this.#options.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new UserError(`${method} ${url}: ${cause}. Is the lab up? "mesh lab status" tells.`, { cause: error });
    }
    const text = await response.text();
    if (response.ok) return text === '' ? {} : JSON.parse(text);
    const failure = FAILURE.safeParse(parseJson(text));
    // A gateway's error page is worth another try, as in the official client.
    if (!failure.success)
      throw new ApiFailure(
        [502, 504].includes(response.status) ? 'timeout' : 'unknown',
        `hcloud: server responded with status code ${response.status}`,
      );
    const { code, message, details } = failure.data.error;
    const fields = (details?.fields ?? [])
      .filter((field) => field.messages !== undefined)
      .map((field) => `${field.name} => [${(field.messages ?? []).join(' ')}]`);
    throw new ApiFailure(code, `${message} (${code})${fields.length > 0 ? `: [${fields.join(', ')}]` : ''}`);
  }

  /** Polls until all are over. Nothing is asked when they are over already. @throws ApiFailure of the first that ended in error */
  async wait(signal: AbortSignal, ...actions: (Action | null | undefined)[]): Promise<void> {
    const check = (action: Action): boolean => {
      if (action.status === 'error')
        throw new ApiFailure(
          action.error?.code ?? 'unknown',
          `${action.error?.message ?? 'action failed'} (${action.error?.code ?? 'unknown'}, ${action.id})`,
        );
      return action.status === 'running';
    };
    let running = actions.flatMap((action) =>
      action !== null && action !== undefined && check(action) ? [action.id] : [],
    );
    for (let poll = 0; running.length > 0; poll++) {
      await sleep(
        this.#options.constantPolling ? this.#options.pollMs : Math.min(60_000, this.#options.pollMs * 2 ** poll),
        undefined,
        { signal },
      );
      const asked = running.slice(0, 25);
      const answer = await this.call(
        signal,
        'GET',
        `/actions?${asked.map((id) => `id=${id}`).join('&')}&page=1&sort=status&sort=id`,
        z.object({ actions: z.array(ACTION) }),
      );
      const missing = asked.filter((id) => !answer.actions.some((action) => action.id === id));
      if (missing.length > 0) throw new ApiFailure('not_found', `actions not found: [${missing.join(' ')}]`);
      const over = answer.actions.filter((action) => !check(action)).map((action) => action.id);
      running = running.filter((id) => !over.includes(id));
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The provider's own retry loop (1, 2, 4, 8, 16 s) around calls that the service refuses for the moment.
 * The last refusal is thrown.
 */
export async function retryOn<T>(
  signal: AbortSignal,
  codes: readonly string[],
  tries: number,
  body: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof ApiFailure) || !codes.includes(error.code) || attempt >= tries - 1) throw error;
      await sleep(Math.min(60_000, 1000 * 2 ** attempt), undefined, { signal });
    }
  }
}

/** Go's duration syntax, `500ms` or `1m30s`, in ms. */
export function parseDuration(text: string): number {
  const units: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.map((part) => part[0]).join('') !== text || text === '')
    throw new UserError(`pollInterval: ${JSON.stringify(text)} is not a duration; write it as 500ms or 2s`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0), 0);
}
