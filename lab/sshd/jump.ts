import ssh2 from 'ssh2';
import type { Connection, ServerChannel, TcpipRequestInfo } from 'ssh2';
import { provesKey } from './host-sshd.ts';
import { authorizedBlob } from './keys.ts';

export interface JumpOptions {
  port: number;
  /** OpenSSH private key, ed25519. */
  hostKeyPrivate: string;
  /** OpenSSH line of the only key that gets in. */
  authorizedPublicKey: string;
  user: string;
}

/** Why a channel was not opened, in sshd's words. */
export interface Refused {
  reason: 'prohibited' | 'failed';
  words: string;
}
/** Takes the channel and answers undefined, or says why not. */
export type Forwarder = (
  target: TcpipRequestInfo,
  accept: () => ServerChannel,
) => Refused | undefined | Promise<Refused | undefined>;

/** RFC 4254 §5.1. */
const REASONS = { prohibited: 1, failed: 2 } as const;

interface Protocol {
  channelOpenFail(recipient: number, reason: number, description: string): void;
}

/**
 * `reject` of the library says "connect failed" without a word always; sshd tells that from a forward that its configuration
 * forbids. Both are written by the connection's protocol object, so they are put in there (ssh2 is pinned).
 */
function rejectWith(client: Connection, reject: () => void, refused: Refused): void {
  const protocol = (client as unknown as { _protocol: Protocol })._protocol;
  const original = protocol.channelOpenFail.bind(protocol);
  protocol.channelOpenFail = (recipient) => original(recipient, REASONS[refused.reason], refused.words);
  reject();
  protocol.channelOpenFail = original;
}

/** Shells, commands and listening forwards have no handler at all: the library refuses them as sshd does. */
function serve(client: Connection, options: JumpOptions, forward: Forwarder): void {
  const authorized = authorizedBlob(options.authorizedPublicKey);
  client.on('error', () => {
    // A client that goes away in the middle is everyday life; the connection ends by itself.
  });
  client.on('authentication', (context) => {
    const known =
      context.method === 'publickey' &&
      context.username === options.user &&
      context.key.data.toString('base64') === authorized &&
      provesKey(context);
    if (known) context.accept();
    else context.reject(['publickey']);
  });
  client.on('tcpip', (accept, reject, target) => {
    const answer = (refused: Refused | undefined): void => {
      if (refused) rejectWith(client, reject, refused);
    };
    const refused = forward(target, accept);
    if (refused instanceof Promise) void refused.then(answer);
    else answer(refused);
  });
}

/**
 * The jump host, on loopback.
 * @throws when the port is taken: the caller knows whose it is.
 */
export async function listenJump(
  options: JumpOptions,
  forward: Forwarder,
): Promise<{ port: number; close(): Promise<void> }> {
  const clients = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [options.hostKeyPrivate] }, (client) => {
    // A handshake is many small packets: with Nagle's algorithm each waits 40 ms for the other side's delayed ACK.
    (client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    clients.add(client);
    client.once('close', () => clients.delete(client));
    serve(client, options, forward);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.end();
      }),
  };
}
