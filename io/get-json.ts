import { setTimeout as sleep } from 'node:timers/promises';

/** A question to a cloud that got no usable answer; the message names the cloud, the path and the reason, never the token. */
export class LookupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LookupError';
  }
}

export interface GetOptions {
  /** For messages: `Hetzner Cloud`. */
  cloud: string;
  token: string;
  /** Whole seconds for one request. Default 30. */
  timeoutSeconds?: number;
  /** Before the second try, doubled for the third; ms. Default 1000. */
  pauseMs?: number;
}

const TRIES = 3;
/** Answers that may be another one a moment later. */
const PASSING = new Set([429, 500, 502, 503, 504]);

/** One GET, tried again where that may help. undefined = 404. @throws LookupError */
export async function getJson(url: string, options: GetOptions): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === TRIES;
    const answer = await once(url, options).catch((error: unknown) => {
      if (last) throw error;
      return undefined;
    });
    if (answer !== undefined && (last || !PASSING.has(answer.status))) return read(url, options, answer);
    await sleep((options.pauseMs ?? 1000) * 2 ** (attempt - 1));
  }
}

interface Answer {
  status: number;
  text: string;
}

async function once(url: string, { cloud, token, timeoutSeconds = 30 }: GetOptions): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
      redirect: 'error',
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new LookupError(`${cloud} does not answer at ${new URL(url).origin}: ${cause}`, { cause: error });
  }
}

function read(url: string, { cloud }: GetOptions, { status, text }: Answer): unknown {
  const { pathname } = new URL(url);
  if (status === 404) return undefined;
  if (status === 401 || status === 403)
    throw new LookupError(`${cloud} refuses the token for GET ${pathname} (${status})`);
  if (status < 200 || status > 299) throw new LookupError(`${cloud}: GET ${pathname} was answered with ${status}`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new LookupError(`${cloud}: GET ${pathname} was answered with something that is not JSON`, { cause: error });
  }
}
