import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UserError, type Inputs } from '../../../io/rpc/types.ts';

/** An answer of the API with a status of 400 or more, in the official client's words: `<message> (<status>)`. */
export class ApiFailure extends UserError {
  readonly status: number;
  constructor(status: number, message: string) {
    super(`${message} (${status})`);
    this.name = 'ApiFailure';
    this.status = status;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiFailure && error.status === 404;

export interface ClientOptions {
  /** Without `/api/v2`. */
  baseUrl: string;
  tailnet: string;
  auth: { apiKey: string } | { clientId: string; clientSecret: string; scopes: string[] };
}

const FAILURE = z.object({ message: z.string().default('') });
const TOKEN = z.object({ access_token: z.string().min(1), expires_in: z.number().default(3600) });
const OAUTH_FAILURE = z.object({ error: z.string(), error_description: z.string().default('') });

interface Call {
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, as HuJSON. */
  hujson?: string;
  accept?: string;
  headers?: Record<string, string>;
}

/** The official client gives up after a minute and never tries again. */
const TIMEOUT_MS = 60_000;
/** The token source renews a token a little before it ends. */
const EARLY_MS = 10_000;

/** Speaks to the API as the official plugin does: same paths, headers, bodies, no retries. */
export class TailscaleClient {
  readonly #options: ClientOptions;
  #token: { value: string; until: number } | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Path below the tailnet. */
  tailnet(path: string): string {
    return `/tailnet/${encodeURIComponent(this.#options.tailnet)}/${path}`;
  }

  device(id: string, path = ''): string {
    return `/device/${encodeURIComponent(id)}${path === '' ? '' : `/${path}`}`;
  }

  /** One call whose answer must be JSON of this shape. @throws ApiFailure */
  async read<Schema extends z.ZodType>(
    signal: AbortSignal,
    path: string,
    schema: Schema,
    method = 'GET',
    call: Call = {},
  ): Promise<z.output<Schema>> {
    const text = await this.send(
      signal,
      method,
      path,
      method === 'GET' ? { accept: 'application/json', ...call } : call,
    );
    return schema.parse(JSON.parse(text));
  }

  /** One call; the answer's text. @throws ApiFailure */
  async send(signal: AbortSignal, method: string, path: string, call: Call = {}): Promise<string> {
    const body = call.hujson ?? (call.json === undefined ? undefined : JSON.stringify(call.json));
    const headers: Record<string, string> = { authorization: await this.#authorization(signal), ...call.headers };
    if (body !== undefined)
      headers['content-type'] = call.hujson === undefined ? 'application/json' : 'application/hujson';
    else headers.accept = call.accept ?? 'application/json';
    const response = await this.#fetch(signal, path, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (response.status < 400) return text;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      // Such an answer is no "not found" for the official client, whatever its status.
      throw new UserError(`invalid character ${JSON.stringify(text.slice(0, 1))} looking for beginning of value`);
    }
    throw new ApiFailure(response.status, FAILURE.parse(parsed).message);
  }

  async #fetch(signal: AbortSignal, path: string, init: RequestInit): Promise<Response> {
    const url = `${this.#options.baseUrl.replace(/\/+$/, '')}/api/v2${path}`;
    try {
      return await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
    } catch (error) {
      if (signal.aborted) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new UserError(`${init.method ?? 'GET'} ${url}: ${cause}`, { cause: error });
    }
  }

  async #authorization(signal: AbortSignal): Promise<string> {
    const { auth } = this.#options;
    if ('apiKey' in auth) return `Basic ${Buffer.from(`${auth.apiKey}:`).toString('base64')}`;
    if (this.#token === undefined || Date.now() >= this.#token.until) {
      const response = await this.#askToken(signal, auth);
      const { access_token: value, expires_in: seconds } = TOKEN.parse(await response.json());
      this.#token = { value, until: Date.now() + seconds * 1000 - EARLY_MS };
    }
    return `Bearer ${this.#token.value}`;
  }

  /** Credentials by Basic first; a 401 makes the official client try them in the body. */
  async #askToken(
    signal: AbortSignal,
    auth: { clientId: string; clientSecret: string; scopes: string[] },
  ): Promise<Response> {
    const form: Record<string, string> = { grant_type: 'client_credentials' };
    if (auth.scopes.length > 0) form.scope = auth.scopes.join(' ');
    const user = `${encodeURIComponent(auth.clientId)}:${encodeURIComponent(auth.clientSecret)}`;
    const post = (headers: Record<string, string>, fields: Record<string, string>): Promise<Response> =>
      this.#fetch(signal, '/oauth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(fields).toString(),
      });
    let response = await post({ authorization: `Basic ${Buffer.from(user).toString('base64')}` }, form);
    if (response.status === 401)
      response = await post({}, { ...form, client_id: auth.clientId, client_secret: auth.clientSecret });
    if (response.ok) return response;
    const said = OAUTH_FAILURE.safeParse(await response.json().catch(() => undefined));
    throw new UserError(
      said.success
        ? `oauth2: ${JSON.stringify(said.data.error)} ${JSON.stringify(said.data.error_description)}`
        : `oauth2: cannot fetch token: ${response.status}`,
    );
  }
}

/** A provider argument, else the first of these environment variables that is set; `file:` names a file that holds it. */
function setting(config: Inputs, name: string, ...variables: string[]): string {
  const given = config[name];
  const value =
    typeof given === 'string'
      ? given
      : (variables.map((variable) => process.env[variable]).find((found) => found !== undefined && found !== '') ?? '');
  if (!value.startsWith('file:')) return value;
  const path = value.slice('file:'.length);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UserError(`Could not resolve file for ${name}: the file ${JSON.stringify(path)} could not be read`, {
      cause: error,
    });
  }
}

/** The provider's arguments as a client. @throws UserError in the official plugin's sense: credentials are checked here, at preview too. */
export function configure(config: Inputs): TailscaleClient {
  const apiKey = setting(config, 'apiKey', 'TAILSCALE_API_KEY');
  const clientId = setting(config, 'oauthClientId', 'TAILSCALE_OAUTH_CLIENT_ID', 'OAUTH_CLIENT_ID');
  const clientSecret = setting(config, 'oauthClientSecret', 'TAILSCALE_OAUTH_CLIENT_SECRET', 'OAUTH_CLIENT_SECRET');
  const tailnet = setting(config, 'tailnet', 'TAILSCALE_TAILNET');
  const baseUrl = setting(config, 'baseUrl', 'TAILSCALE_BASE_URL');
  if (
    setting(config, 'identityToken', 'TAILSCALE_IDENTITY_TOKEN', 'IDENTITY_TOKEN') !== '' ||
    setting(config, 'audience', 'TAILSCALE_AUDIENCE') !== ''
  )
    throw new UserError(
      'tailscale: identityToken and audience need a real identity provider: the lab takes apiKey, or oauthClientId and oauthClientSecret',
    );
  if (apiKey === '' && clientId === '' && clientSecret === '')
    throw new UserError(
      'tailscale provider credentials are empty - set `apiKey`, or `oauthClientId` and `oauthClientSecret`',
    );
  if (apiKey !== '' && (clientId !== '' || clientSecret !== ''))
    throw new UserError(
      'tailscale provider credentials are conflicting - `apiKey` conflicts with `oauthClientId` and `oauthClientSecret`',
    );
  if (apiKey === '' && clientId === '') throw new UserError("tailscale provider argument 'oauthClientId' is empty");
  if (apiKey === '' && clientSecret === '')
    throw new UserError("'oauthClientSecret' is mandatory with 'oauthClientId'");
  // The official default is the real service. A stand-in that changed a real tailnet would be a bad surprise.
  if (baseUrl === '')
    throw new UserError(
      'tailscale:baseUrl is not set: this plugin is the lab’s stand-in and talks to the lab only. "mesh env" sets it.',
    );
  const auth = apiKey !== '' ? { apiKey } : { clientId, clientSecret, scopes: scopes(config) };
  return new TailscaleClient({ baseUrl, tailnet: tailnet === '' ? '-' : tailnet, auth });
}

/** The SDK hands lists of provider arguments over as JSON text. */
function scopes(config: Inputs): string[] {
  const value: unknown =
    typeof config.scopes === 'string' && config.scopes !== '' ? JSON.parse(config.scopes) : config.scopes;
  return Array.isArray(value) ? value.filter((scope) => typeof scope === 'string') : [];
}
