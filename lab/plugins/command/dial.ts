import { connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { AuthenticationType, CipherAlgorithm, Client, ClientChannel, ConnectConfig } from 'ssh2';
import { UserError, type Operation } from '../../../io/rpc/types.ts';
import { parseKey } from '../../sshd/keys.ts';
import { firstHopFault, type Connection, type Endpoint } from './inputs.ts';
import { retried } from './retry.ts';

/** Without chacha20-poly1305: ssh2 1.17.0 spoils its nonce when one connection is inside another one. */
const CIPHERS: CipherAlgorithm[] = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'];

/** A login at the host. Whoever got it closes it. */
export interface Login {
  client: Client;
  close(): void;
}

/** The way to a host as the official plugin takes it: by itself, or through one proxy; every leg has its own credentials and retries. */
export async function dial(op: Operation, connection: Connection): Promise<Login> {
  const refusal = firstHopFault({ ...connection, proxy: connection.proxy && { ...connection.proxy } });
  if (refusal !== undefined) throw new UserError(`${refusal.property}: ${refusal.reason}`);
  const config = await loginConfig(connection);
  const { proxy } = connection;
  if (proxy === undefined) {
    const client = await retried(op, 'Dial', connection.dialErrorLimit, async () =>
      handshake(await tcp(connection), config),
    );
    return { client, close: () => client.end() };
  }
  let bastion: Client | undefined;
  try {
    const proxyConfig = await loginConfig(proxy);
    const jump = await retried(op, 'Dial proxy', proxy.dialErrorLimit, async () =>
      handshake(await tcp(proxy), proxyConfig),
    );
    bastion = jump;
    const channel = await retried(op, 'Dial from proxy', connection.dialErrorLimit, () => forward(jump, connection));
    // The official plugin repeats a failed handshake over the same channel, which is of no use any more.
    const client = await retried(op, 'Dial', connection.dialErrorLimit, () => handshake(channel, config));
    return {
      client,
      close: () => {
        client.end();
        jump.end();
      },
    };
  } catch (error) {
    bastion?.end();
    throw error instanceof UserError ? new UserError(`proxy: ${error.message}`, { cause: error }) : error;
  }
}

const address = ({ host, port }: Endpoint): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

function tcp(to: Endpoint): Promise<Socket> {
  const fault = (words: string): UserError => new UserError(`dial tcp ${address(to)}: ${words}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: to.host, port: to.port, noDelay: true });
    const timer =
      to.perDialTimeout > 0
        ? setTimeout(() => socket.destroy(fault('i/o timeout')), to.perDialTimeout * 1000)
        : undefined;
    socket.once('error', (error: Error & { code?: string }) => {
      clearTimeout(timer);
      if (error instanceof UserError) reject(error);
      else reject(fault(error.code === 'ECONNREFUSED' ? 'connect: connection refused' : `connect: ${error.message}`));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

function forward(bastion: Client, to: Endpoint): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const open = (error: Error | undefined, channel: ClientChannel): void => {
      if (error === undefined) resolve(channel);
      else reject(new UserError(`ssh: rejected: ${error.message.replace(/^\(SSH\) Channel open failure: /, '')}`));
    };
    try {
      bastion.forwardOut('127.0.0.1', 0, to.host, to.port, open);
    } catch {
      reject(new UserError('EOF'));
    }
  });
}

type LoginConfig = ConnectConfig & { pinned?: Buffer };

/** The plugin takes the key first, then the password; an agent counts only where there is no key. Throws UserError without any key material. */
async function loginConfig(to: Endpoint): Promise<LoginConfig> {
  const pinned = to.hostKey === undefined ? undefined : parseKey(to.hostKey);
  if (to.hostKey !== undefined && pinned === undefined)
    throw new UserError('failed to parse host key: ssh: no key found');
  if (to.privateKey !== undefined) checkPrivateKey(to.privateKey, to.privateKeyPassword);
  const agent = to.agentSocketPath ?? process.env.SSH_AUTH_SOCK ?? '';
  // Asked for also when it is not needed: a path that leads nowhere fails the command.
  if (agent !== '') await checkAgent(agent);
  const methods: AuthenticationType[] = [
    'none',
    ...(to.privateKey === undefined ? [] : (['publickey'] as const)),
    ...(to.password === undefined ? [] : (['password', 'keyboard-interactive'] as const)),
    ...(to.privateKey === undefined && agent !== '' ? (['agent'] as const) : []),
  ];
  return {
    username: to.user,
    // Neither the handshake nor the command has a bound in the official plugin: only a TCP connection has.
    readyTimeout: 0,
    authHandler: methods,
    tryKeyboard: to.password !== undefined,
    ...(to.password === undefined ? {} : { password: to.password }),
    ...(to.privateKey === undefined ? {} : { privateKey: to.privateKey }),
    ...(to.privateKeyPassword === undefined ? {} : { passphrase: to.privateKeyPassword }),
    ...(agent === '' ? {} : { agent }),
    algorithms: {
      cipher: CIPHERS,
      ...(pinned === undefined ? {} : { serverHostKey: [pinned.type] }),
    },
    ...(pinned === undefined ? {} : { pinned: pinned.getPublicSSH() }),
  };
}

function checkPrivateKey(key: string, passphrase: string | undefined): void {
  const parsed: unknown = ssh2.utils.parseKey(key, passphrase);
  if (!(parsed instanceof Error)) return;
  if (passphrase !== undefined) throw new UserError('x509: decryption password incorrect');
  throw new UserError(
    parsed.message.includes('no passphrase') ? 'ssh: this private key is passphrase protected' : 'ssh: no key found',
  );
}

function checkAgent(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => reject(new UserError(`dial unix ${path}: ${error.message}`)));
  });
}

function handshake(sock: Duplex, { pinned, ...config }: LoginConfig): Promise<Client> {
  const client = new ssh2.Client();
  let mismatch = false;
  const explain = (error: Error & { level?: string }): UserError => {
    const words = mismatch
      ? 'ssh: host key mismatch'
      : error.level === 'client-authentication'
        ? 'ssh: unable to authenticate, no supported methods remain'
        : error.message.includes('no matching host key format')
          ? 'ssh: no common algorithm for host key'
          : error.message;
    return new UserError(`ssh: handshake failed: ${words}`, { cause: error });
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      client.destroy();
      reject(explain(error));
    };
    // ssh2 goes on emitting errors after a failure; without a listener each would end the process.
    client.on('error', fail);
    const closed = (): void => fail(new Error('EOF'));
    client.once('close', closed);
    client.once('ready', () => {
      client.off('close', closed);
      resolve(client);
    });
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => config.password ?? '')),
    );
    if (!sock.writable) {
      closed();
      return;
    }
    client.connect({
      ...config,
      sock,
      hostVerifier: (key: Buffer) => !(mismatch = pinned !== undefined && !key.equals(pinned)),
    });
  });
}
