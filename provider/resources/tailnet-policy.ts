import * as pulumi from '@pulumi/pulumi';
import type { AccessEntry, PolicyPlan } from '../../mesh/plan/types.ts';

export interface TailnetPolicyArgs {
  /**
   * Which tailnet (`tailnetHome`). In another one it is pushed as if for the first time.
   * @example 'acme-staging'
   */
  tailnet: pulumi.Input<string>;
  /** HuJSON, pushed byte for byte. Its first line is the mark that `withHeader` puts there. */
  text: pulumi.Input<string>;
  /**
   * What the text permits, in words of the model. Previews say from it who gains or loses access.
   * @example [{ from: 'group:sre', to: 'fra-edge-01', ports: ['tcp/22'], why: 'on call', implicit: false }]
   */
  access: pulumi.Input<AccessEntry[]>;
  /** What no push may take away; checked before it, and asked of the service after it. */
  lifelines: pulumi.Input<PolicyPlan['lifelines']>;
  /** ETag of a text of somebody else's that the next push may replace. */
  takeOver?: pulumi.Input<string> | undefined;
}

/** The policy of the tailnet. Destroying it leaves the policy there, since none would mean that all is allowed. */
export class TailnetPolicy extends pulumi.CustomResource {
  declare readonly text: pulumi.Output<string>;
  declare readonly access: pulumi.Output<AccessEntry[]>;
  /** What the next push must match. */
  declare readonly etag: pulumi.Output<string>;
  /** The etag of the last text that was found good after its push; another one than `etag` while a check is not finished. */
  declare readonly checked: pulumi.Output<string>;

  constructor(name: string, args: TailnetPolicyArgs, options?: pulumi.CustomResourceOptions) {
    super('mesh:index:TailnetPolicy', name, { ...args, etag: undefined, checked: undefined }, options);
  }
}
