import { z } from 'zod';
import { UserError } from '../io/rpc/types.ts';
import type { CheckFailure, Inputs } from '../io/rpc/types.ts';
import { tailscale } from '../io/tailscale/client.ts';
import type { Tailscale } from '../io/tailscale/client.ts';
import type { Credential } from '../io/tailscale/http.ts';
import { tailnetHome } from '../mesh/overlays/tailscale/home.ts';
import { sshHosts } from './hosts.ts';
import type { Hosts } from './hosts.ts';
import { checkInputs, hasUnknown, parseInputs } from './schema.ts';
import { readTool } from './tool-source.ts';

/** What the resources of one provider instance work with. */
export interface MeshClient {
  hosts: Hosts;
  /** `unknown`: the provider's arguments are not known yet (previews only). `none`: it has no tailnet credential. */
  tailnet: ({ state: 'known' } & KnownTailnet) | { state: 'unknown' } | { state: 'none' };
}

interface KnownTailnet {
  api: Tailscale;
  name: string | null;
  /** As resources have it in `tailnet`: another one there is where they were before the stack moved. */
  home: string;
}

const schema = z
  .object({
    tailnet: z.string().min(1),
    baseUrl: z.url({ protocol: /^https?$/ }).optional(),
    loginServer: z.url({ protocol: /^https?$/ }).optional(),
    apiKey: z.string().min(1).optional(),
    oauthClientId: z.string().min(1).optional(),
    oauthClientSecret: z.string().min(1).optional(),
  })
  .refine((args) => args.apiKey === undefined || (args.oauthClientId ?? args.oauthClientSecret) === undefined, {
    message: 'give either apiKey or oauthClientId with oauthClientSecret, not both: which one counts would be a guess',
    path: ['apiKey'],
  })
  .refine((args) => (args.oauthClientId === undefined) === (args.oauthClientSecret === undefined), {
    message: 'oauthClientId and oauthClientSecret belong together; one of them is missing',
    path: ['oauthClientSecret'],
  });

/** Faults of the provider's arguments, as far as they are known. */
export function checkConfig(news: Inputs): CheckFailure[] {
  return checkInputs(schema, news);
}

/** Makes the client. Nothing is asked of any service here: a preview without network must work. */
export function configure(config: Inputs): MeshClient {
  const hosts = sshHosts(readTool);
  if (hasUnknown(config)) return { hosts, tailnet: { state: 'unknown' } };
  const args = parseInputs(schema, config);
  const credential = credentialOf(args);
  if (credential === undefined) return { hosts, tailnet: { state: 'none' } };
  const api = tailscale({ tailnet: args.tailnet, baseUrl: args.baseUrl, credential });
  const name = args.tailnet === '-' ? null : args.tailnet;
  const home = tailnetHome({ name: args.tailnet, loginServer: args.loginServer });
  return { hosts, tailnet: { state: 'known', api, name, home } };
}

/** The tailnet's API. @throws UserError when the provider has no credential for it. */
export function tailnetOf(client: MeshClient): KnownTailnet {
  if (client.tailnet.state === 'known') return client.tailnet;
  throw new UserError(
    client.tailnet.state === 'none'
      ? 'the mesh provider has no tailnet credential: set tailscale:apiKey, or tailscale:oauthClientId and tailscale:oauthClientSecret (pulumi config set --secret)'
      : 'the arguments of the mesh provider are not known yet, so the tailnet cannot be reached',
  );
}

function credentialOf(args: z.output<typeof schema>): Credential | undefined {
  const { apiKey, oauthClientId, oauthClientSecret } = args;
  if (apiKey !== undefined) return { apiKey };
  return oauthClientId === undefined || oauthClientSecret === undefined
    ? undefined
    : { oauthClientId, oauthClientSecret };
}
