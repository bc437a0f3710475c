import { z } from 'zod';
import { diffInputs } from '../io/rpc/diff.ts';
import { UNKNOWN, Unknown, UserError } from '../io/rpc/types.ts';
import type { DiffAnswer, Inputs, Operation, ResourceHandler } from '../io/rpc/types.ts';
import type { Connection } from '../io/ssh/connect.ts';
import type { StageRequest } from '../io/ssh/host-tool.ts';
import { ACCEPTABLE } from '../mesh/config/schema/host.ts';
import { releaseHash } from '../mesh/host/hash.ts';
import type { MeshClient } from './client.ts';
import { deploy } from './deploy.ts';
import { signalOf, withHost } from './hosts.ts';
import type { OpenOptions } from './hosts.ts';
import { restoreHost } from './restore.ts';
import { checkInputs, connectionSchema, hasUnknown, parseInputs, pick, textOf } from './schema.ts';

const release = {
  files: z.record(
    z.string().regex(/^\/[\x21-\x7e]+$/, 'must be an absolute ASCII path'),
    z.strictObject({ content: z.string(), mode: z.string().regex(/^0[0-7]{3}$/, 'must be octal, such as 0644') }),
  ),
  units: z.record(
    z.string(),
    z.strictObject({ enabled: z.boolean(), onChange: z.enum(['restart', 'reload']), watches: z.array(z.string()) }),
  ),
  packages: z.record(z.string(), z.string()),
};

const releaseSchema = z.object(release);

const schema = z.strictObject({
  serverId: z.string().min(1),
  host: z.string().min(1),
  site: z.string().min(1).optional(),
  account: z.string().min(1).optional(),
  connection: connectionSchema,
  lan: z.string().min(1),
  lanPrefix: z.string().min(1),
  lan6: z.string().min(1).optional(),
  ...release,
  credentials: z.record(z.string(), z.string()).optional(),
  provisioned: z.boolean(),
  accepts: z.array(z.enum(ACCEPTABLE)).optional(),
  loginServer: z.url({ protocol: /^https?$/ }).optional(),
  bootTimeout: z.number().positive().optional(),
  generation: z.union([z.int(), z.string()]).optional(),
});
type Args = z.output<typeof schema>;
const loginSchema = z.object({ user: z.string() });

/** A change of these is a change of the host; of the others, of how it is reached and recorded. */
const HOST_INPUTS = ['files', 'units', 'packages', 'credentials', 'lan', 'lanPrefix', 'lan6'];
const RECORD_INPUTS = ['host', 'site', 'account', 'connection', 'provisioned', 'accepts', 'loginServer', 'bootTimeout'];
/** A change of this: the host was off meanwhile. The same release is brought again, which starts what did not come up by itself. */
const RESTART_INPUTS = ['generation'];

const BOOT_SECONDS = 300;
/** A host that was up before may be restarting, but is not installing itself. */
const UPDATE_SECONDS = 60;
const READ_SECONDS = 20;
/** For all of a delete: dialling, logging in, restoring. Package managers take their time. */
const DELETE_SECONDS = 180;
/** From the first refused login of a first boot: cloud-init may still be about to install the key. */
const AUTH_SECONDS = 120;

/** One rendered release on one host: pushed, commit-confirmed, read back, and taken off existing hosts again. */
export const hostRelease: ResourceHandler<MeshClient> = {
  secretOutputs: ['connection.privateKey', 'connection.via.privateKey', 'credentials'],

  check: (_op, news) => Promise.resolve({ inputs: news, failures: checkInputs(schema, news) }),

  diff: (_op, _id, olds, _oldInputs, news) => {
    const answer: DiffAnswer = { changes: {} };
    const inputs = [...HOST_INPUTS, ...RECORD_INPUTS, ...RESTART_INPUTS];
    const changes = diffInputs(pick(olds, inputs), pick(news, inputs));
    for (const [path, kind] of Object.entries(changes)) answer.changes[path] = kind;
    if (news.serverId instanceof Unknown || news.serverId !== olds.serverId) answer.changes.serverId = 'update-replace';
    if (!touchesHost(olds, news)) Object.assign(answer.changes, liveChanges(olds, news));
    return Promise.resolve(answer);
  },

  async create(op, news, preview, client) {
    if (preview) return { id: '', outputs: { ...news, hash: hashOf(news) ?? UNKNOWN, hostKey: UNKNOWN, drift: [] } };
    const args = parseInputs(schema, news);
    const connection = args.connection;
    const bootSeconds = args.bootTimeout ?? BOOT_SECONDS;
    const request = stageRequest(args, client, false);
    const { hash, hostKey } = await deploy(op, client.hosts, {
      name: args.host,
      connection,
      request,
      preflight: !args.provisioned,
      bootSeconds,
      authSeconds: AUTH_SECONDS,
    });
    return { id: `${args.serverId}/${args.host}`, outputs: { ...news, hash, hostKey, drift: [] } };
  },

  async read(op, id, outputs, inputs, client) {
    if (outputs.connection === undefined) {
      throw new UserError(
        `HostRelease ${id} cannot be imported, and need not be: a create finds what is on the host and changes only what differs`,
      );
    }
    const args = parseInputs(schema, inputs);
    const open = openOptions(op, args.host, READ_SECONDS);
    try {
      const status = await withHost(client.hosts, pinned(args, outputs), open, (tool) => tool.status());
      if (status.pendingRevert)
        op.log(
          'warning',
          `${args.host}: release ${status.active ?? '(none)'} is active but not confirmed; the host will revert it by itself`,
        );
      const hostKey = status.hostKey ?? textOf(outputs, 'hostKey') ?? null;
      return { id, inputs, outputs: { ...outputs, hash: status.live ?? '', hostKey, drift: status.drift } };
    } catch (error) {
      if (op.signal.aborted) throw error;
      // A refresh that fails because one host is down would make all other hosts unmanageable in that hour.
      op.log('warning', `${message(error)}\n${args.host} could not be read; what was recorded last is kept.`);
      return { id, inputs, outputs };
    }
  },

  async update(op, _id, olds, _oldInputs, news, preview, client) {
    refuseInPlace(olds, news);
    const recorded = textOf(olds, 'hostKey');
    const restarted = differ(olds, news, RESTART_INPUTS);
    const changed =
      restarted || redeclared(olds, news) || touchesHost(olds, news) || Object.keys(liveChanges(olds, news)).length > 0;
    if (!changed) return { outputs: { ...news, ...pick(olds, ['hash', 'hostKey', 'drift']) } };
    if (preview) {
      const hostKey = redeclared(olds, news) ? UNKNOWN : (recorded ?? UNKNOWN);
      return { outputs: { ...news, hash: hashOf(news) ?? UNKNOWN, hostKey, drift: [] } };
    }
    const args = parseInputs(schema, news);
    // The bootstrap key may go once the host's own is in the state: every later connection can pin that one.
    const request = stageRequest(args, client, recorded?.startsWith('ssh-ed25519 ') ?? false);
    const deployment = {
      name: args.host,
      connection: redeclared(olds, news) ? args.connection : pinned(args, olds),
      request,
      preflight: false,
      bootSeconds: restarted ? (args.bootTimeout ?? BOOT_SECONDS) : UPDATE_SECONDS,
      authSeconds: 0,
    };
    const { hash, hostKey } = await deploy(op, client.hosts, deployment);
    return { outputs: { ...news, hash, hostKey, drift: [] } };
  },

  async delete(op, _id, olds, oldInputs, client) {
    // A server that we made goes away with all that is on it.
    if (olds.provisioned === true) return;
    const args = parseInputs(schema, oldInputs);
    const seconds = Math.min(DELETE_SECONDS, op.timeout ?? DELETE_SECONDS);
    await restoreHost(op, client.hosts, { name: args.host, connection: pinned(args, olds) }, seconds);
  },
};

/** The key that the host made for itself counts more than the one that it was born with or declared with. */
function pinned(args: Args, outputs: Inputs): Connection {
  return { ...args.connection, hostKey: textOf(outputs, 'hostKey') ?? args.connection.hostKey };
}

/**
 * The owner of a machine says that it has another host key now: that one counts more than the recorded one. Not on servers
 * of ours: what is declared there is the key of the first boot.
 */
function redeclared(olds: Inputs, news: Inputs): boolean {
  const changes = diffInputs(pick(olds, ['connection']), pick(news, ['connection']));
  return news.provisioned === false && 'connection.hostKey' in changes;
}

/**
 * What a server of ours keeps for life. Said at preview: else a login is a refused key on the first host of the update, a site's new
 * name stops half way, at the placement group, with the policy of the new name in force, and another account changes nothing at all.
 */
function refuseInPlace(olds: Inputs, news: Inputs): void {
  if (news.provisioned !== true) return;
  const host = textOf(news, 'host') ?? 'host';
  const [before, now] = [olds, news].map(({ connection }) => loginSchema.safeParse(connection).data?.user);
  if (before !== undefined && now !== undefined && before !== now)
    throw new UserError(
      `${host}: site-mesh:ssh.user is ${now} now, and this server was made with the login ${before}, the only one that it lets in. Put ${before} back; only a server that is made anew gets another one: replace it in the same up (docs/operations.md, "Make one host anew").`,
    );
  for (const what of ['site', 'account']) {
    const [was, is] = [textOf(olds, what), textOf(news, what)];
    if (was !== undefined && is !== undefined && was !== is)
      throw new UserError(
        `${host}: its ${what} ${was} is called ${is} now, and ${STAYS[what]}. Put ${was} back, or build another site beside this one, move the hosts, and retire this one (docs/operations.md, "Move a host to another site").`,
      );
  }
}

const STAYS: Record<string, string> = {
  site: 'a site cannot be renamed while its servers stay',
  // With another account's credential a refresh would find none of it, and have it all made again while the old servers run on.
  account: 'what is bought stays in its account',
};

function stageRequest(args: Args, { tailnet }: MeshClient, retireBootstrapKey: boolean): StageRequest {
  const { files, units, packages, lan, lanPrefix, lan6 } = args;
  const name = tailnet.state === 'known' ? tailnet.name : null;
  return {
    release: { files, units, packages },
    credentials: args.credentials ?? {},
    lan,
    lanPrefix,
    ...(lan6 !== undefined && { lan6 }),
    retireBootstrapKey,
    ...(!args.provisioned && {
      existing: {
        accepts: args.accepts ?? [],
        tailnet: name,
        ...(args.loginServer !== undefined && { loginServer: args.loginServer }),
      },
    }),
  };
}

function touchesHost(olds: Inputs, news: Inputs): boolean {
  return differ(olds, news, HOST_INPUTS);
}

function differ(olds: Inputs, news: Inputs, keys: string[]): boolean {
  return Object.keys(diffInputs(pick(olds, keys), pick(news, keys))).length > 0;
}

/** What a read found on the host that is not what was recorded. */
function liveChanges(olds: Inputs, news: Inputs): DiffAnswer['changes'] {
  const changes: DiffAnswer['changes'] = {};
  if (Array.isArray(olds.drift) && olds.drift.length > 0) changes.drift = 'update';
  const wanted = hashOf(news);
  if (wanted !== undefined && olds.hash !== wanted) changes.hash = 'update';
  return changes;
}

/** Hash of the wanted release; undefined while part of it is unknown. */
function hashOf(news: Inputs): string | undefined {
  const parts = pick(news, ['files', 'units', 'packages']);
  return hasUnknown(parts) ? undefined : releaseHash(parseInputs(releaseSchema, parts));
}

function openOptions(op: Operation, name: string, bootSeconds: number): OpenOptions {
  return { name, bootSeconds, authSeconds: 0, signal: signalOf(op), status: (text) => op.status(text) };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
