import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Env } from '../api/request.ts';
import { parseHuJson, toData } from '../policy/hujson.ts';
import { Refusal } from '../records.ts';
import { tailnetRecord, type Scope } from '../scope.ts';
import { HeadscaleRefusal } from './client.ts';
import type { Mirror } from './mirror.ts';

const NAMED = z.object({ id: z.string() });

/**
 * Stands around the API's routes, which work on the lab's records: brings these up to what the control server knows before a
 * request, and has it do afterwards what the records accepted. What headscale refuses is refused, and the records are as before.
 */
export function aroundHeadscale(mirrorOf: (tailnet: string) => Promise<Mirror>): MiddlewareHandler<Env> {
  return async (context, next) => {
    const scope = context.get('scope');
    const mirror = await mirrorOf(scope.config.name);
    await mirror.inTurn(async () => {
      const { kind, rest } = subject(context.req.path);
      await mirror.pull(scope, kind === 'keys' ? 'keys' : 'devices');
      const policy = tailnetRecord(scope).policy;
      const { method } = context.req;
      const before = kind === 'device' ? mirror.device(scope, rest.split('/')[1] ?? '') : undefined;
      await next();
      if (method === 'GET' || !context.res.ok) return;
      try {
        if (kind === 'keys' && method === 'POST') await exchangeKey(context, scope, mirror);
        else if (kind === 'keys') await mirror.dropKey(scope, rest.slice(1));
        else if (kind === 'acl' && rest === '/validate') await alsoChecked(context, scope, mirror);
        else if (kind === 'acl') await mirror.pushPolicy(scope, policy);
        else if (before !== undefined) await mirror.pushDevice(scope, before);
      } catch (error) {
        if (!(error instanceof HeadscaleRefusal)) throw error;
        throw new Refusal(400, error.message, [{ user: '', errors: [error.message] }]);
      }
    });
  };
}

/** What a request is about; the API is mounted somewhere, so the end of the path counts. `rest` begins with a slash, if there is one. */
function subject(path: string): { kind: string; rest: string } {
  const [, kind = '', rest = ''] = /\/(?:tailnet\/[^/]+\/(keys|acl))(\/.*)?$/.exec(path) ?? [];
  if (kind !== '') return { kind, rest };
  const [, device = ''] = /\/device(\/.+)$/.exec(path) ?? [];
  return { kind: device === '' ? '' : 'device', rest: device };
}

type Ctx = Parameters<MiddlewareHandler<Env>>[0];

/**
 * The record's own key lets nobody in: the answer carries the control server's. Whoever is said to be robbed of it gets one that opens
 * nothing any more; what a key says of itself names the host that it is for.
 */
async function exchangeKey(context: Ctx, scope: Scope, mirror: Mirror): Promise<void> {
  const answer: unknown = await context.res.json();
  const { id } = NAMED.parse(answer);
  const record = scope.data.keys.get(id);
  if (record === undefined) throw new Error(`the key ${id} was made and is not on record`);
  context.res = Response.json({ ...(answer as object), key: await mirror.makeKey(scope, record) });
  const { faults } = scope.deps;
  if (record.description.split(' ').some((word) => faults.hits('key-spent', word)))
    await mirror.spendKey(scope, record);
}

/** What the records find good is shown to the control server too: a policy, or tests of the one that is live. */
async function alsoChecked(context: Ctx, scope: Scope, mirror: Mirror): Promise<void> {
  const text = await context.req.text();
  const verdict: unknown = await context.res.clone().json();
  if (typeof verdict !== 'object' || verdict === null || 'message' in verdict) return;
  const body = toData(parseHuJson(text));
  if (Array.isArray(body)) {
    const failed = await mirror.testRefusal(scope, body);
    if (failed !== undefined) context.res = Response.json({ message: failed.message, data: failed.data });
    return;
  }
  const refusal = await mirror.policyRefusal(text);
  if (refusal !== undefined) context.res = Response.json({ message: refusal, data: [{ user: '', errors: [refusal] }] });
}
