import * as pulumi from '@pulumi/pulumi';

export interface HostKeyArgs {
  /**
   * Comment of the key, one word. A change makes another key, and so needs another server.
   * @example 'fra-edge-01'
   */
  comment: pulumi.Input<string>;
}

/**
 * The ECDSA P-256 host key that a provisioned server is born with: its private half goes into user_data, its public
 * half is what the first connection pins. The first release and the join replace it on the host.
 */
export class HostKey extends pulumi.CustomResource {
  declare readonly comment: pulumi.Output<string>;
  /** OpenSSH public key line. */
  declare readonly publicKey: pulumi.Output<string>;
  /** OpenSSH private key (PEM); secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: HostKeyArgs, options?: pulumi.CustomResourceOptions) {
    super(
      'mesh:index:HostKey',
      name,
      { comment: args.comment, publicKey: undefined, privateKey: undefined },
      pulumi.mergeOptions({ additionalSecretOutputs: ['privateKey'] }, options),
    );
  }
}
