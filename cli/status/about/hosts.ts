import { TAILSCALE_VERSION } from '../../../mesh/plan/versions.ts';
import { Remarker, type Remarks } from '../remarker.ts';
import type { DeviceStatus, Facts, HostStatus, ReleaseReport } from '../types.ts';
import { said, type View } from '../view.ts';

/** Hosts that do not answer, are not as their release says, or were not made yet. */
export function aboutHosts(view: View, { sites, stack }: Facts): Remarks {
  const remarker = new Remarker();
  const statuses = sites.flatMap(({ hosts }) => hosts);
  if (statuses.every(({ address }) => address === null)) {
    remarker.problem('nothing-made', stack, `nothing of ${stack} was made yet`, `pulumi up --stack ${stack}`);
    return remarker;
  }
  for (const { plan, asked } of view.hosts) {
    const host = statuses.find(({ name }) => name === plan.name);
    if (host === undefined || plan.managed === undefined) continue;
    reached(remarker, host, stack);
    if (host.release !== null) release(remarker, host.name, host.release, stack);
    version(remarker, host);
    for (const { line, why } of said(asked)?.failed ?? [])
      remarker.problem(
        'no-answer',
        host.name,
        `${host.name} did not answer "${line}": ${why.replaceAll(/\s+/g, ' ')}`,
        'log in and look there',
      );
  }
  for (const { name } of view.retired)
    remarker.problem(
      'not-planned',
      name,
      `${name} is recorded by the last up and no longer in the config`,
      'pulumi preview shows what becomes of it',
    );
  return remarker;
}

function reached(remarker: Remarker, { name, address, error, device }: HostStatus, stack: string): void {
  if (address === null)
    remarker.problem('not-made', name, `${name} is in the config and was never made`, `pulumi up --stack ${stack}`);
  else if (error !== null)
    remarker.problem(
      'unreachable',
      name,
      `${brief(error)}${device === null ? '' : overlay(device)}`,
      device?.online === true
        ? 'its address, its firewall, site-mesh:ssh.from: something between us and its SSH port'
        : `look at the server at its cloud; pulumi up --refresh --stack ${stack} powers on one that is off`,
    );
}

/** Without the advice that follows the fault: the next step is said here. */
const brief = (why: string): string => why.replace(/\. Check that the server is on.*$/s, '');

function overlay({ online, lastSeen }: DeviceStatus): string {
  if (online === null) return '';
  if (online) return '; it is online in the tailnet';
  return `; the tailnet has not seen it since ${lastSeen ?? 'it went'}`;
}

function release(remarker: Remarker, name: string, found: ReleaseReport, stack: string): void {
  const { planned, recorded, active, pendingRevert, drift } = found;
  if (pendingRevert)
    remarker.problem(
      'pending-revert',
      name,
      `${name} goes back to its last confirmed release by itself, within minutes: nobody confirmed ${short(active)}`,
      'wait until it did, then pulumi up; is an up at work, it confirms in a moment',
    );
  else if (active === null)
    remarker.problem('no-release', name, `no release is active on ${name}`, `pulumi up --refresh --stack ${stack}`);
  else if (active !== recorded)
    remarker.problem(
      'other-release',
      name,
      `${name} runs release ${short(active)}, and the last up recorded ${short(recorded)}`,
      `pulumi up --refresh --stack ${stack}`,
    );
  else if (planned !== active)
    remarker.note(
      'not-applied',
      name,
      `the config says another release for ${name} than it runs`,
      `pulumi preview --diff --stack ${stack}`,
    );
  if (drift.length > 0)
    remarker.problem(
      'drift',
      name,
      `${name} is not as its release says: ${drift.join(', ')}`,
      `pulumi preview --refresh --diff --stack ${stack}; pulumi up --refresh puts it back`,
    );
}

const short = (hash: string | null): string => (hash === null ? 'none' : hash.slice(0, 12));

function version(remarker: Remarker, { name, versions, node }: HostStatus): void {
  if (node === null || versions.tailscale === null || versions.tailscale === TAILSCALE_VERSION) return;
  remarker.problem(
    'version',
    name,
    `${name} runs tailscale ${versions.tailscale}, pinned is ${TAILSCALE_VERSION}`,
    'pulumi up --refresh installs the pinned one',
  );
}
