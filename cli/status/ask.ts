import { UserError } from '../../io/rpc/types.ts';
import type { Connection } from '../../io/ssh/connect.ts';
import { SshError } from '../../io/ssh/errors.ts';
import type { AgentStatus, NodeStatus, PeersAnswer, RouteStatus, StatusAnswer } from '../../io/ssh/host-answers.ts';
import { HostToolError, type HostTool } from '../../io/ssh/host-tool.ts';
import { withHost, type Hosts, type OpenOptions } from '../../provider/hosts.ts';

/** What one host said. A line that failed is in `failed`, and what the others said still counts. */
export interface HostAnswers {
  release?: StatusAnswer;
  node?: NodeStatus;
  peers?: PeersAnswer;
  routes?: RouteStatus;
  /** Absent: there is no agent on the host. */
  agent?: AgentStatus;
  failed: { line: string; why: string }[];
}

export type Asked = { answered: true; said: HostAnswers } | { answered: false; why: string };

/** Seconds until SSH must be up, and then for all answers together. */
export interface Bounds {
  connect: number;
  answer: number;
}
export const BOUNDS: Bounds = { connect: 5, answer: 10 };

/** How a host is opened by a person's command: one attempt, and an end to it all. */
export const openOnce = (name: string, signal: AbortSignal, bounds: Bounds = BOUNDS): OpenOptions => ({
  name,
  bootSeconds: 0,
  authSeconds: 0,
  attemptSeconds: bounds.connect,
  signal,
  status: () => undefined,
});

export interface Question {
  name: string;
  connection: Connection;
  member: boolean;
  router: boolean;
}

/** Asks one host all that a status needs. Never takes longer than the bounds; a host that does not answer is an answer. */
export async function ask(
  question: Question,
  hosts: Hosts,
  signal: AbortSignal,
  bounds: Bounds = BOUNDS,
): Promise<Asked> {
  const time = AbortSignal.timeout((bounds.connect + bounds.answer) * 1000);
  const open = openOnce(question.name, AbortSignal.any([signal, time]), bounds);
  try {
    return { answered: true, said: await withHost(hosts, question.connection, open, (tool) => lines(tool, question)) };
  } catch (error) {
    if (time.aborted && error instanceof SshError && error.failure === 'cancelled')
      return { answered: false, why: `${question.name}: it lets us in, but does not answer within ${bounds.answer} s` };
    // SSH and the host protocol speak in sentences for people; everything else is a fault of ours.
    if (error instanceof UserError) return { answered: false, why: error.message };
    throw error;
  }
}

async function lines(tool: HostTool, { member, router }: Question): Promise<HostAnswers> {
  const failed: HostAnswers['failed'] = [];
  const said = async <T>(
    line: string,
    answer: Promise<T>,
    expected: readonly string[] = [],
  ): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof HostToolError)) throw error;
      if (!expected.includes(error.code)) failed.push({ line, why: error.message });
      return undefined;
    }
  };
  const release = await said('apply status', tool.status());
  const node = member ? await said('node status', tool.nodeStatus()) : undefined;
  // That it is in no tailnet is what node status says already.
  const peers = member ? await said('node peers', tool.nodePeers(), ['not-joined']) : undefined;
  const routes = router ? await said('route status', tool.routeStatus()) : undefined;
  const agent = router ? await said('agent status', tool.agentStatus(), ['usage']) : undefined;
  return {
    ...(release && { release }),
    ...(node && { node }),
    ...(peers && { peers }),
    ...(routes && { routes }),
    ...(agent && { agent }),
    failed,
  };
}
