import type { PolicyConfigSchema } from '@pulumi/policy';
import { readFileSync } from 'node:fs';

/** A case that a guardrail lets pass, because somebody said why. */
export interface Exception {
  /** Name of the resource; `*` stands for any characters: `fra-edge-*`. */
  resource: string;
  /** The stack that it holds in. Absent: every one. */
  stack?: string;
  /** The kind of finding, where a guardrail refuses more than one: `udp/9993`. Absent: every one. */
  allows?: string;
  /** Why, for who reads it in a year. */
  reason: string;
}

/** Config schema of a guardrail's exceptions. The engine holds it: an exception without a reason is refused, not ignored. */
export const EXCEPTIONS: PolicyConfigSchema['properties'][string] = {
  type: 'array',
  default: [],
  description: 'Cases that pass, each with its reason (docs/guardrails.md)',
  items: {
    type: 'object',
    properties: {
      resource: { type: 'string', minLength: 1 },
      stack: { type: 'string', minLength: 1 },
      allows: { type: 'string', minLength: 1 },
      // Long enough to say something; a dot or "ok" is no reason.
      reason: { type: 'string', minLength: 15, pattern: '\\S\\s+\\S' },
    },
    required: ['resource', 'reason'],
    additionalProperties: false,
  },
};

/** Is there an exception for this? */
export function allowed(
  exceptions: readonly Exception[],
  { stack, resource, kind }: { stack: string; resource: string; kind: string | undefined },
): boolean {
  return exceptions.some(
    (one) =>
      matches(one.resource, resource) &&
      (one.stack === undefined || one.stack === stack) &&
      (one.allows === undefined || one.allows === kind),
  );
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 'u').test(name);
}

/**
 * The exceptions of this repository: part of the pack, so that no run can forget them. The level is said, too: the SDK tells the
 * engine `advisory` for a policy that has config of the pack's own without one, which would disarm the whole guardrail.
 */
export function ownExceptions(): Record<string, { enforcementLevel: 'mandatory'; exceptions: Exception[] }> {
  const file = new URL('exceptions.json', import.meta.url);
  const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { exceptions: Exception[] }>;
  return Object.fromEntries(
    Object.entries(all).map(([policy, { exceptions }]) => [policy, { enforcementLevel: 'mandatory', exceptions }]),
  );
}
