import type { ServerChannel } from 'ssh2';
import type { Clock, Compute, Faults, ServerView, Store, TailnetNodes, Unexecuted } from '../types.ts';
import { sameAddress } from '../existing/machines.ts';
import { serveHost, type HostSshd } from './host-sshd.ts';
import { Hosts } from './hosts.ts';
import { listenJump, type Forwarder, type Refused } from './jump.ts';
import { authorizedKeys, letsIn } from './sshd-config.ts';

export interface SshdOptions {
  /** Port of the jump host on 127.0.0.1; 0 takes a free one. */
  port: number;
  compute: Compute;
  nodes: TailnetNodes;
  store: Store;
  faults: Faults;
  clock: Clock;
  jump: { hostKeyPrivate: string; authorizedPublicKey: string; user: string };
  /** How long `facts` says that the first boot runs, in ms of `clock`; 300 by default. */
  firstBootMs?: number;
  /** Called after a line that changed a host, and before its answer, which waits for the promise if there is one. */
  changed?: (what: string) => Promise<void> | undefined;
  /** Faults of the lab itself: nothing a client did. By default they go to stderr. */
  onError?: (error: unknown) => void;
}

export interface Sshd {
  /** The port that the jump host listens on. */
  port: number;
  close(): Promise<void>;
  /** What hosts accepted but did not run, in words. */
  unexecuted(): Unexecuted[];
}

/** How often servers are looked at that nobody talks to: a switched-off server ends its connections and its node goes offline. */
const LOOK_MS = 100;

const sshPort = (server: ServerView): number => server.existing?.port ?? 22;

/** Why nobody answers there: the jump host forwards to SSH servers only, and some listen on another port than 22. */
function unserved(compute: Compute, address: string, port: number): Refused {
  if (port !== 22) return { reason: 'prohibited', words: 'open failed' };
  const there = compute.all().some((server) => sameAddress(server.publicAddress, address));
  return { reason: 'failed', words: there ? 'Connection refused' : 'No route to host' };
}

/**
 * Starts the jump host and, behind it, the SSH server of every host (docs/host-protocol.md, answered from records).
 * @throws when the port is taken (`EADDRINUSE`).
 */
export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const { compute, nodes, store, faults, clock } = options;
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  const open = new Map<string, Set<() => void>>();
  const unplugged = (serverId: string): void => {
    for (const end of open.get(serverId) ?? []) end();
    open.delete(serverId);
  };
  const hosts = new Hosts({ store, compute, nodes, clock, unplugged });

  const sshdOf = (server: ServerView): HostSshd => {
    const now = (): ServerView | undefined => compute.byPublicAddress(server.publicAddress, sshPort(server));
    const host: HostSshd['host'] = () => {
      const view = now();
      return view?.id === server.id ? hosts.running(view) : undefined;
    };
    return {
      host,
      otherHostKey: faults.hits('other-host-key', server.name),
      onError,
      changed: (line) => options.changed?.(`${server.name}: ${line}`),
      letsIn: (user) => letsIn(hosts.collections.disks.get(server.id), user),
      keys: (user, home) => authorizedKeys(hosts.collections.disks.get(server.id), user, home),
      context: (connection) => {
        const record = host();
        if (!record) return undefined;
        const save = (): void => hosts.collections.hosts.put(server.id, record);
        const firstBootMs = options.firstBootMs ?? 300;
        return {
          view: server,
          host: record,
          save,
          collections: hosts.collections,
          nodes,
          faults,
          clock,
          firstBootMs,
          connection,
        };
      },
    };
  };

  const keep = (serverId: string, end: () => void, channel: ServerChannel): void => {
    const ends = open.get(serverId) ?? new Set();
    open.set(serverId, ends.add(end));
    channel.once('close', () => ends.delete(end));
  };

  const forward: Forwarder = ({ destIP, destPort }, accept) => {
    const found = compute.byPublicAddress(destIP, destPort);
    const server = found && sshPort(found) === destPort ? found : undefined;
    if (!server) return unserved(compute, destIP, destPort);
    const host = hosts.running(server);
    if (!host) return { reason: 'failed', words: 'Connection timed out' };
    if (faults.hits('no-answer', server.name)) {
      const silent = accept();
      silent.resume();
      keep(server.id, () => silent.destroy(), silent);
      return undefined;
    }
    let channel: ServerChannel | undefined;
    const end = serveHost(() => (channel = accept()), host, sshdOf(server));
    if (!end || !channel) return { reason: 'failed', words: 'Connection refused' };
    keep(server.id, end, channel);
    return undefined;
  };

  const jump = await listenJump({ port: options.port, ...options.jump }, forward);
  const look = setInterval(() => {
    try {
      hosts.sync();
    } catch (error) {
      onError(error);
    }
  }, LOOK_MS);
  look.unref();

  return {
    port: jump.port,
    close: async () => {
      clearInterval(look);
      for (const id of [...open.keys()]) unplugged(id);
      await jump.close();
    },
    unexecuted: () => {
      hosts.sync();
      return hosts.unexecuted();
    },
  };
}
