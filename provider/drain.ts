import type { Connection } from '../io/ssh/connect.ts';
import { sshHosts, withHost } from './hosts.ts';
import type { Hosts } from './hosts.ts';
import { readTool } from './tool-source.ts';

/** A router that does not answer within this is not serving either: the update behind it does not wait longer. */
const DRAIN_SECONDS = 20;

/**
 * Asks a router to withdraw its routes, so that its partner takes over before it goes off.
 * The one part of the provider that the program itself runs, in a resource hook: only there is "before" known.
 * @throws UserError when it cannot be asked in time; SshError and HostToolError among them
 */
export async function drainRouter(
  name: string,
  connection: Connection,
  hosts: Hosts = sshHosts(readTool),
): Promise<void> {
  const signal = AbortSignal.timeout(DRAIN_SECONDS * 1000);
  const open = { name, bootSeconds: 0, authSeconds: 0, signal, status: () => undefined };
  await withHost(hosts, connection, open, (tool) => tool.routeDrain());
}
