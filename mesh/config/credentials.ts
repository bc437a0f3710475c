import { cloudNames, cloudOf, type CloudName } from './clouds.ts';
import { isMapping } from './schema-faults.ts';

/** One secret that a stack needs, and the two places that it can come from. Never the secret itself. */
export interface Credential {
  /** For people. */
  what: string;
  /** Key of the stack's configuration; `site-mesh:accountTokens.fra` is a member of a mapping. */
  key: string;
  /** Variable, when `credentials: { from: environment }`. */
  variable: string;
  /** What it must be allowed to do, as its issuer names the scopes. */
  scopes: string;
  /** Credentials of one choice: all of one alternative are enough. Without it the credential is needed by itself. */
  choice?: { of: 'tailscale'; alternative: 'oauth' | 'apiKey' };
  optional?: true;
}

/** What the program does with a tailnet: its policy, join keys, devices and their routes, MagicDNS, settings. */
export const TAILNET_SCOPES: readonly string[] = [
  'policy_file',
  'auth_keys',
  'devices:core',
  'devices:routes',
  'dns',
  'feature_settings',
];

/** The account of a site that names none. */
export const DEFAULT_ACCOUNT = 'default';

/** Name of what an account has by itself: the default account's is the plain one. */
export const ofAccount = (base: string, account: string): string =>
  account === DEFAULT_ACCOUNT ? base : `${base}-${account}`;

/** What of a configuration decides which credentials it needs. */
export interface CredentialNeeds {
  from: 'stack' | 'environment';
  /** SSH login on the hosts. */
  user: string;
  sites: { cloud: string; account: string }[];
  /** Whether another stack owns the policy of its tailnet. */
  guest?: boolean;
}

/** Read from sections that may be faulty: a missing token is told together with everything else. */
export function credentialNeeds(raw: Record<string, unknown>): CredentialNeeds {
  const { credentials: choice, ssh, sites, tailnet } = raw;
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
  return {
    from: isMapping(choice) && choice.from === 'environment' ? 'environment' : 'stack',
    user: text(isMapping(ssh) ? ssh.user : undefined, 'ops'),
    guest: isMapping(tailnet) && tailnet.owner !== undefined,
    sites: Object.values(isMapping(sites) ? sites : {})
      .filter(isMapping)
      .map(({ cloud, account }) => ({ cloud: text(cloud, ''), account: text(account, DEFAULT_ACCOUNT) })),
  };
}

/** The accounts at clouds that a stack uses, sorted. */
export function accounts({ sites }: CredentialNeeds): { cloud: CloudName; account: string; credential: Credential }[] {
  const used = sites.map(({ cloud, account }) => `${cloud}/${account}`);
  return [...new Set(used)].sort().flatMap((pair) => {
    const [cloud, account = ''] = pair.split('/');
    const known = cloudNames.find((name) => name === cloud && cloudOf(name).token !== undefined);
    return known === undefined ? [] : [{ cloud: known, account, credential: accountCredential(known, account) }];
  });
}

/** The token of one cloud account. */
function accountCredential(cloud: CloudName, account: string): Credential {
  const { token } = cloudOf(cloud);
  if (token === undefined) throw new Error(`${cloud} sells no servers and takes no token`);
  const { what, scopes, key, variable } = token;
  if (account === DEFAULT_ACCOUNT) return { what, scopes, key, variable };
  return {
    what: `${what} of account ${account}`,
    scopes,
    key: `site-mesh:accountTokens.${account}`,
    variable: `${variable}_${account.toUpperCase().replaceAll('-', '_')}`,
  };
}

const OWNER_SCOPES = `${TAILNET_SCOPES.join(', ')}; tag:iac`;
/** The policy and the settings are another stack's: looked at, never written. */
const GUEST_SCOPES =
  "policy_file:read, auth_keys, devices:core, devices:routes; tag:iac-STACK of this stack, once the owner's policy has it";

/** Every credential of a stack, in the order in which somebody sets them up. */
export function credentials(needs: CredentialNeeds): Credential[] {
  const oauth = { of: 'tailscale', alternative: 'oauth' } as const;
  const scopes = needs.guest === true ? GUEST_SCOPES : OWNER_SCOPES;
  return [
    ...accounts(needs).map(({ credential }) => credential),
    {
      what: 'Tailscale OAuth client, id',
      key: 'tailscale:oauthClientId',
      variable: 'TAILSCALE_OAUTH_CLIENT_ID',
      scopes,
      choice: oauth,
    },
    {
      what: 'Tailscale OAuth client, secret',
      key: 'tailscale:oauthClientSecret',
      variable: 'TAILSCALE_OAUTH_CLIENT_SECRET',
      scopes,
      choice: oauth,
    },
    {
      what: 'Tailscale API key',
      key: 'tailscale:apiKey',
      variable: 'TAILSCALE_API_KEY',
      scopes: 'all that its owner may do: prefer the OAuth client',
      choice: { of: 'tailscale', alternative: 'apiKey' },
    },
    {
      what: 'deploy key, private half',
      key: 'site-mesh:sshPrivateKey',
      variable: 'MESH_SSH_PRIVATE_KEY',
      scopes: `logs in as ${needs.user} on every host`,
    },
    {
      what: 'key for jump hosts, private half',
      key: 'site-mesh:jumpPrivateKey',
      variable: 'MESH_JUMP_PRIVATE_KEY',
      scopes: 'opens connections through the jump hosts; default: the deploy key',
      optional: true,
    },
  ];
}

/** The credentials that some stack could need, whatever its sites. */
export const anyCredentials = (): Credential[] =>
  credentials({
    from: 'stack',
    user: 'the user of site-mesh:ssh',
    sites: cloudNames.map((cloud) => ({ cloud, account: DEFAULT_ACCOUNT })),
  });

/** What is missing, as lines for people. `has` tells whether a credential is set. */
export function missingCredentials(needs: CredentialNeeds, has: (credential: Credential) => boolean): string[] {
  const { from } = needs;
  const all = credentials(needs);
  const absent = all.filter((one) => one.optional !== true && one.choice === undefined && !has(one));
  const complete = (['oauth', 'apiKey'] as const).some((alternative) =>
    all.filter(({ choice }) => choice?.alternative === alternative).every(has),
  );
  const where = (one: Credential): string => (from === 'environment' ? one.variable : one.key);
  const how = (one: Credential): string =>
    from === 'environment' ? `set ${one.variable} in the environment of pulumi` : setCommand(one);
  const tailscale = all.filter(({ choice }) => choice !== undefined);
  const [id, secret, apiKey] = tailscale;
  return [
    ...absent.map((one) => `${where(one)} (${one.what}): ${how(one)}`),
    ...(complete || !id || !secret || !apiKey
      ? []
      : [
          `${where(id)} and ${where(secret)} (Tailscale OAuth client): ${how(id)}, and the secret likewise; or ${where(apiKey)}`,
        ]),
  ];
}

/** How `pulumi config --path` calls a credential: `site-mesh:accountTokens.fra` → `site-mesh:accountTokens["fra"]`, other keys as they are. */
export const configPath = (key: string): string => key.replace(/^(site-mesh:accountTokens)\.(.+)$/, '$1["$2"]');

/** How a credential is set; the value comes from stdin, never from argv. */
export function setCommand({ key }: Credential): string {
  const path = configPath(key);
  if (path !== key) return `pulumi config set --secret --path '${path}'`;
  return `pulumi config set --secret ${key}${key.endsWith('PrivateKey') ? ' < KEYFILE' : ''}`;
}
