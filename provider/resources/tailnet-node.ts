import * as pulumi from '@pulumi/pulumi';
import { secretConnection } from './connection.ts';
import type { ConnectionArgs } from './connection.ts';

export interface TailnetNodeArgs {
  /**
   * Cloud id of the server. Another one is another node: the old device goes first, then the new one joins.
   * @example '1017'
   */
  serverId: pulumi.Input<string>;
  /**
   * How the host is reached; never through the tailnet. `hostKey` must be the release's (`HostRelease.hostKey`): the join
   * retires the bootstrap key.
   */
  connection: ConnectionArgs;
  /**
   * Which tailnet (`tailnetHome`). Another one is another node: the host leaves the old one first, then joins. Its device
   * stays listed there, since the credential is the new tailnet's.
   * @example 'acme-staging'
   */
  tailnet: pulumi.Input<string>;
  /**
   * Name in the tailnet, a DNS label.
   * @example 'fra-edge-01'
   */
  hostname: pulumi.Input<string>;
  /**
   * At least one; changed later without joining anew. Order means nothing.
   * @example ['tag:router', 'tag:router-eu-fra']
   */
  tags: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Prefixes that this node routes; the policy's autoApprovers approve them. Order means nothing.
   * @example ['10.77.10.0/24']
   */
  advertiseRoutes: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether the node uses routes of other nodes. */
  acceptRoutes: pulumi.Input<boolean>;
  /** Whether tailscaled masquerades what it forwards to the LAN. */
  snat: pulumi.Input<boolean>;
  /**
   * Whether tailscaled answers SSH on the node's tailnet addresses, for those whom the policy's ssh rules name. A change of it
   * is made without joining anew. sshd stays what answers on all other addresses.
   * @default false
   */
  ssh?: pulumi.Input<boolean>;
  /**
   * Control server, where it is not Tailscale's own.
   * @example 'https://headscale.example.com'
   */
  loginServer?: pulumi.Input<string>;
  /**
   * Seconds that the join key may be used; 60 to 86400. It is spent by the join in any case.
   * @default 3600
   */
  keySeconds?: pulumi.Input<number>;
  /**
   * Changes with each restart that the program made: `ServerReady.generation`, or the size itself where the cloud's
   * plugin restarts a server that it resizes. A change waits until the host is back and advertises its routes again: they were drained before it went off.
   */
  generation?: pulumi.Input<number | string>;
}

/** One host's membership in the tailnet. No key is in its state. */
export class TailnetNode extends pulumi.CustomResource {
  /** Stable node id. */
  declare readonly nodeId: pulumi.Output<string>;
  /** Name in the tailnet's DNS. */
  declare readonly name: pulumi.Output<string>;
  /** Addresses in the tailnet, IPv4 and IPv6. */
  declare readonly addresses: pulumi.Output<string[]>;
  declare readonly tags: pulumi.Output<string[]>;

  constructor(name: string, args: TailnetNodeArgs, options?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, connection: secretConnection(args.connection) };
    super(
      'mesh:index:TailnetNode',
      name,
      { ...inputs, nodeId: undefined, name: undefined, addresses: undefined },
      options,
    );
  }
}
