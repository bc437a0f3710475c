import { z } from 'zod';
import { getJson, LookupError } from '../get-json.ts';

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});
const named = { id: z.number(), name: z.string(), labels };

const kinds = {
  ssh_keys: z.object({ ...named, public_key: z.string() }),
  networks: z.object({
    ...named,
    ip_range: z.string(),
    subnets: z.array(z.object({ ip_range: z.string() })).nullish(),
    routes: z.array(z.object({ destination: z.string(), gateway: z.string() })).nullish(),
  }),
  firewalls: z.object(named),
  placement_groups: z.object(named),
  primary_ips: z.object({ ...named, ip: z.string() }),
  servers: z.object({
    ...named,
    private_net: z.array(z.object({ network: z.number(), ip: z.string().nullish() })).nullish(),
  }),
} as const;

export type HetznerKind = keyof typeof kinds;
export type HetznerObject<Kind extends HetznerKind> = z.output<(typeof kinds)[Kind]>;

const pages = z.object({ meta: z.object({ pagination: z.object({ next_page: z.number().nullish() }) }).optional() });

export interface HetznerLookupOptions {
  token: string;
  /** Default: the real cloud. */
  endpoint?: string;
  /** Before a question is asked again, ms. */
  pauseMs?: number;
}

/** What a Hetzner project holds; asks with GET and nothing else. */
export class HetznerLookup {
  readonly #options: HetznerLookupOptions;
  readonly #lists = new Map<HetznerKind, Promise<unknown>>();

  constructor(options: HetznerLookupOptions) {
    this.#options = options;
  }

  /** All objects of a kind; asked once, and told from memory after that. @throws LookupError */
  list<Kind extends HetznerKind>(kind: Kind): Promise<HetznerObject<Kind>[]> {
    const known = this.#lists.get(kind) as Promise<HetznerObject<Kind>[]> | undefined;
    if (known !== undefined) return known;
    const asked = this.#all(kind);
    this.#lists.set(kind, asked);
    return asked;
  }

  async #all<Kind extends HetznerKind>(kind: Kind): Promise<HetznerObject<Kind>[]> {
    const { token, endpoint = 'https://api.hetzner.cloud/v1', pauseMs } = this.#options;
    const found: HetznerObject<Kind>[] = [];
    for (let page: number | null | undefined = 1; typeof page === 'number';) {
      const url = `${endpoint.replace(/\/+$/, '')}/${kind}?page=${page}&per_page=50`;
      const body = await getJson(url, { cloud: 'Hetzner Cloud', token, ...(pauseMs !== undefined && { pauseMs }) });
      const list = z.record(z.string(), z.unknown()).safeParse(body);
      const objects = z.array(kinds[kind]).safeParse(list.data?.[kind]);
      if (!objects.success)
        throw new LookupError(
          `Hetzner Cloud: the answer to GET /${kind} is not a list: ${z.prettifyError(objects.error)}`,
        );
      found.push(...(objects.data as HetznerObject<Kind>[]));
      page = pages.safeParse(body).data?.meta?.pagination.next_page;
    }
    return found;
  }
}
