import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../../io/ssh/host-answers.ts';
import { HostToolError, type HostTool } from '../../io/ssh/host-tool.ts';
import { takesItselfFor } from '../status/primary.ts';

/** One router of the pair, with its connection open. */
export interface OpenRouter {
  name: string;
  tool: HostTool;
}

export interface SwitchOptions {
  prefix: string;
  from: OpenRouter;
  to: OpenRouter;
  /** The LAN's way back, which an agent moves; undefined where the routers masquerade. */
  vip: string | undefined;
  signal: AbortSignal;
  /** Called as soon as something is so. */
  reached: (state: SwitchState) => void;
  /** For the control plane to make the partner primary, and again for the agent. Default 30 s. */
  seconds?: number;
  pauseMs?: number;
}

/** How far a switch got. After `draining` the router may be drained, whether its answer came or not. */
export type SwitchState = 'draining' | 'drained' | 'primary' | 'moved';

/** A moment that was waited for: ms from the request to drain, and from the look before, when it was not yet so. */
export interface Moment {
  ms: number;
  withinMs: number;
}

export interface Switched {
  /** When the partner took itself for primary; undefined: not in time. */
  primary: Moment | undefined;
  /** When its agent held the VIP, or why that was not seen. */
  wayBack: Moment | { why: string };
}

const SECONDS = 30;
const PAUSE_MS = 50;

/** Drains one router and watches until its partner carries the prefix. Nothing is undone here. @throws UserError, or AbortError */
export async function switchOver(options: SwitchOptions): Promise<Switched> {
  const { prefix, from, to, vip, reached } = options;
  const over = new AbortController();
  const watch = watcher(options, AbortSignal.any([options.signal, over.signal]));
  reached('draining');
  try {
    // The partner is watched from the first moment: it may take over before the drained one has answered.
    const [primary] = await Promise.all([
      watch(async () => takesItselfFor(await to.tool.nodePeers(), prefix)),
      from.tool.routeDrain().then(() => reached('drained')),
    ]);
    if (primary === undefined) return { primary, wayBack: { why: `${to.name} does not carry ${prefix}` } };
    reached('primary');
    return { primary, wayBack: await wayBack(to, vip, watch, reached) };
  } finally {
    over.abort();
  }
}

type Watch = (done: () => Promise<boolean>) => Promise<Moment | undefined>;

function watcher({ seconds = SECONDS, pauseMs = PAUSE_MS }: SwitchOptions, signal: AbortSignal): Watch {
  const start = performance.now();
  return async (done) => {
    const until = performance.now() + seconds * 1000;
    let before = start;
    for (;;) {
      const asked = performance.now();
      if (await done()) {
        const now = performance.now();
        return { ms: Math.round(now - start), withinMs: Math.round(now - before) };
      }
      if (performance.now() >= until) return undefined;
      before = asked;
      await sleep(pauseMs, undefined, { signal });
    }
  };
}

async function wayBack(
  { name, tool }: OpenRouter,
  vip: string | undefined,
  watch: Watch,
  reached: SwitchOptions['reached'],
): Promise<Switched['wayBack']> {
  if (vip === undefined) return { why: 'the routers masquerade, so there is no way back to move' };
  if ((await agentOf(tool)) === undefined) return { why: `${name} has no agent: ${vip} was moved by nobody` };
  const moved = await watch(async () => (await agentOf(tool))?.holds === true);
  if (moved === undefined) return { why: `the agent of ${name} does not hold ${vip} yet` };
  reached('moved');
  return moved;
}

/** Undefined where there is no agent. */
async function agentOf(tool: HostTool): Promise<AgentStatus | undefined> {
  try {
    return await tool.agentStatus();
  } catch (error) {
    if (error instanceof HostToolError && error.code === 'usage') return undefined;
    throw error;
  }
}
