import { z } from 'zod';
import { readPages } from './http.ts';
import type { PriceList, PriceSource } from './types.ts';

const sizes = z.object({
  sizes: z.array(z.object({ slug: z.string(), price_monthly: z.number().nonnegative(), regions: z.array(z.string()) })),
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional(),
});

/**
 * What a DigitalOcean account pays: `GET /v2/sizes`, in US dollars, without tax. A droplet's public address is part of it, and
 * a reserved one costs nothing while it is assigned, as those of routers always are.
 * @throws PriceError
 */
export async function digitalOceanPrices(source: PriceSource): Promise<PriceList> {
  const ask = { cloud: 'DigitalOcean', base: source.endpoint ?? 'https://api.digitalocean.com', source };
  const pages = await readPages(
    ask,
    (page) => `/v2/sizes?per_page=200&page=${page}`,
    sizes,
    ({ links }) => links?.pages?.next !== undefined,
  );
  const all = pages.flatMap((page) => page.sizes);
  return {
    currency: 'USD',
    servers: new Map(
      all.map(({ slug, price_monthly: price, regions }) => [
        slug,
        new Map(regions.map((region) => [region, { net: price.toFixed(4) }])),
      ]),
    ),
  };
}
