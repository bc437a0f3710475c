/** What the lab keeps of its tailnets. Times are clock values in ms; no record holds a secret, only its sha256. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Collection, Faults, Store } from '../types.ts';

export interface TailnetConfig {
  /** The tailnet's name, as `-` or by name in paths. */
  name: string;
  apiKey: string;
  oauthClientId: string;
  oauthClientSecret: string;
  /** Tags of the OAuth client; on the service one that may make keys has at least one. Default `tag:iac`. */
  oauthTags?: string[];
  /**
   * What its admin put into the policy before the first deployment; default: nothing, so `ts-default` fits. On the
   * service an OAuth client that makes keys cannot exist before its tag stands in tagOwners.
   */
  preparedPolicy?: string;
}

export interface TailnetDeps {
  store: Store;
  faults: Faults;
  clock: Clock;
}

export interface KeyRecord {
  id: string;
  tailnet: string;
  secretHash: string;
  description: string;
  created: number;
  expires: number;
  expirySeconds: number;
  reusable: boolean;
  ephemeral: boolean;
  preauthorized: boolean;
  tags: string[];
  /** Login of the person whose API key made it; empty for an OAuth client. */
  userId: string;
  /** A one-off key that let a device in, or was used up by somebody else. */
  spent: boolean;
}

export interface DeviceRecord {
  nodeId: string;
  tailnet: string;
  /** The decimal id that older callers use. */
  legacyId: string;
  /** Grows with each join: age decides which router is primary. */
  order: number;
  hostname: string;
  /** First label of the MagicDNS name, unique in the tailnet. */
  label: string;
  addresses: string[];
  tags: string[];
  /** Login of the owner, empty when tagged. */
  user: string;
  os: string;
  created: number;
  /** Node key expiry; undefined = none. */
  expires: number | undefined;
  keyExpiryDisabled: boolean;
  authorized: boolean;
  ephemeral: boolean;
  online: boolean;
  /** Since when it has been offline. */
  lastSeen: number;
  loggedOut: boolean;
  advertised: string[];
  enabled: string[];
  /** Every prefix that was ever advertised: autoApprovers look at a prefix once. */
  seen: string[];
  machineKey: string;
  nodeKey: string;
}

export interface TailnetSettings {
  aclsExternallyManagedOn: boolean;
  aclsExternalLink: string;
  devicesApprovalOn: boolean;
  devicesAutoUpdatesOn: boolean;
  devicesKeyDurationDays: number;
  usersApprovalOn: boolean;
  usersRoleAllowedToJoinExternalTailnets: string;
  networkFlowLoggingOn: boolean;
  regionalRoutingOn: boolean;
  postureIdentityCollectionOn: boolean;
  httpsEnabled: boolean;
}

export interface TailnetRecord {
  /** undefined: the default policy, never touched. */
  policy?: string;
  /** How many foreign edits the fault `policy-edited` made. */
  edits: number;
  settings: TailnetSettings;
  dns: { magicDNS: boolean; nameservers: string[]; searchPaths: string[] };
}

export interface TokenRecord {
  id: string;
  tailnet: string;
  /** Of the client that it was issued to. */
  tags?: string[];
  expires: number;
}

export interface Collections {
  keys: Collection<KeyRecord>;
  devices: Collection<DeviceRecord>;
  tailnets: Collection<TailnetRecord>;
  tokens: Collection<TokenRecord>;
}

export const openCollections = (store: Store): Collections => ({
  keys: store.collection('tailnet-keys'),
  devices: store.collection('tailnet-devices'),
  tailnets: store.collection('tailnets'),
  tokens: store.collection('tailnet-tokens'),
});

export const DAY = 86_400_000;

export const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Letters and digits, as in the service's ids. */
export function randomText(length: number): string {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789';
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** RFC 3339 without fractions. */
export const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** The service's answer to a request that it does not carry out. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 409 | 412;
  readonly data: { user: string; errors: string[] }[] | undefined;
  constructor(status: Refusal['status'], message: string, data?: { user: string; errors: string[] }[]) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.data = data;
  }
}
