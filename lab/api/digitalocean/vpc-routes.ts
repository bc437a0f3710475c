import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { formatIpv4, isPrivate, overlaps, parsePrefix, type Prefix } from '../ip.ts';
import type { Account } from './account.ts';
import { REGIONS, RESERVED_RANGES } from './catalog.ts';
import { conflict, forbidden, unprocessable } from './errors.ts';
import type { VpcRecord } from './records.ts';
import { body, listAnswer, pathText, type Env } from './request.ts';
import { time, vpcView } from './views.ts';

const NAME = z.string().regex(/^[a-zA-Z0-9\-.]+$/, 'may only contain alphanumeric characters, dashes, and periods');
const DESCRIPTION = z.string().max(255, 'may be at most 255 characters').nullish();

function checkName(account: Account, name: string, self?: string): void {
  const taken = account.vpcs.all().some((vpc) => vpc.name === name && vpc.id !== self);
  if (taken || (self === undefined && account.faults.hits('name-taken', name)))
    throw unprocessable('a VPC with the same name already exists in your account');
}

/** A free /20, for a VPC without a range. */
function freeRange(account: Account): string {
  const taken = account.vpcs.all().flatMap((vpc) => parsePrefix(vpc.ipRange) ?? []);
  for (let block = 0; block < 256 * 16; block++) {
    const base = 10 * 2 ** 24 + ((136 * 16 + block) % (256 * 16)) * 4096;
    const candidate = { base, bits: 20, size: 4096 };
    if (!taken.some((other) => overlaps(other, candidate))) return `${formatIpv4(base)}/20`;
  }
  throw unprocessable('no free range is left');
}

/** Ranges are compared over all regions of the account: a peering could join any two. */
function checkRange(account: Account, region: string, text: string): Prefix {
  const range = parsePrefix(text);
  if (range === undefined) throw unprocessable(`ip_range: ${text} is not a network in CIDR notation`);
  if (!isPrivate(range)) throw unprocessable('ip_range: must be in range of private addresses as defined in RFC1918');
  if (range.bits < 16 || range.bits > 28)
    throw unprocessable('ip_range: may not be smaller than /28 nor larger than /16');
  const reserved = RESERVED_RANGES.find(
    (entry) => (entry.region ?? region) === region && overlaps(range, parsePrefix(entry.range) ?? range),
  );
  if (reserved !== undefined) throw unprocessable(`This range/size overlaps with a reserved range: ${reserved.range}.`);
  for (const vpc of account.vpcs.all()) {
    const other = parsePrefix(vpc.ipRange);
    if (other !== undefined && overlaps(range, other))
      throw unprocessable(
        `This range/size overlaps with another VPC network in your account: ${vpc.name} ${vpc.ipRange}.`,
      );
  }
  return range;
}

/** The next LAN address of a VPC. The first address of its range is the cloud's. */
export function takeLanAddress(account: Account, vpc: VpcRecord): string {
  const range = parsePrefix(vpc.ipRange);
  if (range === undefined) throw new Error(`${vpc.ipRange} is no range`);
  const taken = new Set(account.dropletsOfVpc(vpc.id).map((droplet) => droplet.lan));
  // From .2 to the last but the broadcast address.
  const count = range.size - 3;
  for (let step = 0; step < count; step++) {
    const host = 2 + ((vpc.nextHost - 2 + step) % count);
    const address = formatIpv4(range.base + host);
    if (taken.has(address)) continue;
    account.vpcs.put(vpc.id, { ...vpc, nextHost: host + 1 });
    return address;
  }
  throw unprocessable(`no address is left in the VPC ${vpc.name}`);
}

export function vpcRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => listAnswer(context, 'vpcs', context.var.account.vpcs.all(), vpcView));
  routes.post('/', async (context) => {
    const { account } = context.var;
    const input = await body(
      context,
      z.object({ name: NAME, region: z.string(), description: DESCRIPTION, ip_range: z.string().nullish() }),
    );
    if (!REGIONS.some((region) => region.slug === input.region && region.available))
      throw unprocessable(`region: ${input.region} is not a valid region`);
    checkName(account, input.name);
    const ipRange = input.ip_range ?? freeRange(account);
    checkRange(account, input.region, ipRange);
    const record: VpcRecord = {
      id: randomUUID(),
      name: input.name,
      description: input.description ?? '',
      region: input.region,
      ipRange,
      default: false,
      created: account.now,
      nextHost: 2,
    };
    account.vpcs.put(record.id, record);
    return context.json({ vpc: vpcView(record) }, 201);
  });
  routes.get('/:id', (context) =>
    context.json({ vpc: vpcView(context.var.account.get(context.var.account.vpcs, pathText(context))) }),
  );
  routes.get('/:id/members', (context) => {
    const { account } = context.var;
    const vpc = account.get(account.vpcs, pathText(context));
    return listAnswer(context, 'members', account.dropletsOfVpc(vpc.id), (droplet) => ({
      urn: `do:droplet:${droplet.id}`,
      name: droplet.name,
      created_at: time(droplet.created),
    }));
  });
  for (const method of ['PUT', 'PATCH'] as const) {
    routes.on(method, '/:id', async (context) => {
      const { account } = context.var;
      const vpc = account.get(account.vpcs, pathText(context));
      const input = await body(
        context,
        z.object({ name: NAME.nullish(), description: DESCRIPTION, default: z.boolean().nullish() }),
      );
      const name = input.name ?? vpc.name;
      checkName(account, name, vpc.id);
      const becomesDefault = input.default === true && !vpc.default;
      for (const other of account.vpcs.all()) {
        if (becomesDefault && other.default && other.region === vpc.region)
          account.vpcs.put(other.id, { ...other, default: false });
      }
      const next = {
        ...vpc,
        name,
        description: input.description ?? vpc.description,
        // A default cannot be unset, only taken over by another VPC.
        default: vpc.default || becomesDefault,
      };
      account.vpcs.put(vpc.id, next);
      return context.json({ vpc: vpcView(next) });
    });
  }
  routes.delete('/:id', (context) => {
    const { account } = context.var;
    const vpc = account.get(account.vpcs, pathText(context));
    if (vpc.default) throw forbidden('Can not delete default VPCs');
    // Documented as 403, seen as 409 since 2024; clients try both again.
    if (account.dropletsOfVpc(vpc.id).length > 0) throw conflict('Can not delete VPC with members');
    account.vpcs.delete(vpc.id);
    return context.body(null, 204);
  });
  return routes;
}
