import { createHash, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ExistingMachine } from '../existing/machines.ts';
import { newKeyPair, type KeyPair } from './key-pair.ts';

/** Tokens of one further account, one for each cloud: the stack file alone says which cloud it is at. */
export interface AccountTokens {
  hcloudToken: string;
  digitaloceanToken: string;
}

/** Where a stack's hosts stand: the lab's machines need networks, and links between sites have names. */
export interface LabSite {
  name: string;
  /** `address` and `port` of existing hosts that somebody logs in to; `lan`, `lan6` where they are declared. */
  hosts: { name: string; router: boolean; address?: string; port?: number; lan?: string; lan6?: string }[];
  /** Of existing sites. */
  lan?: {
    kind: 'layer2' | 'routed';
    cidr: string;
    cidr6?: string;
    gateway?: string;
    vip?: string;
    vip6?: string;
    supernet: string;
    supernet6?: string;
  };
}

/** A tailnet and one client of it. */
export interface LabTailnet {
  tailnet: string;
  apiKey: string;
  oauthClientId: string;
  oauthClientSecret: string;
  /** Tags of the client; absent: the one that owns all others. */
  oauthTags?: string[];
}

/** The accounts of one stack: a Hetzner project, a DigitalOcean account and a tailnet. Tenants never see each other. */
export interface LabTenant {
  name: string;
  /** 64 characters, as the plugin demands. */
  hcloudToken: string;
  digitaloceanToken: string;
  tailscale: LabTailnet;
  /** By the names that sites of the stack give as `account`. */
  accounts: Record<string, AccountTokens>;
  /** As the stack file said them last. */
  sites: LabSite[];
}

/** `lab.json`: what one lab instance is. Written once; a running stack's state refers to its addresses and keys. */
export interface LabConfig {
  host: '127.0.0.1';
  /** What servers are: records (any system), or Debian machines in network namespaces (Linux, root). */
  compute: 'records' | 'machines';
  apiPort: number;
  /** For /lab, the control routes. */
  labToken: string;
  tenants: LabTenant[];
  /** Every client that a stack ever had: in a tailnet that it left its hosts are still members, and have to be able to leave. Only grows. */
  tailnets: LabTailnet[];
  /** Hosts of stacks that no cloud sold, those that no stack names any more included. */
  existing: ExistingMachine[];
  jump: { port: number; user: string; hostKey: KeyPair; clientKey: KeyPair };
  /** The deploying side's own key: what stacks use to log in on hosts. */
  deployKey: KeyPair;
}

const HOST = '127.0.0.1';

function secret(characters: number): string {
  return randomBytes(characters).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, characters);
}

/** Ports that are free now, all held until all are known, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, HOST, () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the system gave no port number');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export function newTenant(name: string, tailnet: string): LabTenant {
  return {
    name,
    hcloudToken: secret(64),
    digitaloceanToken: `dop_v1_${randomBytes(32).toString('hex')}`,
    tailscale: {
      tailnet,
      apiKey: `tskey-api-k${secret(10)}CNTRL-${secret(32)}`,
      oauthClientId: `k${secret(10)}CNTRL`,
      oauthClientSecret: `tskey-client-k${secret(10)}CNTRL-${secret(32)}`,
    },
    accounts: {},
    sites: [],
  };
}

export function newAccount(): AccountTokens {
  return { hcloudToken: secret(64), digitaloceanToken: `dop_v1_${randomBytes(32).toString('hex')}` };
}

export function configPath(dir: string): string {
  return join(dir, 'lab.json');
}

/** What a lab that was made by an earlier version does not have. */
const derivedToken = (from: string): string =>
  `dop_v1_${createHash('sha256').update(`digitalocean ${from}`).digest('hex')}`;

function withDefaults(value: Omit<LabConfig, 'existing' | 'compute' | 'tailnets'> & Partial<LabConfig>): LabConfig {
  if (!Array.isArray(value.tenants)) throw new Error('fields are missing');
  const tenants = value.tenants.map(
    (tenant: Partial<LabTenant> & Omit<LabTenant, 'accounts' | 'digitaloceanToken' | 'sites'>) => ({
      ...tenant,
      accounts: tenant.accounts ?? {},
      sites: tenant.sites ?? [],
      // Of a lab that is older than its DigitalOcean: derived, so that all who read the file agree on it unwritten.
      digitaloceanToken: tenant.digitaloceanToken ?? derivedToken(tenant.hcloudToken),
    }),
  );
  const tailnets = value.tailnets ?? tenants.map(({ tailscale }) => tailscale);
  return { ...value, tenants, tailnets, existing: value.existing ?? [], compute: value.compute ?? 'records' };
}

/** The config of an existing lab; undefined when there is none yet. */
export function readConfig(dir: string): LabConfig | undefined {
  const path = configPath(dir);
  if (!existsSync(path)) return undefined;
  try {
    const value = withDefaults(JSON.parse(readFileSync(path, 'utf8')) as LabConfig);
    if (typeof value.apiPort !== 'number' || typeof value.labToken !== 'string') throw new Error('fields are missing');
    return value;
  } catch (error) {
    throw new Error(
      `${path}: not a lab config (${error instanceof Error ? error.message : String(error)}). Remove the directory ${dir} to start a new lab.`,
      { cause: error },
    );
  }
}

/**
 * The config of a lab directory, made on first use; `compute` is for that one. Two at once agree: the first one to link its file into place wins,
 * the other one reads that.
 */
export async function loadConfig(dir: string, compute: LabConfig['compute'] = 'records'): Promise<LabConfig> {
  const existing = readConfig(dir);
  if (existing !== undefined) return existing;
  mkdirSync(dir, { recursive: true });
  const [apiPort, jumpPort] = await freePorts(2);
  if (apiPort === undefined || jumpPort === undefined) throw new Error('no free ports');
  const config: LabConfig = {
    host: HOST,
    compute,
    apiPort,
    labToken: secret(40),
    tenants: [],
    tailnets: [],
    existing: [],
    jump: {
      port: jumpPort,
      user: 'jump',
      hostKey: newKeyPair('lab-jump-host'),
      clientKey: newKeyPair('lab-jump-client'),
    },
    deployKey: newKeyPair('lab-deploy'),
  };
  const draft = `${configPath(dir)}.${process.pid}.${secret(8)}`;
  writeFileSync(draft, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, configPath(dir));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  return readConfig(dir) ?? config;
}
