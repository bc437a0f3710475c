import { z } from 'zod';
import { read, readPages } from './http.ts';
import type { Price, PriceList, PriceSource } from './types.ts';

const decimal = z.string().regex(/^\d+(\.\d+)?$/);
const monthly = z.object({ location: z.string(), price_monthly: z.object({ net: decimal, gross: decimal }) });
const pricing = z.object({
  pricing: z.object({
    currency: z.string().min(1),
    vat_rate: decimal,
    primary_ips: z.array(z.object({ type: z.string(), prices: z.array(monthly) })),
  }),
});
const serverTypes = z.object({
  server_types: z.array(z.object({ name: z.string(), prices: z.array(monthly) })),
  meta: z.object({ pagination: z.object({ next_page: z.number().nullable() }) }),
});

/**
 * What the owner of a Hetzner Cloud project pays: `GET /pricing` knows currency, tax and addresses, `GET /server_types` the
 * servers of each location. Reading is enough for the token.
 * @throws PriceError
 */
export async function hetznerPrices(source: PriceSource): Promise<PriceList> {
  const ask = { cloud: 'Hetzner', base: source.endpoint ?? 'https://api.hetzner.cloud/v1', source };
  const [{ pricing: list }, pages] = await Promise.all([
    read(ask, '/pricing', pricing),
    readPages(
      ask,
      (page) => `/server_types?per_page=50&page=${page}`,
      serverTypes,
      ({ meta }) => meta.pagination.next_page !== null,
    ),
  ]);
  const types = pages.flatMap(({ server_types: all }) => all);
  const ipv4 = list.primary_ips.find(({ type }) => type === 'ipv4')?.prices ?? [];
  return {
    currency: list.currency,
    vatRate: list.vat_rate,
    servers: new Map(types.map(({ name, prices }) => [name, byLocation(prices)])),
    addresses: byLocation(ipv4),
  };
}

const byLocation = (prices: readonly z.output<typeof monthly>[]): Map<string, Price> =>
  new Map(prices.map(({ location, price_monthly }) => [location, price_monthly]));
