import { z } from 'zod';
import type { Resource } from './state.ts';

const step = z.object({
  op: z.string(),
  urn: z.string(),
  newState: z.unknown().optional(),
});
const preview = z.object({ steps: z.array(step).nullish() });

const planned = z
  .object({
    urn: z.string(),
    type: z.string(),
    custom: z.boolean().optional(),
    inputs: z.record(z.string(), z.unknown()).optional(),
    provider: z.string().optional(),
    parent: z.string().optional(),
    dependencies: z.array(z.string()).nullish(),
    propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  })
  .loose();

/** The engine shows no secret in a preview. */
const HIDDEN = '[secret]';

/**
 * What `pulumi preview --json` would make, in the order in which the engine makes it. Secret inputs are left out: all that
 * an official resource of ours has (`userData`) matters at the first boot only, and is ignored afterwards.
 */
export function createsOf(text: string): Resource[] {
  const { steps } = preview.parse(JSON.parse(text));
  return (steps ?? [])
    .filter(({ op }) => op === 'create' || op === 'create-replacement')
    .flatMap(({ newState }) => {
      const state = planned.safeParse(newState);
      if (!state.success) return [];
      const inputs = Object.entries(state.data.inputs ?? {}).filter(([, value]) => !holdsHidden(value));
      return [{ ...state.data, inputs: Object.fromEntries(inputs) }];
    });
}

function holdsHidden(value: unknown): boolean {
  if (value === HIDDEN) return true;
  if (Array.isArray(value)) return value.some(holdsHidden);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsHidden);
}
