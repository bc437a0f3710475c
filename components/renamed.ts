import type * as pulumi from '@pulumi/pulumi';
import type { HostPlan } from '../mesh/plan/types.ts';

/** Options of a component that carries a host's name: recorded under the former one, it is this one. Children inherit it. */
export const renamed = ({ formerly }: HostPlan): pulumi.ComponentResourceOptions =>
  formerly === undefined ? {} : { aliases: [{ name: formerly }] };
