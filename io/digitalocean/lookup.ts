import { z } from 'zod';
import { getJson, LookupError } from '../get-json.ts';

const tags = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

/** Path and shape of each list. */
const kinds = {
  ssh_keys: {
    path: 'account/keys',
    shape: z.object({ id: z.number(), name: z.string(), public_key: z.string(), fingerprint: z.string().nullish() }),
  },
  vpcs: {
    path: 'vpcs',
    shape: z.object({
      id: z.string(),
      name: z.string(),
      description: z.string().nullish(),
      region: z.string().nullish(),
      ip_range: z.string().nullish(),
    }),
  },
  tags: { path: 'tags', shape: z.object({ name: z.string() }) },
  firewalls: { path: 'firewalls', shape: z.object({ id: z.string(), name: z.string(), tags }) },
  droplets: {
    path: 'droplets',
    shape: z.object({ id: z.number(), name: z.string(), tags, created_at: z.string().nullish() }),
  },
  reserved_ips: {
    path: 'reserved_ips',
    shape: z.object({
      ip: z.string(),
      region: z.object({ slug: z.string() }).nullish(),
      droplet: z.object({ id: z.number() }).nullish(),
    }),
  },
  projects: {
    path: 'projects',
    shape: z.object({ id: z.string(), name: z.string(), description: z.string().nullish() }),
  },
} as const;

export type OceanKind = keyof typeof kinds;
export type OceanObject<Kind extends OceanKind> = z.output<(typeof kinds)[Kind]['shape']>;

const next = z.object({ links: z.object({ pages: z.object({ next: z.string().nullish() }).nullish() }).nullish() });

export interface OceanLookupOptions {
  token: string;
  /** Default: the real cloud. */
  endpoint?: string;
  /** Before a question is asked again, ms. */
  pauseMs?: number;
}

/** What a DigitalOcean account holds; asks with GET and nothing else. */
export class OceanLookup {
  readonly #options: OceanLookupOptions;
  readonly #lists = new Map<OceanKind, Promise<unknown>>();

  constructor(options: OceanLookupOptions) {
    this.#options = options;
  }

  /** All objects of a kind; asked once, and told from memory after that. @throws LookupError */
  list<Kind extends OceanKind>(kind: Kind): Promise<OceanObject<Kind>[]> {
    const known = this.#lists.get(kind) as Promise<OceanObject<Kind>[]> | undefined;
    if (known !== undefined) return known;
    const asked = this.#all(kind);
    this.#lists.set(kind, asked);
    return asked;
  }

  async #all<Kind extends OceanKind>(kind: Kind): Promise<OceanObject<Kind>[]> {
    const { token, endpoint = 'https://api.digitalocean.com', pauseMs } = this.#options;
    const { path, shape } = kinds[kind];
    const found: OceanObject<Kind>[] = [];
    // The next page is counted, not followed: a link that an answer names would get our token.
    for (let page = 1, more = true; more; page++) {
      const url = `${endpoint.replace(/\/+$/, '')}/v2/${path}?page=${page}&per_page=200`;
      const body = await getJson(url, { cloud: 'DigitalOcean', token, ...(pauseMs !== undefined && { pauseMs }) });
      const list = z.record(z.string(), z.unknown()).safeParse(body);
      const objects = z.array(shape).safeParse(list.data?.[kind]);
      if (!objects.success)
        throw new LookupError(
          `DigitalOcean: the answer to GET /v2/${path} is not a list: ${z.prettifyError(objects.error)}`,
        );
      found.push(...(objects.data as OceanObject<Kind>[]));
      more = typeof next.safeParse(body).data?.links?.pages?.next === 'string';
    }
    return found;
  }
}
