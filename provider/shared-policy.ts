import { z } from 'zod';
import { diffInputs } from '../io/rpc/diff.ts';
import { UNKNOWN, UserError } from '../io/rpc/types.ts';
import type { Inputs, Operation, ResourceHandler } from '../io/rpc/types.ts';
import type { LivePolicy, Tailscale } from '../io/tailscale/client.ts';
import { TailscaleError } from '../io/tailscale/errors.ts';
import { readHeader } from '../mesh/overlays/tailscale/header.ts';
import { missingIn } from '../mesh/overlays/tailscale/shared-needs.ts';
import { tailnetOf } from './client.ts';
import type { MeshClient } from './client.ts';
import { checkInputs, parseInputs, pick } from './schema.ts';

const schema = z.strictObject({
  tailnet: z.string().min(1).optional(),
  owner: z.string().min(1),
  ownerLine: z.string().min(1),
  mark: z.string().min(1),
  tag: z.string().min(1),
  tags: z.array(z.string()),
  routes: z.array(z.strictObject({ prefix: z.string(), tag: z.string() })),
});
type Args = z.output<typeof schema>;
const INPUTS = ['tailnet', 'owner', 'ownerLine', 'mark', 'tag', 'tags', 'routes'];

/**
 * The policy of a tailnet that another stack owns, as far as this stack needs it. Nothing is ever written: what is missing is
 * told with the stack that goes first, and not found at the first join as a key that the service refuses.
 */
export const sharedPolicy: ResourceHandler<MeshClient> = {
  check: (_op, news) => Promise.resolve({ inputs: news, failures: checkInputs(schema, news) }),

  diff: (_op, _id, olds, _oldInputs, news) =>
    Promise.resolve({ changes: { ...diffInputs(pick(olds, INPUTS), pick(news, INPUTS)) } }),

  create: async (op, news, preview, client) => ({
    id: 'shared-policy',
    outputs: { ...news, etag: await found(op, news, preview, client) },
  }),

  async read(op, id, outputs, inputs, client) {
    if (client.tailnet.state !== 'known') return { id, outputs, inputs };
    const { etag } = await client.tailnet.api.policy.get(op.signal);
    return { id, inputs, outputs: { ...outputs, etag } };
  },

  update: async (op, _id, _olds, _oldInputs, news, preview, client) => ({
    outputs: { ...news, etag: await found(op, news, preview, client) },
  }),

  delete: () => Promise.resolve(),
};

/** Etag of the live policy. @throws UserError when it does not let this stack in. */
async function found(
  op: Operation,
  news: Inputs,
  preview: boolean,
  client: MeshClient,
): Promise<string | typeof UNKNOWN> {
  if (preview && client.tailnet.state !== 'known') return UNKNOWN;
  const args = parseInputs(schema, news);
  const { api } = tailnetOf(client);
  let live: LivePolicy;
  try {
    live = await api.policy.get(op.signal);
  } catch (error) {
    if (!preview || !(error instanceof TailscaleError) || error.status === 401 || op.signal.aborted) throw error;
    op.log('warning', `${error.message}\nThe policy of stack ${args.owner} was not looked at; the update will do it.`);
    return UNKNOWN;
  }
  letsIn(op, api, args, live.text);
  return live.etag;
}

function letsIn(op: Operation, api: Tailscale, args: Args, text: string): void {
  const { owner, ownerLine, mark } = args;
  const header = readHeader(text);
  const first = `Run pulumi up of stack ${owner} first: it pushes the policy of every stack that shares the tailnet (site-mesh:tailnet.with), from their files as they are there.`;
  if (header?.owner !== ownerLine) {
    const whose = header === undefined ? 'has a policy that stack did not push' : `has the policy of ${header.owner}`;
    throw new UserError(`tailnet ${api.tailnet} is to be shared with stack ${owner}, and ${whose}. ${first}`);
  }
  const missing = missingIn(text, args);
  if (missing.length > 0)
    throw new UserError(
      `tailnet ${api.tailnet}: the policy that stack ${owner} pushed does not let this stack in yet:\n  ${missing.join('\n  ')}\n${first}`,
    );
  if (!header.intact) op.log('warning', `tailnet ${api.tailnet}: its policy was edited since stack ${owner} pushed it`);
  else if (!text.startsWith(`${mark}\n`))
    op.log(
      'warning',
      `tailnet ${api.tailnet}: the policy that stack ${owner} pushed last is another one than the files here make: what changed in access since is in force once stack ${owner} is up again, from the same files`,
    );
}
