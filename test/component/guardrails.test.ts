import type { Policies } from '@pulumi/policy';
import { beforeAll, describe, expect, test } from 'vitest';
import { ownExceptions } from '../../policies/exceptions.ts';
import { guardrails } from '../../policies/policies.ts';
import { ask, askStack, isStackPolicy, UNKNOWN, type Asked } from '../unit/policies/ask.ts';
import { Secret, type Recording, type Registration } from './record.ts';
import { recordProd, recordStaging } from './staging.ts';

/** What the engine would hand to the pack: secrets in plain, what is not known as the mark for it. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ((value as { kind?: unknown }).kind === 'unknown') return UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

function asked(recording: Recording): Asked[] {
  const byUrn = new Map(recording.resources.map((one) => [one.urn, one]));
  const above = (one: Registration): string[] => {
    const parent = byUrn.get(one.parent);
    return parent === undefined ? [] : [...above(parent), `${parent.type} ${parent.name}`];
  };
  return recording.resources.map((one) => ({
    type: one.type,
    name: one.name,
    props: plain(one.inputs) as Record<string, unknown>,
    protect: one.protect,
    under: above(one),
    from: one.propertyDependencies,
  }));
}

async function judged(
  policies: Policies,
  stack: string,
  recording: Recording,
): Promise<{ refused: string[]; unknown: string[] }> {
  const all = asked(recording);
  const refused: string[] = [];
  const unknown: string[] = [];
  for (const policy of policies) {
    const about = { stack, config: (ownExceptions()[policy.name] ?? {}) as object };
    if (isStackPolicy(policy)) {
      const verdict = await askStack(policy, all, about);
      refused.push(...verdict.refused.map((message) => `${policy.name} ${message}`));
      if (verdict.unknown !== undefined) unknown.push(`${policy.name} ${verdict.unknown}`);
      continue;
    }
    for (const one of all) {
      const verdict = await ask(policy, one, about);
      refused.push(...verdict.refused.map((message) => `${policy.name} ${one.type} ${String(one.name)} ${message}`));
      if (verdict.unknown !== undefined)
        unknown.push(`${policy.name} ${one.type} ${String(one.name)} ${verdict.unknown}`);
    }
  }
  return { refused, unknown };
}

let prod: Recording;
let staging: Recording;
beforeAll(async () => {
  prod = await recordProd();
  staging = await recordStaging();
});

describe('the checked-in stacks', () => {
  test('pass every guardrail', async () => {
    expect(await judged(guardrails, 'prod', prod)).toEqual({ refused: [], unknown: [] });
    expect(await judged(guardrails, 'staging', staging)).toEqual({ refused: [], unknown: [] });
  });
});
