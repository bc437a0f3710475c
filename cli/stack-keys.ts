import { cloudNames, cloudOf } from '../mesh/config/clouds.ts';
import { anyCredentials } from '../mesh/config/credentials.ts';
import { meshSchema, secretKeys } from '../mesh/config/schema.ts';
import { closest } from '../mesh/config/suggest.ts';
import { NAMESPACE, isRecord, isSecret } from '../mesh/config/stack-text.ts';

/** Sections of our own namespace, as a stack file names them. */
const SECTIONS = Object.keys(meshSchema.shape).map((name) => `${NAMESPACE}:${name}`);
/** Where the APIs are; the lab sets them. */
const ENDPOINTS = [...cloudNames.flatMap((name) => cloudOf(name).token?.endpoint ?? []), 'tailscale:baseUrl'];

/** Keys that hold a credential, in any stack. */
function credentialKeys(): string[] {
  return [...new Set([...secretKeys.map((name) => `${NAMESPACE}:${name}`), ...anyCredentials().map(({ key }) => key)])];
}

/**
 * What is wrong with the keys of a stack file as such: one of nobody's namespace would be ignored in silence, and a
 * mistyped `site-mesh:access` takes everybody's access away; a credential in plain would be committed.
 * Answers lines for people; values are never shown.
 */
export function keyFaults(config: Record<string, unknown>): string[] {
  const known = credentialKeys();
  return Object.entries(config).flatMap(([key, value]) => {
    const [namespace = '', name] = key.split(':');
    const whole = name === undefined ? `${NAMESPACE}:${key}` : key;
    // Unknown sections of ours are the schema's to tell. Providers are made explicitly, so a key of theirs that we do not hand on has no effect.
    if (name !== undefined && ![NAMESPACE, 'pulumi'].includes(namespace) && ![...known, ...ENDPOINTS].includes(key)) {
      const meant = closest(key, [...SECTIONS, ...known]);
      return [`${key}: nothing reads this key\n    → ${meant === undefined ? 'remove it' : `did you mean ${meant}?`}`];
    }
    if (!known.includes(whole)) return [];
    return inPlain(whole, value).map(
      (path) =>
        `${path}: a credential in plain\n    → remove it, take it for known by others, and set a new one: pulumi config set --secret ${path.includes('[') ? `--path '${path}'` : path}`,
    );
  });
}

/** Paths under a credential's key at which something stands unencrypted. Account tokens are a mapping of secrets. */
function inPlain(key: string, value: unknown): string[] {
  if (isSecret(value)) return [];
  if (key !== `${NAMESPACE}:accountTokens` || !isRecord(value)) return [key];
  return Object.entries(value).flatMap(([account, token]) => (isSecret(token) ? [] : [`${key}["${account}"]`]));
}
