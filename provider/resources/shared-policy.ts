import * as pulumi from '@pulumi/pulumi';

export interface SharedPolicyArgs {
  /**
   * Which tailnet (`tailnetHome`); another one is looked at anew.
   * @example 'acme'
   */
  tailnet: pulumi.Input<string>;
  /**
   * The stack that pushes the policy.
   * @example 'prod'
   */
  owner: pulumi.Input<string>;
  /**
   * Whose the policy must say that it is.
   * @example 'acme/prod-tailnet'
   */
  ownerLine: pulumi.Input<string>;
  /** First line of the policy that the files of all stacks make now; another one is told. */
  mark: pulumi.Input<string>;
  /**
   * Tag of this stack's credential.
   * @example 'tag:iac-staging'
   */
  tag: pulumi.Input<string>;
  /** Tags that it must be able to give. */
  tags: pulumi.Input<string[]>;
  /** Prefixes that its routers will advertise, with the tag that approves them. */
  routes: pulumi.Input<{ prefix: string; tag: string }[]>;
}

/** The policy of a tailnet that another stack owns: looked at, never written. */
export class SharedPolicy extends pulumi.CustomResource {
  /** Of the policy that was found. */
  declare readonly etag: pulumi.Output<string>;

  constructor(name: string, args: SharedPolicyArgs, options?: pulumi.CustomResourceOptions) {
    super('mesh:index:SharedPolicy', name, { ...args, etag: undefined }, options);
  }
}
