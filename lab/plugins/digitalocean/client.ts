import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UserError } from '../../../io/rpc/types.ts';
import type { Run as AnyRun } from '../resource.ts';

export type Run = AnyRun<DigitalOceanClient>;

const FAILURE = z.object({ message: z.string(), request_id: z.string().nullish() });

/** An answer of the API that is an error. Decisions use the status alone. */
export class ApiFailure extends UserError {
  readonly status: number;
  /** The service's own words. */
  readonly words: string;
  constructor(status: number, words: string, message: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.words = words;
  }
}

export interface ClientOptions {
  /** Base address without `/v2`. */
  endpoint: string;
  token: string;
  /** Further tries after a 429 or 5xx. */
  retries: number;
  /** Shortest and longest pause before a further try, ms. */
  retryWait: { least: number; most: number };
  /** Factor for all waits. */
  pace: number;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const LINKS = z.object({ links: z.object({ pages: z.object({ next: z.string().nullish() }).nullish() }).nullish() });

/** Speaks to the API as the official plugin does: same retries, same words for failures. */
export class DigitalOceanClient {
  readonly #options: ClientOptions;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Sleeps for a time of the official rhythm. */
  async pause(signal: AbortSignal, ms: number): Promise<void> {
    if (ms > 0) await sleep(ms * this.#options.pace, undefined, { signal });
  }

  /** One call, checked against the shape of its answer. @throws ApiFailure */
  async call<T extends z.ZodType>(
    signal: AbortSignal,
    method: Method,
    path: string,
    answer: T,
    body?: object,
  ): Promise<z.infer<T>> {
    const { retries, retryWait } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const response = await this.#once(signal, method, path, body);
      const text = await response.text();
      if (response.ok) return answer.parse(text === '' ? {} : JSON.parse(text));
      const again = response.status === 429 || (response.status >= 500 && response.status !== 501);
      if (!again || attempt >= retries) throw failure(method, response, text, again ? attempt : 0);
      const asked = Number(response.headers.get('retry-after') ?? NaN) * 1000;
      await this.pause(signal, asked >= 0 ? asked : Math.min(retryWait.most, retryWait.least * 2 ** attempt));
    }
  }

  /** As `call`, but undefined where the object is gone. */
  async find<T extends z.ZodType>(signal: AbortSignal, path: string, answer: T): Promise<z.infer<T> | undefined> {
    try {
      return await this.call(signal, 'GET', path, answer);
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All pages of a list. `path` has no query. */
  async list<T extends z.ZodType>(signal: AbortSignal, path: string, answer: T): Promise<z.infer<T>[]> {
    const pages: z.infer<T>[] = [];
    for (let page = 1; ; page++) {
      const raw = await this.call(signal, 'GET', `${path}?page=${page}&per_page=200`, z.unknown());
      pages.push(answer.parse(raw));
      if (typeof LINKS.parse(raw).links?.pages?.next !== 'string') return pages;
    }
  }

  /** Runs `body` when all earlier ones of the same key have ended, as the plugin's locks do. */
  async inTurn<T>(key: string, body: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.then(body, body);
    this.#turns.set(
      key,
      turn.catch(() => undefined),
    );
    return turn;
  }

  async #once(signal: AbortSignal, method: Method, path: string, body?: object): Promise<Response> {
    const url = `${this.#options.endpoint}${path}`;
    try {
      return await fetch(url, {
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
  }
}

function failure(method: Method, response: Response, text: string, retried: number): ApiFailure {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const said = FAILURE.safeParse(json);
  const [words, request] = said.success ? [said.data.message, said.data.request_id] : ['', undefined];
  const id = typeof request === 'string' && request !== '' ? ` (request "${request}")` : '';
  const tries = retried > 0 ? `; giving up after ${retried + 1} attempt(s)` : '';
  return new ApiFailure(
    response.status,
    words,
    `${method} ${response.url}: ${response.status}${id} ${words}`.trim() + tries,
  );
}

/** Names what failed before the reason, as the plugin's diagnostics do; the reason stays readable to code. */
export async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiFailure) throw new ApiFailure(error.status, error.words, `${what}: ${error.message}`);
    if (error instanceof UserError) throw new UserError(`${what}: ${error.message}`, { cause: error });
    throw error;
  }
}
