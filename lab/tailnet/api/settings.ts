import { Hono } from 'hono';
import { z } from 'zod';
import { parseAddress } from '../policy/address.ts';
import { Refusal } from '../records.ts';
import { saveTailnet, tailnetRecord } from '../scope.ts';
import { body, scopeOf, type Env } from './request.ts';

/** null and absent both mean: leave it. */
const kept = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const SETTINGS = z.strictObject({
  aclsExternallyManagedOn: kept(z.boolean()),
  aclsExternalLink: kept(z.string().regex(/^(?:https?:\/\/|$)/, 'must be a URL')),
  devicesApprovalOn: kept(z.boolean()),
  devicesAutoUpdatesOn: kept(z.boolean()),
  devicesKeyDurationDays: kept(z.int().min(1).max(180)),
  usersApprovalOn: kept(z.boolean()),
  usersRoleAllowedToJoinExternalTailnets: kept(z.enum(['none', 'admin', 'member'])),
  networkFlowLoggingOn: kept(z.boolean()),
  regionalRoutingOn: kept(z.boolean()),
  postureIdentityCollectionOn: kept(z.boolean()),
  httpsEnabled: kept(z.boolean()),
});

/** `/tailnet/{tailnet}/settings`. */
export function settingsRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => context.json(tailnetRecord(scopeOf(context)).settings));
  routes.patch('/', async (context) => {
    const scope = scopeOf(context);
    const given = Object.entries(await body(context, SETTINGS)).filter(([, value]) => value !== undefined);
    const record = tailnetRecord(scope);
    Object.assign(record.settings, Object.fromEntries(given));
    saveTailnet(scope, record);
    return context.json(record.settings);
  });
  return routes;
}

const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

const isLabel = (label: string): boolean => /^[a-z0-9_][a-z0-9_-]{0,62}$/i.test(label) && !label.endsWith('-');

/** `/tailnet/{tailnet}/dns`. */
export function dnsRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/preferences', (context) => context.json({ magicDNS: tailnetRecord(scopeOf(context)).dns.magicDNS }));
  routes.post('/preferences', async (context) => {
    const scope = scopeOf(context);
    const { magicDNS } = await body(context, z.object({ magicDNS: z.boolean() }));
    const record = tailnetRecord(scope);
    record.dns.magicDNS = magicDNS;
    saveTailnet(scope, record);
    return context.json({ magicDNS });
  });
  // Lists only: the official client cannot decode a boolean beside them.
  routes.get('/nameservers', (context) => context.json({ dns: tailnetRecord(scopeOf(context)).dns.nameservers }));
  routes.post('/nameservers', async (context) => {
    const scope = scopeOf(context);
    const { dns } = await body(context, z.object({ dns: texts }));
    const bad = dns.find((server) => parseAddress(server) === undefined && !server.startsWith('https://'));
    if (bad !== undefined) throw new Refusal(400, `invalid nameserver ${JSON.stringify(bad)}`);
    const record = tailnetRecord(scope);
    record.dns.nameservers = dns;
    saveTailnet(scope, record);
    return context.json({ dns, magicDNS: record.dns.magicDNS });
  });
  routes.get('/searchpaths', (context) =>
    context.json({ searchPaths: tailnetRecord(scopeOf(context)).dns.searchPaths }),
  );
  routes.post('/searchpaths', async (context) => {
    const scope = scopeOf(context);
    const { searchPaths } = await body(context, z.object({ searchPaths: texts }));
    const bad = searchPaths.find((path) => !path.replace(/\.$/, '').split('.').every(isLabel));
    if (bad !== undefined) throw new Refusal(400, `invalid search path ${JSON.stringify(bad)}`);
    const record = tailnetRecord(scope);
    record.dns.searchPaths = searchPaths;
    saveTailnet(scope, record);
    return context.json({ searchPaths });
  });
  return routes;
}
