/** What every route of the API needs: who asks, checked bodies, the service's error shape. */
import type { Context } from 'hono';
import type { z } from 'zod';
import { Refusal } from '../records.ts';
import type { Actor, Scope } from '../scope.ts';

/** How late an answer is under the fault slow-tailnet. */
export const SLOW_MS = 5000;

export interface Env {
  Variables: { scope: Scope; actor: Actor; tenant: string };
}
export type Ctx = Context<Env>;

/** The secret of `Authorization`: the user of Basic (the password is empty) or a Bearer token. */
export function credential(header: string | undefined): string | undefined {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0];
}

/** The tailnet that the path names; a credential opens its own only. Throws Refusal 404. */
export function scopeOf(context: Ctx): Scope {
  const scope = context.get('scope');
  const named = context.req.param('tailnet') ?? '-';
  if (named !== '-' && named !== scope.config.name)
    throw new Refusal(404, `tailnet ${JSON.stringify(named)} not found`);
  return scope;
}

/** The body in this shape. Throws Refusal 400. */
export async function body<Schema extends z.ZodType>(context: Ctx, schema: Schema): Promise<z.output<Schema>> {
  const raw: unknown = await context.req.json().catch(() => undefined);
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Refusal(400, `invalid request body: ${issues.join('; ')}`);
}

/** A parameter that the route's own pattern has. */
export function param(context: Ctx, name: string): string {
  const value = context.req.param(name);
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}
