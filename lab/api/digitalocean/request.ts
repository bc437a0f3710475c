import type { Context } from 'hono';
import type { z } from 'zod';
import type { Account } from './account.ts';
import { ApiError, notFound, unprocessable } from './errors.ts';

export type Env = { Variables: { account: Account; tenant: string } };

/** The JSON body, checked. An absent body counts as `{}`. */
export async function body<T extends z.ZodType>(context: Context<Env>, schema: T): Promise<z.infer<T>> {
  const text = await context.req.text();
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(400, 'bad_request', 'the request body is not valid JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw unprocessable(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** A numeric path parameter; anything else is an object that does not exist. */
export function pathNumber(context: Context<Env>, name = 'id'): number {
  const text = context.req.param(name) ?? '';
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

export function pathText(context: Context<Env>, name = 'id'): string {
  return context.req.param(name) ?? '';
}

/** One page of a list: page and per_page (at most 200), with its links and meta. */
export function listAnswer<T>(
  context: Context<Env>,
  plural: string,
  records: readonly T[],
  view: (record: T) => unknown,
): Response {
  const number = (name: string, fallback: number) => {
    const text = context.req.query(name);
    const value = Number(text ?? fallback);
    if (!Number.isInteger(value) || value < 1)
      throw new ApiError(400, 'bad_request', `${name} must be a positive integer`);
    return value;
  };
  const page = number('page', 1);
  const perPage = Math.min(200, number('per_page', 20));
  const last = Math.max(1, Math.ceil(records.length / perPage));
  const link = (to: number) => {
    const url = new URL(context.req.url);
    url.searchParams.set('page', String(to));
    return url.href;
  };
  const pages = {
    ...(page > 1 ? { first: link(1), prev: link(page - 1) } : {}),
    ...(page < last ? { next: link(page + 1), last: link(last) } : {}),
  };
  return context.json({
    [plural]: records.slice((page - 1) * perPage, page * perPage).map(view),
    links: last > 1 ? { pages } : {},
    meta: { total: records.length },
  });
}
