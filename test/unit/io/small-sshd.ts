import { connect as tcpConnect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import type { Connection as ServerConnection, ServerChannel } from 'ssh2';
import type { Connection } from '../../../io/ssh/connect.ts';

/** An OpenSSH key pair as text. */
export interface Pair {
  public: string;
  private: string;
}

/** ssh2 1.17.0 writes about one ed25519 key in 256 so that nobody can read it; measured 22 of 6000 (ECDSA: 0 of 6000). */
export function ed25519(): Pair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    const [own, other] = [ssh2.utils.parseKey(pair.private), ssh2.utils.parseKey(pair.public)];
    if (!(own instanceof Error) && !(other instanceof Error) && own.getPublicSSH().equals(other.getPublicSSH()))
      return pair;
  }
}
export const ecdsa = (): Pair => ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });

export type Reply = { code: number; stdout?: string; stderr?: string } | 'hang' | 'drop';

export interface SmallSshd {
  port: number;
  /** How often a client opened TCP, and asked for a login. */
  seen: { connections: number; logins: number; open: number };
  close(): Promise<void>;
}

/** An SSH server in this process: one key may log in; commands are answered by `reply`; forwarding as told. */
export async function smallSshd(options: {
  hostKeys: Pair[];
  /** Public key line that may log in; may be exchanged while it runs. */
  authorized: { line: string };
  reply?: (line: string, stdin: string) => Reply;
  forward?: boolean;
  port?: number;
}): Promise<SmallSshd> {
  const seen = { connections: 0, logins: 0, open: 0 };
  const clients = new Set<ServerConnection>();
  const server = new ssh2.Server({ hostKeys: options.hostKeys.map((pair) => pair.private) }, (client) => {
    seen.connections += 1;
    seen.open += 1;
    clients.add(client);
    client.on('error', () => undefined);
    client.on('close', () => {
      seen.open -= 1;
      clients.delete(client);
    });
    client.on('authentication', (context) => {
      if (context.method !== 'publickey') {
        context.reject(['publickey']);
        return;
      }
      seen.logins += 1;
      const allowed = ssh2.utils.parseKey(options.authorized.line);
      if (allowed instanceof Error || !context.key.data.equals(allowed.getPublicSSH())) {
        context.reject(['publickey']);
        return;
      }
      if (context.signature === undefined || context.blob === undefined) {
        context.accept();
        return;
      }
      // Its type says boolean; a malformed signature makes it an Error.
      const good: unknown = allowed.verify(context.blob, context.signature, context.hashAlgo);
      if (good === true) context.accept();
      else context.reject(['publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, info) => answer(client, acceptExec(), info.command, options.reply));
    });
    client.on('tcpip', (accept, reject, info) => {
      if (options.forward !== true) {
        reject();
        return;
      }
      const socket = tcpConnect(info.destPort, info.destIP);
      socket.once('error', () => reject());
      socket.once('connect', () => {
        const channel = accept();
        channel.on('error', () => undefined);
        socket.pipe(channel).pipe(socket);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.end();
        server.close(() => resolve());
      }),
  };
}

/** A listener that accepts TCP and never says a word. */
export async function mute(): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<{ destroy: () => void }>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A loopback port where nothing listens. */
export async function closedPort(): Promise<number> {
  const { port, close } = await mute();
  await close();
  return port;
}

export function to(port: number, keys: { host: Pair; user: Pair }, via?: Connection): Connection {
  return { host: '127.0.0.1', port, user: 'ops', privateKey: keys.user.private, hostKey: keys.host.public, via };
}

function answer(
  client: ServerConnection,
  channel: ServerChannel,
  line: string,
  reply: ((line: string, stdin: string) => Reply) | undefined,
): void {
  let stdin = '';
  channel.on('data', (chunk: Buffer) => (stdin += chunk.toString('utf8')));
  channel.on('error', () => undefined);
  channel.on('end', () => {
    const said = reply?.(line, stdin) ?? { code: 127 };
    if (said === 'hang') return;
    if (said === 'drop') {
      client.end();
      return;
    }
    channel.write(said.stdout ?? '');
    channel.stderr.write(said.stderr ?? '');
    channel.exit(said.code);
    channel.end();
  });
}
