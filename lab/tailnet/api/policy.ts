import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { HuJsonError, parseHuJson, toData, type Json } from '../policy/hujson.ts';
import { getPolicy, policyRefusal, setPolicy, testRefusal, type LivePolicy } from '../policies.ts';
import type { Refusal } from '../records.ts';
import { scopeOf, SLOW_MS, type Ctx, type Env } from './request.ts';

/** HuJSON byte for byte as it was posted, or plain JSON when the caller asks for that. */
function answer(context: Ctx, { text, etag }: LivePolicy): Response {
  context.header('ETag', `"${etag}"`);
  if ((context.req.header('accept') ?? '').includes('application/json')) return context.json(toData(parseHuJson(text)));
  return context.body(text, 200, { 'Content-Type': 'application/hujson' });
}

/** A refused policy or test is no failed request here: 200 with the reason, `{}` means yes. */
const verdict = (context: Ctx, refusal: Refusal | undefined): Response =>
  context.json(refusal === undefined ? {} : { message: refusal.message, data: refusal.data });

/** The tests of an array-form validation; undefined when the body is a policy. */
function testsIn(text: string): Json | undefined {
  try {
    const data = toData(parseHuJson(text));
    return Array.isArray(data) ? data : undefined;
  } catch (error) {
    if (error instanceof HuJsonError) return undefined;
    throw error;
  }
}

/** `/tailnet/{tailnet}/acl`. */
export function policyRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const live = getPolicy(scopeOf(context));
    if (context.req.query('details') !== 'true') return answer(context, live);
    context.header('ETag', `"${live.etag}"`);
    return context.json({ acl: Buffer.from(live.text).toString('base64'), warnings: [], errors: [] });
  });
  routes.post('/', async (context) => {
    const ifMatch = context.req.header('if-match')?.replace(/^"|"$/g, '');
    const text = await context.req.text();
    return answer(context, setPolicy(scopeOf(context), text, ifMatch));
  });
  routes.post('/validate', async (context) => {
    const scope = scopeOf(context);
    const text = await context.req.text();
    const tests = testsIn(text);
    if (tests !== undefined && scope.deps.faults.hits('slow-tailnet', scope.config.name)) await sleep(SLOW_MS);
    return verdict(context, tests === undefined ? policyRefusal(scope, text) : testRefusal(scope, tests));
  });
  return routes;
}
