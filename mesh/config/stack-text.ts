import { parseDocument } from 'yaml';
import { parseConfig } from './parse.ts';
import type { OtherStack } from './shared.ts';

/** The project's namespace in a stack file. */
export const NAMESPACE = 'site-mesh';

/** `{secure: ciphertext}`, Pulumi's form of an encrypted value; or a mapping of nothing but such values. */
export function isSecret(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const members = Object.values(value);
  if (members.length === 1 && typeof value.secure === 'string') return true;
  return members.length > 0 && members.every(isSecret);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The plain values of our namespace, without the prefix; Pulumi takes a key without any for the project's own. */
export function namespaced(config: Record<string, unknown>): Record<string, unknown> {
  const own = Object.entries(config).filter(
    ([key, value]) => (key.startsWith(`${NAMESPACE}:`) || !key.includes(':')) && !isSecret(value),
  );
  return Object.fromEntries(own.map(([key, value]) => [key.replace(`${NAMESPACE}:`, ''), value]));
}

/**
 * What the text of another stack's file says. Its faults are told where that stack is looked at, and counted here.
 * @param text undefined: there is no such file
 */
export function otherStack(stack: string, text: string | undefined): OtherStack {
  const file = `Pulumi.${stack}.yaml`;
  const look = `mesh check ${stack} says more`;
  if (text === undefined)
    return {
      problem: `is no stack here: there is no ${file}`,
      remedy: 'name a stack that has a file here, or remove it',
    };
  const document = parseDocument(text);
  if (document.errors.length > 0) return { problem: `cannot be read: ${file} is not valid YAML`, remedy: look };
  const content: unknown = document.toJS();
  const config = isRecord(content) && isRecord(content.config) ? content.config : {};
  const parsed = parseConfig(namespaced(config));
  if (parsed.ok) return { config: parsed.config };
  const count = parsed.faults.length === 1 ? '1 fault' : `${parsed.faults.length} faults`;
  return { problem: `has ${count} of its own in ${file}`, remedy: look };
}
