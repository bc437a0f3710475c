import { fault, type Fault } from '../fault.ts';
import type { MeshConfig } from '../schema.ts';

/** The stack that is taken for production: what it makes is protected, and what small stacks may leave out it may not. */
export const PRODUCTION = 'prod';

/** What a production stack must have, and a stack in general need not. */
export function productionFaults(stack: string, { tailnet }: MeshConfig): Fault[] {
  if (stack !== PRODUCTION || tailnet.breakGlass !== undefined) return [];
  return [
    fault(
      ['tailnet', 'breakGlass'],
      undefined,
      'is missing: nothing keeps a change of access from locking everybody out of production',
      'name the group and the service that are never taken away: breakGlass: { group: sre, service: ssh }',
    ),
  ];
}
