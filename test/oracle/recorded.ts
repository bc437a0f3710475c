import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MATCH, type Match } from './filter.ts';

const NODE = z.object({
  hostname: z.string(),
  tags: z.array(z.string()),
  ipv4: z.string(),
  ipv6: z.string(),
  user: z.string().optional(),
  /** Approved ones. */
  approved_routes: z.array(z.string()).nullable(),
});
const RECORD = z.object({
  input: z.object({ full_policy: z.unknown(), api_response_code: z.number() }),
  topology: z.object({
    users: z.array(z.object({ name: z.string(), email: z.string() })),
    nodes: z.record(z.string(), NODE),
  }),
  captures: z.record(z.string(), z.object({ packet_filter_matches: z.array(MATCH).nullish() })).nullish(),
});

/** What Tailscale's own service made of a policy, for every node of a tailnet. */
export interface Recorded {
  name: string;
  policy: string;
  nodes: { name: string; tags: string[]; addresses: string[]; user?: string; routes: string[]; filter: Match[] }[];
  people: { login: string }[];
}

/**
 * Policies pushed to Tailscale's own service, and the packet filters that its nodes then had, as headscale's authors recorded them
 * for their own tests. They lie in the source of the headscale that the lab builds; what the service refused is left out.
 * @param module folder of that source
 */
export function recorded(module: string, results: 'acl_results' | 'grant_results' | 'routes_results'): Recorded[] {
  const folder = join(module, 'hscontrol', 'policy', 'v2', 'testdata', results);
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const { input, topology, captures } = RECORD.parse(
        // Lines of comment stand at the top only.
        JSON.parse(readFileSync(join(folder, file), 'utf8').replace(/^(\/\/[^\n]*\n)+/, '')),
      );
      if (input.api_response_code !== 200 || captures === undefined || captures === null) return [];
      const login = new Map(topology.users.map(({ name, email }) => [name, email]));
      const { full_policy: policy } = input;
      return {
        name: file.replace(/\.hujson$/, ''),
        policy: typeof policy === 'string' ? policy : JSON.stringify(policy),
        people: topology.users.map(({ email }) => ({ login: email })),
        nodes: Object.entries(topology.nodes).map(([name, { tags, ipv4, ipv6, user, approved_routes: routes }]) => ({
          name,
          tags,
          addresses: [ipv4, ipv6],
          ...(user !== undefined && tags.length === 0 && { user: login.get(user) ?? user }),
          routes: routes ?? [],
          filter: captures[name]?.packet_filter_matches ?? [],
        })),
      };
    });
}
