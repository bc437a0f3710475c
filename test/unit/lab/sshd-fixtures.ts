import ssh2 from 'ssh2';
import type { Client as SshClient, ConnectConfig } from 'ssh2';
import { createHash } from 'node:crypto';
import { withExisting } from '../../../lab/existing/compute.ts';
import type { ExistingMachine } from '../../../lab/existing/machines.ts';
import { startSshd, type Sshd, type SshdOptions } from '../../../lab/sshd/index.ts';
import { generateKey, parseKey, publicLine } from '../../../lab/sshd/keys.ts';
import type { FaultName, Faults, JoinRequest, ServerView, Store, TailnetNodes } from '../../../lab/types.ts';

const { Client, utils } = ssh2;
/** A pair from the same generator as a host's own key, so that no test meets the library's unreadable ones. */
function pair(): { private: string; public: string } {
  const key = generateKey('ed25519');
  return { private: key, public: publicLine(key) ?? '' };
}
const keyBlob = (line: string): Buffer => Buffer.from(line.split(' ')[1] ?? '', 'base64');

/** Values stay JSON text, as in the journal: what is handed out is a copy. */
export function memoryStore(): Store & { text(): string } {
  const collections = new Map<string, Map<string, string>>();
  let written = '';
  return {
    collection<T>(name: string) {
      const values = collections.get(name) ?? new Map<string, string>();
      collections.set(name, values);
      return {
        get: (id) => (JSON.parse(values.get(id) ?? 'null') as T | undefined) ?? undefined,
        all: () => [...values.values()].map((text) => JSON.parse(text) as T),
        put: (id, value) => {
          written += JSON.stringify(value);
          values.set(id, JSON.stringify(value));
        },
        delete: (id) => values.delete(id),
      };
    },
    nextId: () => 1,
    reset: () => collections.clear(),
    close: () => undefined,
    text: () => written,
  };
}

function memoryFaults(): Faults {
  let set: { fault: FaultName; target: string }[] = [];
  return {
    hits: (fault, target) => set.some((entry) => entry.fault === fault && ['*', target].includes(entry.target)),
    set: (fault, target) => set.push({ fault, target }),
    clear: (fault) => (set = set.filter((entry) => fault !== undefined && entry.fault !== fault)),
    list: () => set,
  };
}

type Node = NonNullable<ReturnType<TailnetNodes['node']>>;
/** A tailnet with single-use keys `key-1`, `key-2`, …: the first join with one spends it. */
export function memoryTailnet(): TailnetNodes & {
  nodes: Map<string, Node>;
  joins: JoinRequest[];
  remove(nodeId: string): void;
} {
  const nodes = new Map<string, Node>();
  const joins: JoinRequest[] = [];
  const change = (nodeId: string, part: Partial<Node>): void => {
    const node = nodes.get(nodeId);
    if (node) nodes.set(nodeId, { ...node, ...part });
  };
  return {
    nodes,
    joins,
    remove: (nodeId) => nodes.delete(nodeId),
    join(request) {
      if (!request.authKey.startsWith('key-') || joins.some((earlier) => earlier.authKey === request.authKey)) {
        return { ok: false, message: 'invalid key: unable to validate API key' };
      }
      joins.push(request);
      const nodeId = `n${nodes.size + 1}CNTRL`;
      const tailnet = request.authKey.endsWith('-foreign') ? 'elsewhere' : 'acme';
      const name = `${request.hostname}.acme.ts.net`;
      const addresses = [`100.64.0.${nodes.size + 1}`];
      const tags = ['tag:router'];
      const { hostname, advertiseRoutes: advertisedRoutes } = request;
      const rest = { online: true, enabledRoutes: [], primaryRoutes: [], keyExpiry: null };
      nodes.set(nodeId, { nodeId, tailnet, name, hostname, addresses, tags, advertisedRoutes, ...rest });
      return { ok: true, nodeId, name, addresses, tags };
    },
    node: (nodeId) => nodes.get(nodeId),
    peers: (nodeId) => [...nodes.values()].filter((node) => node.nodeId !== nodeId),
    setHostname: (nodeId, hostname) => change(nodeId, { hostname }),
    setAdvertisedRoutes: (nodeId, advertisedRoutes) => change(nodeId, { advertisedRoutes }),
    setOnline: (nodeId, online) => change(nodeId, { online }),
    leave: (nodeId) => change(nodeId, { online: false }),
  };
}

export const deployKey = pair();
export const rootKey = pair();
export const jumpKey = pair();
export const jumpHostKey = pair();
export const bootstrapKey = utils.generateKeyPairSync('ecdsa', { bits: 256 });

const indent = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
/** user_data as a deployment writes it: one account, one host key. */
export const userData = `#cloud-config
users:
  - name: ops
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys: ["${deployKey.public} deploy"]
  - name: guest
    ssh_authorized_keys: ["${deployKey.public} deploy"]
ssh_keys:
  ecdsa_private: |
${indent(bootstrapKey.private)}
  ecdsa_public: ${bootstrapKey.public}
`;

export const server = (part: Partial<ServerView> = {}): ServerView => ({
  id: 'hetzner-1001',
  name: 'fra-edge-01',
  publicAddress: '203.0.113.10',
  userData,
  authorizedKeys: [rootKey.public],
  running: true,
  ...part,
});

export interface Lab {
  sshd: Sshd;
  servers: ServerView[];
  store: ReturnType<typeof memoryStore>;
  faults: Faults;
  tailnet: ReturnType<typeof memoryTailnet>;
  /** Lets the clock of the lab go on. */
  pass(ms: number): void;
  options: SshdOptions;
}

export async function startLab(servers: ServerView[] = [server()], machines: ExistingMachine[] = []): Promise<Lab> {
  const store = memoryStore();
  const faults = memoryFaults();
  const tailnet = memoryTailnet();
  let now = 1_000_000;
  const clouds = {
    byPublicAddress: (address: string) => servers.find((one) => one.publicAddress === address),
    all: () => servers,
  };
  const compute = withExisting(clouds, machines, deployKey.public);
  const jump = { hostKeyPrivate: jumpHostKey.private, authorizedPublicKey: jumpKey.public, user: 'lab' };
  const options: SshdOptions = { port: 0, compute, nodes: tailnet, store, faults, clock: () => now, jump };
  const sshd = await startSshd(options);
  return { sshd, servers, store, faults, tailnet, pass: (ms) => (now += ms), options };
}

function open(config: ConnectConfig): Promise<SshClient> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.on('error', reject);
    client.once('close', () => reject(new Error('closed before login')));
    client.once('ready', () => resolve(client));
    client.connect({ readyTimeout: 3000, ...config });
    client.setNoDelay(true);
  });
}

/** A login at the jump host. */
export const openJump = (lab: Pick<Lab, 'sshd'>, part: ConnectConfig = {}): Promise<SshClient> =>
  open({
    host: '127.0.0.1',
    port: lab.sshd.port,
    username: 'lab',
    privateKey: jumpKey.private,
    hostVerifier: (key: Buffer) => key.equals(keyBlob(jumpHostKey.public)),
    ...part,
  });

/** An agent that shows one key and signs with another: what somebody has who knows the public half only. */
export class Forger extends ssh2.BaseAgent {
  readonly #shown: string;
  readonly #signer: string;
  constructor(shown: string, signer: string) {
    super();
    this.#shown = shown;
    this.#signer = signer;
  }
  override getIdentities(callback: ssh2.IdentityCallback<ssh2.ParsedKey>): void {
    const key = parseKey(this.#shown);
    callback(undefined, key ? [key] : []);
  }
  override sign(_key: unknown, data: Buffer, options: unknown, callback?: ssh2.SignCallback): void {
    const done = typeof options === 'function' ? (options as ssh2.SignCallback) : callback;
    done?.(undefined, parseKey(this.#signer)?.sign(data));
  }
}

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}
export interface Login {
  exec(line: string, stdin?: string | Buffer): Promise<Result>;
  client: SshClient;
  close(): void;
}

export interface LoginOptions {
  address?: string;
  port?: number;
  user?: string;
  key?: string;
  /** OpenSSH line that the host must present; by default the bootstrap key. */
  hostKey?: string;
  timeout?: number;
  /** In order of preference, for the jump host and the host alike. */
  ciphers?: ssh2.CipherAlgorithm[];
}

export function execOver(client: SshClient, line: string, stdin: string | Buffer = ''): Promise<Result> {
  return new Promise((resolve, reject) => {
    client.exec(line, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let stdout = '';
      let stderr = '';
      let code: number | null = null;
      channel.on('data', (data: Buffer) => (stdout += data.toString()));
      channel.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      channel.on('exit', (status: number | null) => (code = status));
      channel.on('close', () => resolve({ code, stdout, stderr }));
      channel.end(stdin);
    });
  });
}

/** A login on a host, through the jump host. */
export async function login(lab: Pick<Lab, 'sshd'>, options: LoginOptions = {}): Promise<Login> {
  const { ciphers: cipher } = options;
  const jump = await openJump(lab, cipher ? { algorithms: { cipher } } : {});
  const pinned = options.hostKey ?? bootstrapKey.public;
  try {
    const sock = await new Promise<ssh2.ClientChannel>((resolve, reject) => {
      jump.forwardOut('127.0.0.1', 0, options.address ?? '203.0.113.10', options.port ?? 22, (error, channel) =>
        error ? reject(error) : resolve(channel),
      );
    });
    const client = await open({
      sock,
      username: options.user ?? 'ops',
      privateKey: options.key ?? deployKey.private,
      algorithms: { serverHostKey: [pinned.split(' ')[0] as 'ssh-ed25519'], ...(cipher && { cipher }) },
      hostVerifier: (key: Buffer) => key.equals(keyBlob(pinned)),
      readyTimeout: options.timeout ?? 3000,
    });
    const close = (): void => {
      client.end();
      jump.end();
    };
    client.once('close', close);
    return { client, close, exec: (line, stdin) => execOver(client, line, stdin) };
  } catch (error) {
    jump.end();
    throw error;
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const TOOL_SOURCE = 'print("the tool")\n';
export const TOOL = `/usr/local/lib/site-mesh/tool-${sha256(TOOL_SOURCE).slice(0, 16)}/mesh-host`;
export const INSTALL = `/usr/bin/python3 -I -c 'import sys' install ${sha256(TOOL_SOURCE)}`;

/** A host with the tool on it, and `run` that answers the exit code and the JSON. */
export interface Driven {
  login: Login;
  run(words: string, stdin?: unknown): Promise<{ code: number | null; json: Record<string, unknown> }>;
}
export async function drive(lab: Pick<Lab, 'sshd'>, options: LoginOptions = {}): Promise<Driven> {
  const host = await login(lab, options);
  await host.exec(`sudo -n ${INSTALL}`, TOOL_SOURCE);
  return {
    login: host,
    run: async (words, stdin) => {
      const text = typeof stdin === 'string' ? stdin : stdin === undefined ? '' : JSON.stringify(stdin);
      const result = await host.exec(`sudo -n ${TOOL} ${words}`.trim(), text);
      return { code: result.code, json: JSON.parse(result.stdout || '{}') as Record<string, unknown> };
    },
  };
}
