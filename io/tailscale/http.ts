import { z } from 'zod';
import { TailscaleError } from './errors.ts';
import { json, transport } from '../answers.ts';

export type Credential = { apiKey: string } | { oauthClientId: string; oauthClientSecret: string };

export interface HttpOptions {
  /** Default `https://api.tailscale.com`. */
  baseUrl?: string | undefined;
  /** `-` is the credential's own tailnet. */
  tailnet: string;
  credential: Credential;
  /** For one request. Default 30 s. */
  timeoutSeconds?: number;
}

export interface Ask {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/v2`. */
  path: string;
  /** What is being done, for messages: `creating a join key`. */
  what: string;
  signal: AbortSignal;
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Sends one request and answers a 2xx. @throws TailscaleError otherwise. */
export type Send = (ask: Ask) => Promise<Answer>;

const refusal = z.object({ message: z.string(), data: z.unknown().optional() });
const oauthRefusal = z.object({ error: z.string(), error_description: z.string().optional() });
const token = z.object({ access_token: z.string().min(1), expires_in: z.number().default(3600) });

/** Requests with our credential; an OAuth token is fetched on first use and again a minute before it ends. */
export function http(options: HttpOptions): Send {
  const base = `${(options.baseUrl ?? 'https://api.tailscale.com').replace(/\/+$/, '')}/api/v2`;
  const { credential } = options;
  let bearer: { value: string; until: number } | undefined;

  const request = async (ask: Ask, authorization: string): Promise<Answer> => {
    const init: RequestInit = {
      method: ask.method,
      headers: { authorization, accept: 'application/json', ...ask.headers },
      signal: AbortSignal.any([ask.signal, AbortSignal.timeout((options.timeoutSeconds ?? 30) * 1000)]),
      redirect: 'error',
    };
    if (ask.body !== undefined) init.body = typeof ask.body === 'string' ? ask.body : JSON.stringify(ask.body);
    let answer: Answer;
    try {
      const response = await fetch(`${base}${ask.path}`, init);
      answer = { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      throw new TailscaleError(
        0,
        `tailnet ${options.tailnet}: ${ask.what}: ${ask.signal.aborted ? 'cancelled' : `no answer from ${base}: ${transport(error)}`}`,
        undefined,
        { cause: error },
      );
    }
    if (answer.status < 200 || answer.status > 299) throw refused(ask, answer);
    return answer;
  };

  const refused = (ask: Ask, answer: Answer): TailscaleError => {
    const body = json(answer.text);
    const said = refusal.safeParse(body);
    const oauth = oauthRefusal.safeParse(body);
    let message = answer.text.trim().slice(0, 300) || 'no reason given';
    if (said.success) message = said.data.message;
    else if (oauth.success) message = oauth.data.error_description ?? oauth.data.error;
    const hint = HINTS[answer.status];
    return new TailscaleError(
      answer.status,
      `tailnet ${options.tailnet}: ${ask.what}: ${message} (${answer.status})${hint === undefined ? '' : `. ${hint}`}`,
      said.success ? said.data.data : undefined,
    );
  };

  const authorization = async (signal: AbortSignal): Promise<string> => {
    if ('apiKey' in credential) return basic(credential.apiKey, '');
    if (bearer === undefined || Date.now() > bearer.until) {
      const answer = await request(
        {
          method: 'POST',
          path: '/oauth/token',
          what: 'getting an access token',
          signal,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: 'grant_type=client_credentials',
        },
        basic(credential.oauthClientId, credential.oauthClientSecret),
      );
      const parsed = token.safeParse(json(answer.text));
      // The body may hold a token: it is not quoted.
      if (!parsed.success)
        throw new TailscaleError(
          answer.status,
          `tailnet ${options.tailnet}: getting an access token: the answer holds none`,
        );
      bearer = { value: parsed.data.access_token, until: Date.now() + (parsed.data.expires_in - 60) * 1000 };
    }
    return `Bearer ${bearer.value}`;
  };

  return async (ask) =>
    request(
      { ...ask, headers: { 'content-type': 'application/json', ...ask.headers } },
      await authorization(ask.signal),
    );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Check the credential of the mesh provider: tailscale:apiKey (they end after 90 days at most) or tailscale:oauthClientId and tailscale:oauthClientSecret',
  403: 'The credential lacks a scope for this; the program needs policy_file, auth_keys, devices:core and devices:routes',
};

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}
