import type { Operation } from '../io/rpc/types.ts';
import type { Connection } from '../io/ssh/connect.ts';
import { hostTool } from '../io/ssh/host-tool.ts';
import type { HostTool, ToolSource } from '../io/ssh/host-tool.ts';
import { connectWhenUp } from '../io/ssh/retry.ts';

export interface OpenOptions {
  /** Host name as the config has it. */
  name: string;
  /** How long the host may take to answer; 0 is one attempt. */
  bootSeconds: number;
  /** How long a refused login is asked again; 0 except at a first boot. */
  authSeconds: number;
  /** For one attempt, TCP and logins together; default 15 s, and 1 s when `bootSeconds` is 0. */
  attemptSeconds?: number;
  signal: AbortSignal;
  status: Operation['status'];
}

/** A host that answers the host protocol. Whoever opened it closes it. */
export interface OpenHost {
  tool: HostTool;
  close(): void;
}

/** How resources reach hosts; one function, so that tests can be the host. */
export interface Hosts {
  open(connection: Connection, options: OpenOptions): Promise<OpenHost>;
}

/** Hosts over SSH. The tool is read when the first host is opened: previews need no host. */
export function sshHosts(readTool: () => ToolSource): Hosts {
  let tool: ToolSource | undefined;
  return {
    async open(connection, { status, ...options }) {
      tool ??= readTool();
      const session = await connectWhenUp(connection, { ...options, onWait: status });
      const asked = { tool, login: connection.user, signal: options.signal };
      return { tool: hostTool(session, asked), close: () => session.close() };
    },
  };
}

/** Opens a host, works with it, and closes it whatever happens. */
export async function withHost<T>(
  hosts: Hosts,
  connection: Connection,
  options: OpenOptions,
  work: (tool: HostTool) => Promise<T>,
): Promise<T> {
  const host = await hosts.open(connection, options);
  try {
    return await work(host.tool);
  } finally {
    host.close();
  }
}

/** The operation's signal, ended by customTimeouts too when the program gave one. */
export function signalOf(op: Operation, seconds = op.timeout): AbortSignal {
  return seconds === undefined ? op.signal : AbortSignal.any([op.signal, AbortSignal.timeout(seconds * 1000)]);
}
