import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, CipherAlgorithm, Connection, ServerChannel, Session } from 'ssh2';
import { notFound, Refusal, refused } from './answer.ts';
import { authorizedBlob, generateKey, parseKey } from './keys.ts';
import { changeOf, parseLine, readsStdin } from './line.ts';
import { STDIN_LIMIT } from './requests.ts';
import { mayNot, runLine } from './run-line.ts';
import type { Answer, HostRecord, LineContext } from './types.ts';

/** What Debian 12 says of itself before the key exchange. */
const IDENT = 'OpenSSH_9.2p1 Debian-2+deb12u7';

/**
 * No chacha20-poly1305: the library keeps its nonce in one place for all connections of a process and writes in the middle
 * of a packet, so a connection inside another one spoils it (ssh2 1.17.0; OpenSSH's client would choose it).
 */
const CIPHERS: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

interface Who {
  root: boolean;
  sudo: boolean;
}

/** Whoever holds one of the account's keys; undefined for an account that is not there or another key. */
function authenticate(host: HostRecord, context: AuthContext, sshd: HostSshd): Who | undefined {
  if (context.method !== 'publickey' || !sshd.letsIn(context.username)) return undefined;
  const login = host.logins.find((candidate) => candidate.name === context.username);
  const root = context.username === 'root';
  if (login === undefined && !root) return undefined;
  const keys = sshd.keys(context.username, [...(login?.keys ?? []), ...(root ? host.rootKeys : [])]);
  const presented = context.key.data.toString('base64');
  if (!keys.some((line) => authorizedBlob(line) === presented)) return undefined;
  if (!provesKey(context)) return undefined;
  return { root, sudo: root || (login?.sudo ?? false) };
}

/** True for a mere query, and for a signature that the key made. */
export function provesKey(context: AuthContext): boolean {
  if (context.method !== 'publickey') return false;
  if (!context.signature || !context.blob) return true;
  const key = parseKey(`${context.key.algo} ${context.key.data.toString('base64')}`);
  return key?.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function readAll(channel: ServerChannel, then: (stdin: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  channel.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= STDIN_LIMIT) chunks.push(chunk);
  });
  channel.once('end', () => then(size <= STDIN_LIMIT ? Buffer.concat(chunks) : undefined));
}

function reply(channel: ServerChannel, answer: Answer): void {
  const end = (): void => {
    channel.exit(answer.code);
    channel.end();
  };
  if (answer.stderr !== '') channel.stderr.write(answer.stderr);
  if (answer.stdout === '') end();
  else channel.write(answer.stdout, end);
}

/** What a host's SSH server needs of the lab, per connection. */
export interface HostSshd {
  /** The host as it is now; undefined when it was switched off meanwhile. */
  host(): HostRecord | undefined;
  /** What the host's own SSH configuration says of an account. */
  letsIn(user: string): boolean;
  /** The keys that open it; `home` are those that the machine was born with. */
  keys(user: string, home: readonly string[]): string[];
  /** A context for one line of this connection. */
  context(connection: string): LineContext | undefined;
  /** True: present keys that are not the host's. */
  otherHostKey: boolean;
  /** After a line that changed the host: what its answer waits for. */
  changed(line: string): Promise<void> | undefined;
  /** Faults of the lab itself. */
  onError(error: unknown): void;
}

function run(channel: ServerChannel, text: string, who: Who, connection: string, sshd: HostSshd): void {
  const line = parseLine(text);
  const refusal = line ? mayNot(line, who) : notFound(text.split(' ', 1)[0] ?? '');
  if (!line || refusal) {
    if (refusal) reply(channel, refusal);
    return;
  }
  const answer = (stdin: Buffer | undefined): void => {
    const at = sshd.context(connection);
    if (!at) return;
    try {
      const tooLarge = new Refusal('usage', `stdin is larger than ${STDIN_LIMIT} bytes`);
      const said = stdin ? runLine(at, line, stdin) : refused(tooLarge);
      const what = said.code === 0 ? changeOf(line) : undefined;
      const wait = what === undefined ? undefined : sshd.changed(what);
      if (wait === undefined) reply(channel, said);
      else void wait.then(() => reply(channel, said));
    } catch (error) {
      sshd.onError(error);
      reply(channel, { code: 255, stdout: '', stderr: 'the lab failed; see its log\n' });
    }
  };
  if (readsStdin(line)) readAll(channel, answer);
  else answer(Buffer.alloc(0));
}

function serveClient(client: Connection, sshd: HostSshd): void {
  const connection = randomUUID();
  let who: Who | undefined;
  client.on('error', () => {
    // A client that goes away in the middle is everyday life; the connection ends by itself.
  });
  client.on('authentication', (context) => {
    const host = sshd.host();
    who = host && authenticate(host, context, sshd);
    if (who) context.accept();
    else context.reject(['publickey']);
  });
  client.on('session', (accept) => {
    const session: Session = accept();
    session.on('exec', (acceptExec, _reject, info) => {
      if (who) run(acceptExec(), info.command, who, connection, sshd);
    });
  });
}

/**
 * Serves one connection of a host's SSH server over a channel of the jump host; nothing listens anywhere.
 * @returns what ends the connection, or undefined when the host has no key that a server could start with.
 */
export function serveHost(channel: () => ServerChannel, host: HostRecord, sshd: HostSshd): (() => void) | undefined {
  const types = (['ed25519', 'ecdsa'] as const).filter(
    (type) => host.hostKeys[type] !== undefined && !(host.retired && type === 'ecdsa'),
  );
  if (types.length === 0) return undefined;
  const hostKeys = types.map((type) => (sshd.otherHostKey ? generateKey(type) : (host.hostKeys[type] ?? '')));
  let ended: Connection | undefined;
  const server = new ssh2.Server({ hostKeys, ident: IDENT, algorithms: { cipher: CIPHERS } }, (client) => {
    ended = client;
    serveClient(client, sshd);
  });
  const stream = channel();
  // The library reads and writes a stream only; its types ask for a socket.
  server.injectSocket(stream as unknown as Socket);
  return () => {
    ended?.end();
    stream.destroy();
  };
}
