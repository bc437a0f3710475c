import ssh2 from 'ssh2';
import type { CipherAlgorithm, Client, ClientChannel, ConnectConfig } from 'ssh2';
import { SshError } from './errors.ts';
import type { Hop } from './errors.ts';
import { execOver } from './exec.ts';
import type { ExecOptions, ExecResult } from './exec.ts';
import { fingerprint, parseHostKey } from './host-key.ts';

/** One SSH server and how to prove who both sides are. */
export interface Endpoint {
  /** Address or DNS name. */
  host: string;
  /** Default 22. */
  port?: number | undefined;
  user: string;
  /** OpenSSH PEM, without a passphrase. */
  privateKey: string;
  /** OpenSSH public key line: the only host key that is accepted. */
  hostKey: string;
}

export interface Connection extends Endpoint {
  /** Jump host: the connection to `host` is a `direct-tcpip` channel of a connection to it. */
  via?: Endpoint | undefined;
}

export interface ConnectOptions {
  /** Host name as the config has it, for messages. */
  name: string;
  /** For the whole way: TCP, handshakes and logins of jump host and host. */
  timeoutSeconds: number;
  signal: AbortSignal;
}

/** An open connection. Whoever got it closes it. */
export interface Session {
  /** Host name and address, for messages. */
  readonly label: string;
  /** @throws SshError: lost, deadline, too-much, cancelled. A non-zero exit code is an answer, not an error. */
  exec(line: string, options: ExecOptions): Promise<ExecResult>;
  close(): void;
}

/** `fra-edge-01 (203.0.113.10:22 through jump host 127.0.0.1:2222)` */
export function describe(name: string, connection: Connection): string {
  const jump = connection.via === undefined ? '' : ` through jump host ${address(connection.via)}`;
  return `${name} (${address(connection)}${jump})`;
}

/**
 * Opens one SSH connection to a host whose key is known beforehand.
 * @throws SshError; the message names the host, what was expected and the way out.
 */
export async function connect(connection: Connection, options: ConnectOptions): Promise<Session> {
  const label = describe(options.name, connection);
  const until = Date.now() + options.timeoutSeconds * 1000;
  const leg = (to: Endpoint, hop: Hop, sock?: ClientChannel): Promise<Client> =>
    handshake(to, {
      hop,
      label: hop === 'jump' ? `jump host ${address(to)} (on the way to ${options.name})` : label,
      until,
      signal: options.signal,
      sock,
    });
  if (connection.via === undefined) return session(await leg(connection, 'host'), undefined, label);
  const jump = await leg(connection.via, 'jump');
  try {
    const channel = await forward(jump, connection, label, { until, signal: options.signal });
    return session(await leg(connection, 'host', channel), jump, label);
  } catch (error) {
    jump.destroy();
    throw error;
  }
}

function address(to: Endpoint): string {
  return `${to.host}:${to.port ?? 22}`;
}

function session(client: Client, jump: Client | undefined, label: string): Session {
  return {
    label,
    exec: (line, options) => execOver(client, label, line, options),
    close() {
      client.end();
      jump?.end();
    },
  };
}

interface Leg {
  hop: Hop;
  label: string;
  until: number;
  signal: AbortSignal;
  sock?: ClientChannel | undefined;
}

function handshake(to: Endpoint, leg: Leg): Promise<Client> {
  const { hop, label } = leg;
  const pinned = parseHostKey(to.hostKey, label);
  const client = new ssh2.Client();
  let presented: Buffer | undefined;
  const config: ConnectConfig = {
    host: to.host,
    port: to.port ?? 22,
    username: to.user,
    privateKey: to.privateKey,
    // Our own deadline covers all legs together.
    readyTimeout: 0,
    // A host that went away mid-command is noticed after a minute, not when TCP gives up.
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    algorithms: { serverHostKey: pinned.algorithms, cipher: CIPHERS },
    hostVerifier: (key: Buffer) => {
      presented = key;
      return key.equals(pinned.blob);
    },
    ...(leg.sock === undefined ? {} : { sock: leg.sock }),
  };
  const explain = (error: Error & { level?: string }): SshError => {
    if (presented !== undefined && !presented.equals(pinned.blob)) {
      return new SshError(
        'host-key',
        hop,
        `${label}: this is not the host that was recorded. Expected host key ${pinned.fingerprint} (${pinned.type}), presented ${fingerprint(presented)}. Nothing was sent. ${OTHER_HOST}`,
      );
    }
    if (error.message.includes('no matching host key format')) {
      return new SshError(
        'host-key',
        hop,
        `${label}: the host has no ${pinned.type} key, but ${pinned.fingerprint} (${pinned.type}) is expected. Nothing was sent. ${OTHER_HOST}`,
      );
    }
    if (error.level === 'client-authentication') {
      return new SshError(
        'auth',
        hop,
        `${label}: login as "${to.user}" was refused. Check that the private key (site-mesh:sshPrivateKey${hop === 'jump' ? ' or the jump host’s own' : ''}) belongs to the public key which that user has there.`,
      );
    }
    return new SshError(
      error.level === 'client-socket' || error.level === 'client-dns' ? 'unreachable' : 'lost',
      hop,
      `${label}: ${reason(error)}. ${UNREACHABLE}`,
      { cause: error },
    );
  };
  return new Promise((resolve, reject) => {
    const fail = (error: SshError): void => {
      finish();
      client.destroy();
      reject(error);
    };
    const onAbort = (): void =>
      fail(new SshError('cancelled', hop, `${label}: stopped while connecting (cancelled, or out of time)`));
    const timer = setTimeout(
      () => fail(new SshError('deadline', hop, `${label}: no SSH login in time. ${UNREACHABLE}`)),
      Math.max(0, leg.until - Date.now()),
    );
    const finish = (): void => {
      clearTimeout(timer);
      leg.signal.removeEventListener('abort', onAbort);
    };
    // ssh2 goes on emitting errors after a failure; without a listener each would end the process.
    client.on('error', (error) => fail(explain(error)));
    client.on('close', () =>
      fail(new SshError('lost', hop, `${label}: the connection was closed during the handshake. ${UNREACHABLE}`)),
    );
    client.once('ready', () => {
      finish();
      client.removeAllListeners('close');
      resolve(client);
    });
    leg.signal.addEventListener('abort', onAbort);
    if (leg.signal.aborted) onAbort();
    else {
      try {
        client.connect(config);
        // Requests are small and answered at once: Nagle's algorithm made a login through a jump host last a second.
        client.setNoDelay(true);
      } catch (error) {
        // The only thing that ssh2 throws here is about the key; its text stays out of ours.
        fail(
          new SshError(
            'key-file',
            hop,
            `${label}: our private key cannot be used: it must be an OpenSSH or PEM private key without a passphrase (site-mesh:sshPrivateKey).`,
            { cause: error instanceof Error ? error.name : undefined },
          ),
        );
      }
    }
  });
}

function forward(
  jump: Client,
  to: Endpoint,
  label: string,
  bounds: { until: number; signal: AbortSignal },
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      bounds.signal.removeEventListener('abort', onAbort);
      then();
    };
    const onAbort = (): void =>
      settle(() =>
        reject(new SshError('cancelled', 'host', `${label}: stopped while connecting (cancelled, or out of time)`)),
      );
    const timer = setTimeout(
      () =>
        settle(() =>
          reject(
            new SshError('deadline', 'host', `${label}: the jump host could not reach it in time. ${UNREACHABLE}`),
          ),
        ),
      Math.max(0, bounds.until - Date.now()),
    );
    bounds.signal.addEventListener('abort', onAbort);
    jump.forwardOut('127.0.0.1', 0, to.host, to.port ?? 22, (error, channel) => {
      settle(() => {
        if (error === undefined) resolve(channel);
        else
          reject(
            new SshError(
              'unreachable',
              'host',
              `${label}: the jump host could not connect: ${reason(error)}. ${UNREACHABLE}`,
              { cause: error },
            ),
          );
      });
    });
  });
}

/**
 * Without chacha20-poly1305: ssh2 1.17.0 keeps that cipher's nonce once per process, so a connection inside another one
 * (a host behind the jump host) corrupts both. Every OpenSSH since 6.2 has these.
 */
const CIPHERS: CipherAlgorithm[] = ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'aes256-ctr', 'aes128-ctr'];

const UNREACHABLE =
  'Check that the server is on, that its address is right and that the firewall lets us in on its SSH port (site-mesh:ssh.from).';
const OTHER_HOST =
  'If the machine was rebuilt on purpose, replace its server (pulumi up --replace URN): the new one starts from a key that we know; if not, somebody may be in between: do not log in.';

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  ENOTFOUND: 'the name does not resolve',
};

function reason(error: Error & { code?: unknown }): string {
  return (typeof error.code === 'string' ? REASONS[error.code] : undefined) ?? error.message.replace(/^\(SSH\) /, '');
}
