import type { Context } from 'hono';
import { z } from 'zod';
import { ApiError, invalidFields, invalidInput, notFound } from './errors.ts';
import { parseSelector } from './labels.ts';
import type { Project } from './project.ts';
import type { Labels } from './records.ts';

export type Env = { Variables: { project: Project; tenant: string } };

/** Names of servers are host names; other objects are free within 1 to 128 characters. */
export const NAME = z.string().min(1, 'must not be empty').max(128, 'is too long');
export const LABELS = z.record(z.string(), z.string()).nullish();
export const ID = z.int().positive();

/** The JSON body, checked. An absent body counts as `{}`: several actions take none. */
export async function body<T extends z.ZodType>(context: Context<Env>, schema: T): Promise<z.infer<T>> {
  const text = await context.req.text();
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(400, 'json_error', 'the request body is not valid JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const fields = new Map<string, string[]>();
  for (const issue of result.error.issues) {
    const name = issue.path.join('.');
    fields.set(name, [...(fields.get(name) ?? []), issue.message]);
  }
  throw invalidFields([...fields].map(([name, messages]) => ({ name, messages })));
}

/** The numeric path parameter; anything else is an object that does not exist. */
export function pathId(context: Context<Env>, kind: string): number {
  const text = context.req.param('id') ?? '';
  if (!/^\d{1,15}$/.test(text)) throw notFound(kind, text);
  return Number(text);
}

interface Listed {
  id: number;
  name?: string;
  labels?: Labels;
}

const SORTS = ['id', 'name', 'created'] as const;

/** One page of a list: filters name and label_selector, sort, page and per_page (at most 50), with its meta. */
export function listAnswer<T extends Listed>(
  context: Context<Env>,
  plural: string,
  records: T[],
  view: (record: T) => object,
): Response {
  const query = (name: string) => context.req.query(name);
  const number = (name: string, fallback: number, most: number) => {
    const text = query(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw invalidInput(name, 'must be a positive integer');
    return Math.min(value, most);
  };
  const name = query('name');
  const selector = query('label_selector');
  const matches = selector === undefined ? () => true : parseSelector(selector);
  const found = records.filter(
    (record) => (name === undefined || record.name === name) && matches(record.labels ?? {}),
  );
  for (const sort of (context.req.queries('sort') ?? ['id']).toReversed()) {
    const [field, order = 'asc'] = sort.split(':');
    if (!SORTS.some((known) => known === field) || !['asc', 'desc'].includes(order))
      throw invalidInput('sort', `'${sort}' is not supported`);
    const sign = order === 'desc' ? -1 : 1;
    // Ids grow with time: sorting by creation is sorting by id.
    found.sort((a, b) => sign * (field === 'name' ? (a.name ?? '').localeCompare(b.name ?? '') : a.id - b.id));
  }
  const page = number('page', 1, Number.MAX_SAFE_INTEGER);
  const perPage = number('per_page', 25, 50);
  const last = Math.max(1, Math.ceil(found.length / perPage));
  const slice = found.slice((page - 1) * perPage, page * perPage);
  return context.json({
    [plural]: slice.map(view),
    meta: {
      pagination: {
        page,
        per_page: perPage,
        previous_page: page > 1 ? page - 1 : null,
        next_page: page < last ? page + 1 : null,
        last_page: last,
        total_entries: found.length,
      },
    },
  });
}
