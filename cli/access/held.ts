import { places } from '../../mesh/access/places.ts';
import type { Place } from '../../mesh/access/types.ts';
import type { MeshConfig } from '../../mesh/config/index.ts';
import {
  PolicyUnreadable,
  readPolicy,
  renderPolicyFault,
  type PolicyReading,
  type World,
} from '../../mesh/overlays/tailscale/policy/index.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { worldOf } from '../../mesh/plan/world.ts';
import { CliError, EXIT } from '../exit.ts';
import { meshConfig } from '../mesh-config.ts';
import { planNow } from '../plan-now.ts';
import type { StackFile } from '../stack-file.ts';

/** A policy held against what a stack describes. */
export interface Held extends PolicyReading {
  world: World;
}

/** A stack with the policy that it would push. */
export interface StackAccess extends Held {
  stack: string;
  plan: MeshPlan;
  config: MeshConfig;
  places: Place[];
  /** As of which day; absent: today. */
  day?: Date;
}

/**
 * Throws CliError (usage) with every fault of the stack file.
 * @param day on which it is looked at: what `until` takes away by then is not in it; default today
 */
export function stackAccess(file: StackFile, day?: Date): StackAccess {
  const config = meshConfig(file);
  const plan = planNow(config, file.stack, day);
  const reading = readable(`the compiled policy of ${file.stack}`, plan.policy.text, 'fault');
  return {
    ...reading,
    stack: file.stack,
    plan,
    config,
    places: places(config),
    world: worldOf(plan),
    ...(day !== undefined && { day }),
  };
}

/**
 * A policy text of anybody's. Throws CliError (usage) that lists all its faults.
 * @param told what messages call it
 */
export function readable(told: string, text: string, emptyGroups: 'fault' | 'taken'): PolicyReading {
  try {
    return readPolicy(text, { emptyGroups });
  } catch (error) {
    if (!(error instanceof PolicyUnreadable)) throw error;
    const faults = error.faults.map(renderPolicyFault).join('\n');
    throw new CliError(EXIT.usage, `${told} cannot be judged:\n\n${faults}`, { cause: error });
  }
}
