import { UserError } from '../io/rpc/types.ts';
import type { Operation, Value } from '../io/rpc/types.ts';
import type { HostTool } from '../io/ssh/host-tool.ts';
import type { Device, Tailscale } from '../io/tailscale/client.ts';
import { pause } from '../io/wait.ts';
import type { NodeContext } from './join.ts';

/** From the host's word to what the tailnet's API says; a host that just booted has to find its way to the service first. */
const CARRY_SECONDS = 60;
const PAUSE_SECONDS = 1;

interface Found {
  online: boolean;
  advertised: string[];
  enabled: string[];
}

/**
 * Waits until the node is online and the tailnet lets it carry its routes: what comes next in the chain may take its
 * partner down. `undrain` ends a drain; without it a drained node stays as somebody wanted it, with a warning.
 * @throws UserError that says what is missing
 */
export async function carryRoutes(
  { op, api, args, signal }: NodeContext,
  tool: HostTool,
  nodeId: string,
  { undrain }: { undrain: boolean },
): Promise<void> {
  const wanted = args.advertiseRoutes;
  if (wanted.length > 0) {
    const { drained } = undrain ? await tool.routeAdvertise() : await tool.routeStatus();
    if (drained) {
      op.log('warning', drainedText(args.hostname, wanted));
      return;
    }
  }
  const until = Date.now() + CARRY_SECONDS * 1000;
  for (;;) {
    const { online } = await tool.nodeStatus();
    const found: Found = { online: online === true, ...(await api.devices.routes(nodeId, signal)) };
    const missing = reasons(found, wanted);
    if (missing.length === 0) return;
    if (Date.now() >= until) {
      throw new UserError(
        `${args.hostname}: the host is up, but does not serve the tailnet ${CARRY_SECONDS} s after it was asked to: ${missing.join('; ')}. Nothing after it in the site's chain was touched, so its partner goes on serving; the next up tries again.`,
      );
    }
    op.status(`waiting for ${args.hostname}: ${missing.join('; ')}`);
    await pause(PAUSE_SECONDS, signal);
  }
}

/** On a refresh: a router that carries nothing is redundancy that is gone, and nothing else would say so. */
export async function warnOfMissingRoutes(op: Operation, api: Tailscale, device: Device, wanted: Value): Promise<void> {
  if (!Array.isArray(wanted) || wanted.length === 0) return;
  const { advertised, enabled } = await api.devices.routes(device.nodeId, op.signal);
  const routes = wanted.filter((route) => typeof route === 'string');
  const missing = routes.filter((route) => !advertised.includes(route));
  if (missing.length > 0) op.log('warning', drainedText(device.hostname, missing));
  const refused = routes.filter((route) => advertised.includes(route) && !enabled.includes(route));
  if (refused.length > 0) op.log('warning', refusedText(device.hostname, refused));
}

function drainedText(hostname: string, routes: string[]): string {
  return `${hostname} does not advertise ${routes.join(', ')}: it is drained, and stays so until it is told "route advertise". Its partner, if there is one, is alone meanwhile.`;
}

function refusedText(hostname: string, routes: string[]): string {
  return `${hostname} advertises ${routes.join(', ')}, which is not approved: it carries nothing of it. What somebody disabled by hand stays so; approve it in the admin console (Machines, ${hostname}, Edit route settings).`;
}

function reasons({ online, advertised, enabled }: Found, wanted: string[]): string[] {
  const missing = (list: string[]): string => wanted.filter((route) => !list.includes(route)).join(', ');
  return [
    ...(online ? [] : ['it is not online']),
    ...(missing(advertised) === '' ? [] : [`it does not advertise ${missing(advertised)}`]),
    ...(missing(enabled) === ''
      ? []
      : [`${missing(enabled)} is not approved (autoApprovers of the policy; what was disabled by hand stays so)`]),
  ];
}
