import { UserError } from '../../io/rpc/types.ts';
import type { Tailscale } from '../../io/tailscale/client.ts';
import { pause } from '../../io/wait.ts';
import type { OpenRouter } from './switch.ts';

export interface BackOptions {
  router: OpenRouter;
  nodeId: string;
  wanted: readonly string[];
  tailnet: Tailscale;
  signal: AbortSignal;
  seconds?: number;
}

const SECONDS = 30;

/** Ends a drain, and waits until the router could take over again: online, advertised and approved. @throws UserError */
export async function advertiseAgain(options: BackOptions): Promise<void> {
  const { router, nodeId, wanted, tailnet, signal, seconds = SECONDS } = options;
  await router.tool.routeAdvertise();
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const { online } = await router.tool.nodeStatus();
    const { advertised, enabled } = await tailnet.devices.routes(nodeId, signal);
    const missing = [
      ...(online === true ? [] : ['it is not online']),
      ...wanted.filter((route) => !advertised.includes(route)).map((route) => `the tailnet has not heard of ${route}`),
      ...wanted.filter((route) => !enabled.includes(route)).map((route) => `${route} is not approved`),
    ];
    if (missing.length === 0) return;
    if (Date.now() >= until)
      throw new UserError(`${router.name} advertises again, but cannot take over yet: ${missing.join('; ')}`);
    await pause(0.5, signal);
  }
}
