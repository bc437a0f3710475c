import { z } from 'zod';
import { diffInputs } from '../io/rpc/diff.ts';
import { UserError } from '../io/rpc/types.ts';
import type { Inputs, Operation, ResourceHandler, Value } from '../io/rpc/types.ts';
import type { Tailscale } from '../io/tailscale/client.ts';
import { TailscaleError } from '../io/tailscale/errors.ts';
import { pause } from '../io/wait.ts';
import { verdicts, type Broken, type Verdicts } from '../mesh/overlays/tailscale/verdicts.ts';
import { tailnetOf } from './client.ts';
import type { MeshClient } from './client.ts';
import { signalOf } from './hosts.ts';
import { brokenLogins, loginTest } from './login-tests.ts';
import { moved } from './moved.ts';
import { asSet, checkInputs, parseInputs, pick } from './schema.ts';

const test = z.strictObject({
  src: z.string().min(1),
  // Without it an icmp grant makes a tcp port pass.
  proto: z.string().min(1),
  accept: z.array(z.string()),
  deny: z.array(z.string()),
});
const schema = z
  .strictObject({
    tailnet: z.string().min(1).optional(),
    tests: z.array(test),
    logins: z.array(loginTest).optional(),
    reasons: z.record(z.string(), z.string()),
    policy: z.string().min(1),
    nodes: z.array(z.string()),
  })
  .refine(({ tests, logins = [] }) => tests.length + logins.length > 0, { path: ['tests'], error: 'tests nothing' });
type Args = z.output<typeof schema>;
const INPUTS = ['tailnet', 'tests', 'logins', 'reasons', 'policy', 'nodes'];

/** The tailnet's API knows a device before its policy tests do. */
const SEEN_SECONDS = 20;
const SEEN_PAUSE_SECONDS = 1;

/**
 * Asks the service whether the live policy gives what it should and nothing else, now that nodes have joined: a test about
 * a tag cannot stand in the policy itself, which is pushed before any node carries it.
 */
export const tailnetTests: ResourceHandler<MeshClient> = {
  check: (_op, news) => {
    const inputs = { ...news };
    if ('nodes' in news) inputs.nodes = asSet(news.nodes);
    return Promise.resolve({ inputs, failures: checkInputs(schema, inputs) });
  },

  diff: (_op, _id, olds, _oldInputs, news) =>
    Promise.resolve({ changes: { ...diffInputs(pick(olds, INPUTS), pick(news, INPUTS)) } }),

  async create(op, news, preview, client) {
    if (preview) announce(op, news);
    else await run(op, news, [], client);
    return { id: 'tailnet-tests', outputs: { ...news } };
  },

  // What held when it was asked is all that there is to record.
  read: (_op, id, outputs, inputs) => Promise.resolve({ id, outputs, inputs }),

  async update(op, _id, olds, _oldInputs, news, preview, client) {
    if (preview) announce(op, news);
    else await run(op, news, moved(olds, news) ? [] : listOf(olds.nodes), client);
    return { outputs: { ...news } };
  },

  delete: () => Promise.resolve(),
};

/** @param before nodes of the last time: those that are not there any more leave at the end of this very update. */
async function run(op: Operation, news: Inputs, before: readonly string[], client: MeshClient): Promise<void> {
  const args = parseInputs(schema, news);
  const { api } = tailnetOf(client);
  const found = await judge(op, api, args);
  if (found === undefined) return;
  const leaving = before.filter((node) => !args.nodes.includes(node));
  const broken = [
    ...(await staying(op, api, found.broken, leaving)),
    ...(await blind(op, api, found.unseen)),
    // A tag without a device would fail these too, and says nothing of logins.
    ...(found.unseen.length > 0 ? [] : await brokenLogins(op, api, args.logins ?? [])),
  ];
  if (broken.length === 0) return;
  throw new UserError(
    `tailnet ${api.tailnet}: after the joins, access is not what the config says:\n  ${broken.join('\n  ')}\nIs the live policy the one that was pushed last? pulumi refresh shows an edit. If it is, look at the tags of the devices that are named here.`,
  );
}

/** Of what is broken, all but what a node may be the reason of that is about to leave: a tag is all its nodes, this one included. */
async function staying(
  op: Operation,
  api: Tailscale,
  broken: readonly Broken[],
  leaving: readonly string[],
): Promise<string[]> {
  const devices = broken.length === 0 || leaving.length === 0 ? [] : await api.devices.list(signalOf(op));
  const going = devices.filter(({ nodeId }) => leaving.includes(nodeId));
  return broken.flatMap(({ text, about }) => {
    const names = going.filter(({ tags }) => tags.some((tag) => about.includes(tag))).map(({ hostname }) => hostname);
    if (names.length === 0) return [text];
    op.log('info', `not judged while ${names.sort().join(', ')} is still in the tailnet, which leaves now: ${text}`);
    return [];
  });
}

const listOf = (value: Value): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

/** At preview nobody is asked: what joins, leaves or is pushed in the update is not there yet. */
function announce(op: Operation, news: Inputs): void {
  const tests = z.array(test).safeParse(news.tests);
  if (!tests.success) {
    op.log('info', 'the live policy is tested once the nodes have joined');
    return;
  }
  const count = (side: 'accept' | 'deny'): number => tests.data.reduce((sum, one) => sum + one[side].length, 0);
  const sources = new Set(tests.data.map(({ src }) => src)).size;
  op.log(
    'info',
    `tested at the service once the nodes have joined: ${count('accept')} connections that must be allowed and ${count('deny')} that must be denied, from ${sources} kinds of members`,
  );
}

/** Asks, and again while a selector stands for no device yet. undefined: this control server cannot be asked. */
async function judge(op: Operation, api: Tailscale, args: Args): Promise<Verdicts | undefined> {
  const until = Date.now() + SEEN_SECONDS * 1000;
  const signal = signalOf(op);
  if (args.tests.length === 0) return { broken: [], unseen: [] };
  for (;;) {
    let said;
    try {
      said = await api.policy.test(args.tests, signal);
    } catch (error) {
      if (!(error instanceof TailscaleError) || (error.status !== 404 && error.status !== 501)) throw error;
      op.log(
        'warning',
        `${error.message}\nThis control server runs no tests against its live policy, so access of the nodes that joined was not tested.`,
      );
      return undefined;
    }
    for (const warning of said.warnings) op.log('warning', `tailnet ${api.tailnet}: ${warning}`);
    const found = verdicts(said.errors, args.tests, args.reasons);
    if (found.unseen.length === 0 || Date.now() >= until) return found;
    op.status(`waiting until the tailnet's tests see ${found.unseen.join(', ')}, which joined a moment ago`);
    await pause(SEEN_PAUSE_SECONDS, signal);
  }
}

/**
 * Selectors for which the service found no device until the end. Where the tailnet lists one, its tests should have seen it;
 * where it lists none, somebody removed it: that is no matter of access.
 */
async function blind(op: Operation, api: Tailscale, unseen: readonly string[]): Promise<string[]> {
  if (unseen.length === 0) return [];
  const devices = await api.devices.list(signalOf(op));
  return unseen.flatMap((tag) => {
    const names = devices.filter(({ tags }) => tags.includes(tag)).map(({ hostname }) => hostname);
    if (names.length > 0)
      return [
        `${tag}: carried by ${names.sort().join(', ')}, and the service's tests have not seen it for ${SEEN_SECONDS} s; the next up asks again`,
      ];
    op.log(
      'warning',
      `tailnet ${api.tailnet} has no device with ${tag} any more, so its access was not tested. If it was removed by hand: pulumi up --refresh joins its host anew.`,
    );
    return [];
  });
}
