import { UserError } from '../io/rpc/types.ts';
import type { Operation } from '../io/rpc/types.ts';
import type { Connection } from '../io/ssh/connect.ts';
import { mayPass } from '../io/ssh/errors.ts';
import { HostToolError } from '../io/ssh/host-tool.ts';
import type { StageRequest } from '../io/ssh/host-tool.ts';
import { pause } from '../io/wait.ts';
import { releaseHash } from '../mesh/host/hash.ts';
import { signalOf, withHost } from './hosts.ts';
import type { Hosts, OpenHost, OpenOptions } from './hosts.ts';
import { inspect } from './preflight.ts';

/** After this many seconds without confirmation a host goes back by itself. */
const REVERT_SECONDS = 120;
/** Confirmation stops being tried this long before, so that it cannot meet the revert half way. */
const REVERT_MARGIN_SECONDS = 15;
const PAUSE_SECONDS = 2;

export interface Deployment {
  /** Host name as the config has it. */
  name: string;
  connection: Connection;
  request: StageRequest;
  /** Look first at what is on the machine, and stop when it stands in the way. */
  preflight: boolean;
  /** How long the host may take to answer, and its first boot to end. */
  bootSeconds: number;
  authSeconds: number;
}

export interface Deployed {
  hash: string;
  /** The host's own key line, ed25519. */
  hostKey: string;
}

/**
 * Brings one release onto a host and commit-confirms it: stage → activate → new connection → confirm.
 * Whatever breaks on the way, the host ends on a confirmed release and the next run starts at stage again, so a failure
 * leaves nothing that a state would have to remember.
 * @throws UserError that says which host, what it is in now and what happens next.
 */
export async function deploy(op: Operation, hosts: Hosts, deployment: Deployment): Promise<Deployed> {
  const signal = signalOf(op);
  const hash = releaseHash(deployment.request.release);
  const open: OpenOptions = { ...deployment, signal, status: (message) => op.status(message) };
  const host = await openBooted(op, hosts, deployment, open);
  try {
    const { tool } = host;
    if (deployment.preflight) await inspect(op, tool, deployment);
    op.status(`staging release ${short(hash)}`);
    const staged = await tool.stage(deployment.request);
    if (staged.hash !== hash) {
      throw new UserError(
        `${deployment.name}: the release changed on the way to the host: sent ${hash}, the host computed ${staged.hash} over what arrived. Nothing was activated. Run again; if it happens again, suspect the host's memory or disk, or the path to it.`,
      );
    }
    for (const check of staged.checks) op.log('debug', `${check.name}: ${check.result} ${check.detail}`);
    op.status(`activating release ${short(hash)}: ${count(staged.changed.length, 'changed file')}`);
    try {
      await tool.activate(hash, REVERT_SECONDS);
    } catch (error) {
      // A release may cut the connection that activates it (sshd, routes). Whether it works is for confirm to say.
      if (!mayPass(error)) throw error;
      op.log('debug', `${deployment.name}: the connection broke while activating; confirming over a new one`);
    }
  } finally {
    host.close();
  }
  op.status(`confirming release ${short(hash)} over a new connection`);
  const deployed = await confirm(op, hosts, deployment, open, hash);
  op.status(`release ${short(hash)} confirmed`);
  return deployed;
}

/** The host once its first boot is over. The time that was waited already counts: bootTimeout is for the whole boot. */
async function openBooted(op: Operation, hosts: Hosts, deployment: Deployment, open: OpenOptions): Promise<OpenHost> {
  const start = Date.now();
  const elapsed = (): number => (Date.now() - start) / 1000;
  for (;;) {
    const left = { ...open, bootSeconds: Math.max(0, open.bootSeconds - elapsed()) };
    const host = await hosts.open(deployment.connection, left);
    try {
      for (;;) {
        const { firstBoot } = await host.tool.facts();
        if (firstBoot !== 'running') return host;
        if (elapsed() >= open.bootSeconds) {
          throw new UserError(
            `${deployment.name}: the first boot did not end within ${open.bootSeconds} s: cloud-init is still running. Look at /var/log/cloud-init-output.log on the host; if it is only slow, raise bootTimeout (site-mesh:ssh.bootTimeout, seconds).`,
          );
        }
        op.status(`waiting for the first boot to end, ${Math.round(elapsed())} of ${open.bootSeconds} s`);
        await pause(PAUSE_SECONDS, open.signal);
      }
    } catch (error) {
      host.close();
      // cloud-init restarts sshd: a connection that breaks during a first boot means nothing.
      if (!mayPass(error) || elapsed() >= open.bootSeconds) throw error;
      await pause(PAUSE_SECONDS, open.signal);
    }
  }
}

async function confirm(
  op: Operation,
  hosts: Hosts,
  deployment: Deployment,
  open: OpenOptions,
  hash: string,
): Promise<Deployed> {
  const until = Date.now() + (REVERT_SECONDS - REVERT_MARGIN_SECONDS) * 1000;
  const left = (): number => Math.max(0, (until - Date.now()) / 1000);
  for (;;) {
    try {
      const bounded = { ...open, bootSeconds: left(), authSeconds: 0 };
      const { confirmed, hostKey } = await withHost(hosts, deployment.connection, bounded, (tool) =>
        tool.confirm(hash),
      );
      if (confirmed !== hash)
        throw new UserError(`${deployment.name}: the host confirmed release ${confirmed}, not ${hash}`);
      return { hash, hostKey };
    } catch (error) {
      // Busy: the activation whose connection broke is still at work.
      const again = mayPass(error) || (error instanceof HostToolError && error.code === 'busy');
      if (again && left() > 0) {
        op.log('debug', error.message);
        await pause(PAUSE_SECONDS, open.signal);
        continue;
      }
      const said = error instanceof Error ? error.message : String(error);
      const within = `by itself within ${REVERT_SECONDS} s of the activation`;
      const now =
        error instanceof HostToolError && error.code === 'not-active'
          ? `${deployment.name} is on the last confirmed release again, or will be ${within}.`
          : `Release ${short(hash)} is active on ${deployment.name} but not confirmed: the host goes back to the last confirmed release ${within}.`;
      throw new UserError(`${said}\n${now} Nothing needs to be undone; the next up starts over.`, { cause: error });
    }
  }
}

function short(hash: string): string {
  return hash.slice(0, 12);
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
