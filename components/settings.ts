import * as pulumi from '@pulumi/pulumi';
import { parseConfig, renderFaults, type MeshConfig } from '../mesh/config/index.ts';
import {
  accounts,
  credentialNeeds,
  credentials,
  missingCredentials,
  type Credential,
  type CredentialNeeds,
} from '../mesh/config/credentials.ts';
import { cloudOf, type CloudName } from '../mesh/config/clouds.ts';

const NAMESPACE = 'site-mesh';

type Secret = pulumi.Output<string>;

/** A cloud account with its token. */
export interface Account {
  cloud: CloudName;
  /** `default`, or as sites name it. */
  account: string;
  token: Secret;
  /** Where the cloud's API is; the lab sets it. */
  endpoint?: string;
}

/** What a stack's configuration says, checked as a whole. All credentials are secret outputs. */
export interface Settings {
  config: MeshConfig;
  sshPrivateKey: Secret;
  jumpPrivateKey: Secret;
  accounts: Account[];
  tailscale: { baseUrl?: string; apiKey?: Secret; oauthClientId?: Secret; oauthClientSecret?: Secret };
}

/** Reads the stack. Throws one RunError that lists every fault and every missing credential; nothing is made before. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const raw = sections(pulumi.runtime.allConfig());
  const answer = parseConfig(raw);
  const needs = credentialNeeds(raw);
  const value = needs.from === 'environment' ? fromEnvironment(environment) : fromStack(raw);
  const secrets = new Map(
    credentials(needs).flatMap((one): [string, Secret][] => {
      const found = value(one);
      return found === undefined ? [] : [[one.key, pulumi.secret(found)]];
    }),
  );
  const missing = missingCredentials(needs, ({ key }) => secrets.has(key));
  if (!answer.ok || missing.length > 0) {
    const faults = answer.ok ? '' : renderFaults(answer.faults);
    const absent = missing.length === 0 ? '' : `Credentials are missing:\n  ${missing.join('\n  ')}`;
    throw new pulumi.RunError([faults, absent].filter(Boolean).join('\n\n'));
  }
  const sshPrivateKey = needed(secrets, 'site-mesh:sshPrivateKey');
  return {
    config: answer.config,
    sshPrivateKey,
    jumpPrivateKey: secrets.get('site-mesh:jumpPrivateKey') ?? sshPrivateKey,
    accounts: accountsOf(needs, secrets),
    tailscale: tailscale(secrets),
  };
}

/** A credential comes from the one place that the configuration names, never from the other. */
type Source = (credential: Credential) => string | undefined;

const fromEnvironment =
  (environment: NodeJS.ProcessEnv): Source =>
  ({ variable }) =>
    nonempty(environment[variable]);

const fromStack =
  (raw: Record<string, unknown>): Source =>
  ({ key }) => {
    const [, member] = key.split('.');
    if (member === undefined) return nonempty(pulumi.runtime.getConfig(key));
    const tokens = raw.accountTokens;
    return typeof tokens === 'object' && tokens !== null && Object.hasOwn(tokens, member)
      ? nonempty((tokens as Record<string, unknown>)[member])
      : undefined;
  };

const nonempty = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function needed(secrets: ReadonlyMap<string, Secret>, key: string): Secret {
  const secret = secrets.get(key);
  if (secret === undefined) throw new Error(`${key} was said to be there and is not`);
  return secret;
}

function accountsOf(needs: CredentialNeeds, secrets: ReadonlyMap<string, Secret>): Account[] {
  return accounts(needs).map(({ cloud, account, credential }) => {
    const endpoint = nonempty(pulumi.runtime.getConfig(cloudOf(cloud).token?.endpoint ?? ''));
    return { cloud, account, token: needed(secrets, credential.key), ...(endpoint !== undefined && { endpoint }) };
  });
}

function tailscale(secrets: ReadonlyMap<string, Secret>): Settings['tailscale'] {
  const baseUrl = new pulumi.Config('tailscale').get('baseUrl');
  const apiKey = secrets.get('tailscale:apiKey');
  const oauthClientId = secrets.get('tailscale:oauthClientId');
  const oauthClientSecret = secrets.get('tailscale:oauthClientSecret');
  return {
    ...(baseUrl !== undefined && { baseUrl }),
    ...(apiKey
      ? { apiKey }
      : { ...(oauthClientId && { oauthClientId }), ...(oauthClientSecret && { oauthClientSecret }) }),
  };
}

/**
 * Every key of our namespace, so that a misspelt one is found: pulumi.Config answers only for names that it is asked.
 * Structured values arrive as JSON; what is none stays text, and the schema says what it should have been.
 */
export function sections(all: Record<string, string>): Record<string, unknown> {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length + 1), parsed(value)]));
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
