import { Refusal } from './answer.ts';
import { bringBackBootstrapKey, retireBootstrapKey } from './host-key.ts';
import { generateKey, publicLine, sha256 } from './keys.ts';
import { giveBack, noteExisting, refuseFirst } from './preflight.ts';
import { changedPaths, drift, emptyDisk, hashOf, liveRelease, touchedUnits } from './release.ts';
import { readStageRequest } from './requests.ts';
import { goBack, makeActive, prune, releaseOf } from './revert.ts';
import { noteActivation, noteChecks, noteConfirmation, skippedChecks } from './unexecuted.ts';
import type { Disk, LineContext, Release } from './types.ts';

function checkHash(text: string): void {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Refusal('usage', 'HASH must be a sha256 in lower-case hex');
}

const diskOf = (at: LineContext): Disk => at.collections.disks.get(at.view.id) ?? emptyDisk();

/** The fault `flip-byte`: one bit of the first file that has content. */
function flipByte(release: Release): Release {
  const hit = Object.entries(release.files).find(([, file]) => file.content !== '');
  if (!hit) return release;
  const [path, file] = hit;
  const content = String.fromCharCode(file.content.charCodeAt(0) ^ 1) + file.content.slice(1);
  return { ...release, files: { ...release.files, [path]: { ...file, content } } };
}

/** The one check that the lab can make, where the cloud chose the address: some interface of the host must have it. */
function checkLan(known: string | undefined, asked: string): void {
  if (known === undefined || known === asked) return;
  const detail = `no interface of this host has the LAN address ${asked}; is the private network attached?`;
  throw new Refusal('check-failed', `the release was refused and nothing was changed: interfaces: ${detail}`, {
    checks: [{ name: 'interfaces', result: 'failed', detail }],
  });
}

export function stage(at: LineContext, stdin: Buffer): unknown {
  const request = readStageRequest(stdin);
  refuseFirst(at, request.release, request.existing);
  const received = at.faults.hits('flip-byte', at.view.name) ? flipByte(request.release) : request.release;
  const hash = hashOf(received);
  checkLan(at.view.lanAddress, request.lan);
  const checks = skippedChecks(received);
  at.collections.releases.put(`${at.view.id}/${hash}`, received);
  at.host.staged[hash] = {
    lan: request.lan,
    lanPrefix: request.lanPrefix,
    ...(request.lan6 !== undefined && { lan6: request.lan6 }),
    retireBootstrapKey: request.retireBootstrapKey,
    ...(request.existing && { existing: request.existing }),
    credentials: Object.fromEntries(
      Object.entries(request.credentials).map(([name, secret]) => [name, sha256(secret)]),
    ),
  };
  noteChecks(at.host, checks);
  at.save();
  return {
    hash,
    checks: checks.map(({ name }) => ({ name, result: 'skipped', detail: 'a host of the lab cannot run it' })),
    changed: changedPaths(diskOf(at), received),
  };
}

export function activate(at: LineContext, hash: string, secondsText: string): unknown {
  const { host } = at;
  const seconds = Number(secondsText);
  checkHash(hash);
  if (!/^\d{2,4}$/.test(secondsText) || seconds < 10 || seconds > 3600) {
    throw new Refusal('usage', 'SECONDS must be a whole number from 10 to 3600');
  }
  const release = releaseOf(at.collections, at.view.id, hash);
  if (!release) throw new Refusal('not-staged', `release ${hash} is not on this host; stage it first`);
  const existing = host.staged[hash]?.existing;
  refuseFirst(at, release, existing);
  noteExisting(at, existing);
  const restarted = touchedUnits(diskOf(at), release, host.active === null);
  if (host.pending === null) host.overlay = overlayRuns(at);
  host.pending = { hash, deadline: at.clock() + seconds * 1000, connection: at.connection };
  host.hostKeys.ed25519 ??= generateKey('ed25519');
  makeActive(at.collections, host, hash);
  noteActivation(host, release);
  at.save();
  return { active: hash, previous: host.previous, revertInSeconds: seconds, restarted };
}

function overlayRuns({ host, nodes }: LineContext): boolean {
  return host.nodeId !== null && nodes.node(host.nodeId) !== undefined;
}

/** The overlay is part of the data path when it ran before: a node that was removed meanwhile is none. */
function overlayChecks(at: LineContext): { name: string; result: string; detail: string }[] {
  if (at.host.nodeId === null || !at.host.overlay) return [];
  const running = overlayRuns(at);
  return [
    {
      name: 'overlay',
      result: running ? 'ok' : 'failed',
      detail: `tailscale is ${running ? 'Running' : 'NeedsLogin'}`,
    },
  ];
}

export function confirm(at: LineContext, hash: string): unknown {
  const { host } = at;
  checkHash(hash);
  if (host.active !== hash) {
    throw new Refusal('not-active', `release ${hash} is not active here; it was never activated, or it was reverted`);
  }
  if (host.pending?.connection === at.connection) {
    throw new Refusal('same-connection', 'this connection is older than the release; open a new one to confirm it');
  }
  const checks = [
    { name: 'connection', result: 'ok', detail: 'a new one' },
    { name: 'default-route', result: 'skipped', detail: 'a host of the lab has no routes' },
    { name: 'lan', result: 'skipped', detail: 'a host of the lab has no network' },
    ...overlayChecks(at),
  ];
  const failed = checks.find(({ result }) => result === 'failed');
  if (failed) {
    const message = `the data path does not work, so the release goes back by itself: ${failed.name}: ${failed.detail}`;
    throw new Refusal('check-failed', message, { checks });
  }
  host.confirmed = hash;
  host.pending = null;
  if (host.staged[hash]?.retireBootstrapKey) retireBootstrapKey(host);
  prune(at.collections, host, [host.active, host.previous]);
  noteConfirmation(host);
  at.save();
  return { confirmed: hash, checks, hostKey: publicLine(host.hostKeys.ed25519) };
}

export function status(at: LineContext): unknown {
  const { host } = at;
  const release = releaseOf(at.collections, at.view.id, host.active);
  return {
    active: host.active,
    confirmed: host.confirmed,
    pendingRevert: host.pending !== null,
    live: release ? hashOf(liveRelease(diskOf(at), release)) : null,
    drift: release ? drift(diskOf(at), release) : [],
    hostKey: publicLine(host.hostKeys.ed25519),
    tool: host.linkedTool ?? null,
  };
}

export function restore(at: LineContext): unknown {
  const { host } = at;
  const restored = makeActive(at.collections, host, null);
  host.previous = null;
  host.confirmed = null;
  host.pending = null;
  prune(at.collections, host, []);
  const back = bringBackBootstrapKey(host);
  const more = giveBack(at);
  at.save();
  return { restored: [...restored, ...back, ...more.restored].sort(), kept: more.kept };
}

/** The line that the host's own timer runs. */
export function revertNow(at: LineContext, hash: string): unknown {
  checkHash(hash);
  if (at.host.pending?.hash === hash) {
    goBack(at.collections, at.host);
    at.save();
  }
  return { reverted: at.host.active };
}
