import { z } from 'zod';
import { diffInputs } from '../io/rpc/diff.ts';
import { UNKNOWN, UserError } from '../io/rpc/types.ts';
import type { DiffAnswer, Inputs, Operation, ResourceHandler, Value } from '../io/rpc/types.ts';
import type { LivePolicy } from '../io/tailscale/client.ts';
import { TailscaleError } from '../io/tailscale/errors.ts';
import { accessChanges } from '../mesh/access/sentences.ts';
import { readHeader } from '../mesh/overlays/tailscale/header.ts';
import { tailnetOf } from './client.ts';
import type { MeshClient } from './client.ts';
import { moved } from './moved.ts';
import { claimPolicy, foretellPush, replacePolicy, validatePolicy } from './policy-push.ts';
import type { Recorded } from './policy-push.ts';
import { checkInputs, hasUnknown, parseInputs, pick, textOf } from './schema.ts';

const entry = z.strictObject({
  from: z.string(),
  people: z.array(z.string()).optional(),
  lan: z.strictObject({ of: z.string(), site: z.string(), hosts: z.array(z.string()) }).optional(),
  to: z.string(),
  ports: z.array(z.string()),
  why: z.string(),
  implicit: z.boolean(),
  ssh: z.strictObject({ users: z.array(z.string()), check: z.string().optional() }).optional(),
  until: z.string().optional(),
});
const accessSchema = z.array(entry);
const texts = z.array(z.string());
const lifelines = z.strictObject({
  ownerTag: z.string().min(1),
  tags: texts,
  routes: z.array(z.strictObject({ prefix: z.string(), tags: texts })),
  tests: z.array(z.strictObject({ src: z.string(), proto: z.string(), accept: texts, needs: texts })),
});
const schema = z.strictObject({
  tailnet: z.string().min(1).optional(),
  text: z.string().min(1),
  access: accessSchema,
  lifelines,
  takeOver: z.string().min(1).optional(),
});
/** What a change of is a change of the policy; the rest says how to push the next one. */
const INPUTS = ['text', 'access', 'tailnet'];

/** The policy of the tailnet. There is one per tailnet, so one stack owns it; it is never overwritten blindly. */
export const tailnetPolicy: ResourceHandler<MeshClient> = {
  check: (_op, news) => Promise.resolve({ inputs: news, failures: checkInputs(schema, news) }),

  // Outputs hold the live text, so an edit behind our back is a change to undo.
  diff(_op, _id, olds, _oldInputs, news) {
    const changes: DiffAnswer['changes'] = { ...diffInputs(pick(olds, INPUTS), pick(news, INPUTS)) };
    if (changes.text === undefined && !isChecked(olds)) changes.checked = 'update';
    return Promise.resolve({ changes });
  },

  async create(op, news, preview, client) {
    if (preview) {
      await announce(op, {}, news, client, undefined);
      return { id: '', outputs: { ...news, etag: UNKNOWN, checked: UNKNOWN } };
    }
    const etag = await claimPolicy(op, tailnetOf(client).api, parseInputs(schema, news));
    return { id: 'tailnet-policy', outputs: { ...news, etag, checked: etag } };
  },

  async read(op, _id, outputs, inputs, client) {
    if (client.tailnet.state !== 'known') return { id: 'tailnet-policy', outputs, inputs };
    const live = await client.tailnet.api.policy.get(op.signal);
    // Inputs too: that is what the engine compares to show what somebody edited.
    const access = inputs.access ?? [];
    return {
      id: 'tailnet-policy',
      inputs: { ...inputs, text: live.text, access },
      outputs: { access, ...outputs, ...live, former: formerOf(outputs, live) },
    };
  },

  async update(op, _id, olds, _oldInputs, news, preview, client) {
    const etag = textOf(olds, 'etag');
    const moving = moved(olds, news);
    const recorded = moving ? undefined : recordedIn(olds);
    const sameText = !moving && news.text === olds.text;
    if (sameText && isChecked(olds)) return { outputs: { ...news, etag, checked: etag } };
    if (preview) {
      if (moving) op.log('info', MOVES(textOf(olds, 'tailnet'), textOf(news, 'tailnet')));
      if (!sameText) await announce(op, olds, news, client, recorded);
      else op.log('info', 'the live policy was not checked since it was pushed: this update does it');
      return { outputs: { ...news, etag: sameText && etag !== undefined ? etag : UNKNOWN, checked: UNKNOWN } };
    }
    const wanted = parseInputs(schema, news);
    const { api } = tailnetOf(client);
    const pushed =
      recorded === undefined ? await claimPolicy(op, api, wanted) : await replacePolicy(op, api, wanted, recorded);
    return { outputs: { ...news, etag: pushed, checked: pushed } };
  },

  // Taking it away would bring back the service's default, which lets everybody reach everything.
  delete: (op) => {
    op.log('info', 'the tailnet keeps its last policy: without one everybody could reach everything');
    return Promise.resolve();
  },
};

const MOVES = (from = 'its tailnet', to = 'another one'): string =>
  `the stack moves from tailnet ${from} to ${to}: hosts leave the one and join the other, the second router of a pair after the first; the policy of ${from} stays as it is`;

/** Did the service say yes to the text that the state has? Not when a run was killed after its push and a refresh found the text. */
const isChecked = (outputs: Inputs): boolean =>
  textOf(outputs, 'etag') !== undefined && textOf(outputs, 'checked') === textOf(outputs, 'etag');

/** The last text that was checked, while another one is live. */
function formerOf(outputs: Inputs, live: LivePolicy): Value {
  if (live.etag === textOf(outputs, 'checked')) return undefined;
  return isChecked(outputs) ? textOf(outputs, 'text') : textOf(outputs, 'former');
}

/** What a push may go over; undefined where none was recorded. */
function recordedIn(outputs: Inputs): Recorded | undefined {
  const etag = textOf(outputs, 'etag');
  if (etag === undefined) return undefined;
  return { text: textOf(outputs, 'text') ?? '', etag, former: textOf(outputs, 'former') };
}

/** At preview: what the service thinks of the new text, and who gains or loses access by it. */
async function announce(
  op: Operation,
  olds: Inputs,
  news: Inputs,
  client: MeshClient,
  recorded: Recorded | undefined,
): Promise<void> {
  const text = textOf(news, 'text');
  if (text !== undefined && client.tailnet.state === 'known') {
    try {
      await validatePolicy(op, client.tailnet.api, text);
      await foretellPush(op, client.tailnet.api, { text, takeOver: textOf(news, 'takeOver') }, recorded);
    } catch (error) {
      // 400 and 401 will fail the update as well. The rest may be the preview's own: no network, a read-only credential.
      if (!(error instanceof TailscaleError) || error.status === 400 || error.status === 401 || op.signal.aborted)
        throw error;
      op.log('warning', `${error.message}\nThe new policy was not held against the tailnet; the update will do it.`);
    }
  }
  if (hasUnknown(news.access)) return;
  const before = textOf(olds, 'text');
  if (before !== undefined && readHeader(before)?.intact !== true) {
    op.log(
      'warning',
      'the live policy was edited outside this program: the sentences below compare with what was pushed last, not with what people can reach now; the diff of text shows the edit',
    );
  }
  const sentences = accessChanges(accessOf(olds), accessOf(news));
  for (const sentence of sentences) op.log('info', sentence);
  if (sentences.length === 0 && news.text !== before)
    op.log('info', 'the policy text changes, but nobody gains or loses access');
}

function accessOf(inputs: Inputs): z.output<typeof accessSchema> {
  const parsed = accessSchema.safeParse(inputs.access ?? []);
  if (parsed.success) return parsed.data;
  throw new UserError('access: not a list of entries with from, to, ports, why and implicit');
}
