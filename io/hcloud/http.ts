import { z } from 'zod';
import { pause } from '../wait.ts';
import { HcloudError } from './errors.ts';
import { json, transport } from '../answers.ts';

export interface HttpOptions {
  /** Read/write token of one project. */
  token: string;
  /** Default `https://api.hetzner.cloud/v1`. */
  endpoint?: string | undefined;
  /** For one request. Default 30 s. */
  timeoutSeconds?: number;
  /** How long a refusal that passes by itself is asked again. Default 60 s. */
  retrySeconds?: number;
}

export interface Ask {
  method: 'GET' | 'POST';
  /** Below the endpoint, with its query. */
  path: string;
  /** What is being done, for messages: `powering on server 1017`. */
  what: string;
  signal: AbortSignal;
  body?: unknown;
}

/** Sends one request and answers the JSON of a 2xx. @throws HcloudError otherwise. */
export type Send = (ask: Ask) => Promise<unknown>;

/**
 * Refused before anything was done, for a reason that passes: too many requests of this project, somebody else's change
 * of the same object, another action on it.
 */
const PASSING = ['rate_limit_exceeded', 'conflict', 'locked'];
const LONGEST_PAUSE_SECONDS = 8;

const refusal = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z
      .object({ fields: z.array(z.object({ name: z.string(), messages: z.array(z.string()).optional() })).optional() })
      .nullish(),
  }),
});

/** Requests with the project's token. Nothing that is thrown ever holds it. */
export function http(options: HttpOptions): Send {
  const base = (options.endpoint ?? 'https://api.hetzner.cloud/v1').replace(/\/+$/, '');

  const once = async (ask: Ask): Promise<unknown> => {
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${base}${ask.path}`, {
        method: ask.method,
        headers: {
          authorization: `Bearer ${options.token}`,
          accept: 'application/json',
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.any([ask.signal, AbortSignal.timeout((options.timeoutSeconds ?? 30) * 1000)]),
        redirect: 'error',
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      const why = ask.signal.aborted ? 'cancelled, or out of time' : `no answer from ${base}: ${transport(error)}`;
      throw new HcloudError(0, '', `Hetzner: ${ask.what}: ${why}`, { cause: error });
    }
    if (status < 200 || status > 299) throw refused(ask, status, text);
    return json(text);
  };

  return async (ask) => {
    const until = Date.now() + (options.retrySeconds ?? 60) * 1000;
    for (let seconds = 1; ; seconds = Math.min(LONGEST_PAUSE_SECONDS, seconds * 2)) {
      try {
        return await once(ask);
      } catch (error) {
        if (!(error instanceof HcloudError) || !PASSING.includes(error.code) || Date.now() >= until) throw error;
        await pause(seconds, ask.signal);
      }
    }
  };
}

const HINTS: Readonly<Record<string, string>> = {
  unauthorized:
    'The token is wrong or was deleted. Check hcloud:token (or the token of the account that the site names); a token belongs to one project',
  forbidden: 'The token may not do this; the program needs one with read and write access to the project',
  token_readonly: 'The token may only read; the program needs one with read and write access to the project',
  locked: 'Another action on it did not end in time; look at it in the console, then run again',
  conflict: 'Somebody else is changing it; run again when they are done',
  rate_limit_exceeded: 'The project makes too many requests (3600 an hour are free); run again later',
};

function refused(ask: Ask, status: number, text: string): HcloudError {
  const said = refusal.safeParse(json(text));
  if (!said.success)
    return new HcloudError(status, '', `Hetzner: ${ask.what}: the service answered ${status} without a reason`);
  const { code, message, details } = said.data.error;
  const fields = (details?.fields ?? []).map(({ name, messages }) => `${name}: ${(messages ?? []).join(', ')}`);
  const hint = HINTS[code];
  return new HcloudError(
    status,
    code,
    `Hetzner: ${ask.what}: ${[message, ...fields].join('; ')} (${code})${hint === undefined ? '' : `. ${hint}.`}`,
  );
}
