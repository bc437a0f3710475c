import { z } from 'zod';
import { PriceError, type PriceSource } from './types.ts';
import { json, transport } from '../answers.ts';

/** A list longer than this is a server that never ends its list. */
const PAGES = 50;

export interface Ask {
  /** Name of the cloud, for messages. */
  cloud: string;
  base: string;
  source: PriceSource;
}

/** Reads JSON and checks its shape. @throws PriceError */
export async function read<T extends z.ZodType>(
  { cloud, base, source }: Ask,
  path: string,
  shape: T,
): Promise<z.output<T>> {
  const url = `${base.replace(/\/+$/, '')}${path}`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${source.token}`, accept: 'application/json' },
      signal: AbortSignal.timeout((source.timeoutSeconds ?? 20) * 1000),
      // The token is for this server alone.
      redirect: 'error',
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new PriceError(0, `${cloud}: no answer from ${url}: ${transport(error)}`, { cause: error });
  }
  if (status < 200 || status > 299)
    throw new PriceError(status, `${cloud}: ${url}: ${refusal(text)} (${status})${hint(status)}`);
  const parsed = shape.safeParse(json(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the answer' : issue.path.join('.');
  throw new PriceError(
    status,
    `${cloud}: ${url} does not answer with prices: ${where}: ${issue?.message ?? 'unknown'}`,
  );
}

/** All pages of a list; `next` tells whether there is one more. */
export async function readPages<T extends z.ZodType>(
  ask: Ask,
  path: (page: number) => string,
  shape: T,
  next: (answer: z.output<T>) => boolean,
): Promise<z.output<T>[]> {
  const answers: z.output<T>[] = [];
  for (let page = 1; page <= PAGES; page++) {
    const answer = await read(ask, path(page), shape);
    answers.push(answer);
    if (!next(answer)) return answers;
  }
  throw new PriceError(200, `${ask.cloud}: ${path(1)} has no end after ${PAGES} pages`);
}

/** Hetzner tells `error.message`, DigitalOcean `message`. */
const told = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ message: z.string() }).transform(({ message }) => message),
]);

function refusal(text: string): string {
  const said = told.safeParse(json(text));
  return said.success ? said.data : text.trim().slice(0, 200) || 'no reason given';
}

function hint(status: number): string {
  if (status === 401) return '. The token is not valid there: make a new one and set it';
  if (status === 403) return '. The token may not read prices: a read-only one is enough';
  return status === 429 ? '. Too many requests: try again in a minute' : '';
}
