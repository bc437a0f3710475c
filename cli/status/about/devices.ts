import { Remarker, type Remarks } from '../remarker.ts';
import type { DeviceStatus, Facts, HostStatus } from '../types.ts';
import type { HostView, View } from '../view.ts';

/** Days before its end that a key is worth a word. */
const EXPIRY_DAYS = 30;
const DAY_MS = 86_400_000;

/** The tailnet against the plan, both ways. */
export function aboutDevices(view: View, facts: Facts): Remarks {
  const remarker = new Remarker();
  const { tailnet, sites, unplanned, paths, stack } = facts;
  if (tailnet.error !== null)
    remarker.problem(
      'tailnet-api',
      tailnet.name,
      tailnet.error,
      'what else stands here is from the hosts alone; nodes go on as they are while the control server does not answer',
    );
  const statuses = sites.flatMap(({ hosts }) => hosts);
  for (const host of view.hosts) {
    const status = statuses.find(({ name }) => name === host.plan.name);
    // Nothing is expected of a host before its first up.
    if (status === undefined || host.plan.node === undefined || status.address === null) continue;
    member(remarker, host, status, { at: view.at, stack, known: tailnet.answered });
  }
  strangers(remarker, view, unplanned);
  const relayed = paths.filter((path) => path.class === 'relay');
  if (relayed.length > 0) {
    const pairs = relayed.map(({ from, to, via }) => `${from} → ${to} (${via})`);
    remarker.note(
      'relayed',
      tailnet.name,
      `over a relay, and so slower: ${pairs.slice(0, 4).join(', ')}${pairs.length > 4 ? ` and ${pairs.length - 4} more` : ''}`,
      'UDP 41641 must be open at both ends; tailscale netcheck on a host says what is in the way',
    );
  }
  return remarker;
}

interface Context {
  at: Date;
  stack: string;
  /** The tailnet answered: what it does not have is not there. */
  known: boolean;
}

function member(remarker: Remarker, host: HostView, status: HostStatus, { at, stack, known }: Context): void {
  const { name, node, device } = status;
  const again = `pulumi up --refresh --stack ${stack}`;
  if (device === null && known) {
    remarker.problem('no-device', name, `${name} is no device of the tailnet any more`, again);
    return;
  }
  if (node !== null && node.state !== 'Running')
    remarker.problem('not-running', name, `tailscale on ${name} is ${node.state}`, `${again} joins it again`);
  if (device === null) return;
  // Of a host that cannot be reached this is told where that is.
  const online = device.online ?? node?.online;
  if (online === false && status.error === null)
    remarker.problem(
      'offline',
      name,
      `${name} answers, and is offline in the tailnet${since(device)}`,
      `journalctl -u tailscaled on ${name}`,
    );
  if (host.device?.authorized === false)
    remarker.problem(
      'not-authorized',
      name,
      `${name} waits for approval in the tailnet`,
      'approve it in the admin console',
    );
  tags(remarker, name, device, again);
  expiry(remarker, name, device, at);
  for (const double of host.doubles)
    remarker.problem(
      'two-devices',
      name,
      `two devices of the tailnet call themselves ${name}: ${device.name} is ours, ${double.name} (${double.nodeId}) is not`,
      `remove ${double.name} in the admin console, unless it is somebody's`,
    );
}

const since = ({ lastSeen }: DeviceStatus): string => (lastSeen === null ? '' : ` since ${lastSeen}`);

function tags(remarker: Remarker, name: string, { tags: { wanted, have } }: DeviceStatus, again: string): void {
  const missing = wanted.filter((tag) => !have.includes(tag));
  const more = have.filter((tag) => !wanted.includes(tag));
  if (missing.length === 0 && more.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...(more.length > 0 ? [`has ${more.join(', ')} besides`] : []),
  ];
  remarker.problem('tags', name, `${name} ${parts.join(' and ')}: its access is not what the plan says`, again);
}

function expiry(remarker: Remarker, name: string, { keyExpires }: DeviceStatus, at: Date): void {
  if (keyExpires === null) return;
  const days = Math.floor((Date.parse(keyExpires) - at.getTime()) / DAY_MS);
  if (days > EXPIRY_DAYS) return;
  const when = days < 0 ? `expired on ${keyExpires}` : `expires in ${days} days (${keyExpires})`;
  remarker.problem(
    days < 0 ? 'key-expired' : 'key-expires',
    name,
    `the node key of ${name} ${when}`,
    'disable key expiry in the admin console; tagged devices have none unless somebody switched it on',
  );
}

function strangers(remarker: Remarker, { hosts }: View, unplanned: Facts['unplanned']): void {
  const doubles = new Set(hosts.flatMap((host) => host.doubles.map(({ nodeId }) => nodeId)));
  const ours = new Set(hosts.flatMap(({ plan }) => plan.node?.tags ?? []));
  for (const { nodeId, name, tags: have } of unplanned) {
    const access = have.filter((tag) => ours.has(tag));
    if (doubles.has(nodeId)) continue;
    if (access.length > 0)
      remarker.problem(
        'unplanned',
        name,
        `${name} (${nodeId}) is in the tailnet and not in the config, and has the access of ${access.join(', ')}`,
        'remove it in the admin console, or add it to the config',
      );
    else
      remarker.note(
        'other-device',
        name,
        `${name} is in the tailnet and not in the config (${have.join(', ')})`,
        'it has no access of ours',
      );
  }
}
