import { credentialNeeds, credentials } from '../mesh/config/credentials.ts';
import { meshSchema, secretKeys } from '../mesh/config/schema.ts';
import { closest } from '../mesh/config/suggest.ts';
import { isRecord, isSecret, NAMESPACE } from './stack-file.ts';

/** Sections of our own namespace, as a stack file names them. */
const SECTIONS = Object.keys(meshSchema.shape).map((name) => `${NAMESPACE}:${name}`);
/** Namespaces of the providers, whose other keys are theirs. */
const NAMESPACES = [NAMESPACE, 'command', 'digitalocean', 'hcloud', 'mesh', 'pulumi', 'tailscale'];

/** Keys that hold a credential, in any stack. */
function credentialKeys(): string[] {
  const anySite = ['hetzner', 'digitalocean'].map((cloud) => ({ cloud, account: 'default' }));
  const needs = { ...credentialNeeds({}), sites: anySite };
  return [
    ...new Set([...secretKeys.map((name) => `${NAMESPACE}:${name}`), ...credentials(needs).map(({ key }) => key)]),
  ];
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
    if (name !== undefined && !NAMESPACES.includes(namespace)) {
      const meant = closest(key, [...SECTIONS, ...known]);
      return [
        `${key}: nothing reads this namespace\n    → ${meant === undefined ? `use one of ${NAMESPACES.join(', ')}` : `did you mean ${meant}?`}`,
      ];
    }
    const whole = name === undefined ? `${NAMESPACE}:${key}` : key;
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

/** The plain values of our namespace, without the prefix; Pulumi takes a key without any for the project's own. */
export function namespaced(config: Record<string, unknown>): Record<string, unknown> {
  const own = Object.entries(config).filter(
    ([key, value]) => (key.startsWith(`${NAMESPACE}:`) || !key.includes(':')) && !isSecret(value),
  );
  return Object.fromEntries(own.map(([key, value]) => [key.replace(`${NAMESPACE}:`, ''), value]));
}
