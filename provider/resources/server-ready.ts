import * as pulumi from '@pulumi/pulumi';

export interface ServerReadyArgs {
  /** Whose API is asked. */
  cloud: 'hetzner';
  /**
   * Cloud id of the server. Another one is another server: the record is replaced.
   * @example '1017'
   */
  serverId: pulumi.Input<string>;
  /**
   * Type that the server must have. A change means that it was resized, and so was off.
   * @example 'cx33'
   */
  serverType: pulumi.Input<string>;
  /**
   * Host name, for messages.
   * @example 'fra-edge-01'
   */
  host: pulumi.Input<string>;
  /** Read/write token of the server's project; always kept secret. */
  token: pulumi.Input<string>;
  /**
   * Where the cloud's API is. The lab sets it.
   * @default 'https://api.hetzner.cloud/v1'
   */
  endpoint?: pulumi.Input<string | undefined>;
}

/**
 * A server that is on and of the type that the program says. Hetzner's plugin powers a server off to resize it and
 * leaves it off; this powers it on again. After a refresh, a server that somebody switched off is a change to undo.
 */
export class ServerReady extends pulumi.CustomResource {
  /** As the cloud said last: `running`, `off`, … */
  declare readonly status: pulumi.Output<string>;
  /**
   * Grows each time the server may have been off on purpose. Who takes it as an input comes after the restart, and is
   * updated by it.
   */
  declare readonly generation: pulumi.Output<number>;

  constructor(name: string, args: ServerReadyArgs, options?: pulumi.CustomResourceOptions) {
    super(
      'mesh:index:ServerReady',
      name,
      { ...args, token: pulumi.secret(args.token), status: undefined, generation: undefined },
      options,
    );
  }
}
