import { meshSchema, secretKeys } from '../mesh/config/schema.ts';
import { closest } from '../mesh/config/suggest.ts';
import { isSecret, NAMESPACE } from './stack-file.ts';

/** Sections of our own namespace and the credentials, as a stack file names them. */
const SECTIONS = Object.keys(meshSchema.shape).map((name) => `${NAMESPACE}:${name}`);
const CREDENTIALS = [
  ...secretKeys.map((name) => `${NAMESPACE}:${name}`),
  'hcloud:token',
  'digitalocean:token',
  'tailscale:apiKey',
  'tailscale:oauthClientId',
  'tailscale:oauthClientSecret',
];
const NAMESPACES = [NAMESPACE, 'hcloud', 'digitalocean', 'tailscale', 'mesh', 'pulumi'];

/**
 * What is wrong with the keys of a stack file as such: one of nobody's namespace would be ignored in silence, and a
 * mistyped `site-mesh:access` takes everybody's access away; a credential in plain would be committed.
 * Answers lines for people; values are never shown.
 */
export function keyFaults(config: Record<string, unknown>): string[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const [namespace = '', name] = key.split(':');
    if (name !== undefined && !NAMESPACES.includes(namespace)) {
      const meant = closest(key, [...SECTIONS, ...CREDENTIALS]);
      return [
        `${key}: nothing reads this namespace\n    → ${meant === undefined ? `use one of ${NAMESPACES.join(', ')}` : `did you mean ${meant}?`}`,
      ];
    }
    const whole = name === undefined ? `${NAMESPACE}:${key}` : key;
    if (CREDENTIALS.includes(whole) && !isSecret(value))
      return [
        `${key}: a credential in plain\n    → remove it, take it for known by others, and set a new one: pulumi config set --secret ${whole}`,
      ];
    return [];
  });
}

/** The plain values of our namespace, without the prefix; Pulumi takes a key without any for the project's own. */
export function namespaced(config: Record<string, unknown>): Record<string, unknown> {
  const own = Object.entries(config).filter(
    ([key, value]) => (key.startsWith(`${NAMESPACE}:`) || !key.includes(':')) && !isSecret(value),
  );
  return Object.fromEntries(own.map(([key, value]) => [key.replace(`${NAMESPACE}:`, ''), value]));
}
