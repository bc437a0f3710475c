import * as pulumi from '@pulumi/pulumi';
import type { Release } from '../../mesh/host/spec.ts';
import { secretConnection } from './connection.ts';
import type { ConnectionArgs } from './connection.ts';

export interface HostReleaseArgs {
  /**
   * Cloud id of the server, or any text that names an existing machine. Another one is another host: the release is replaced.
   * @example '1017'
   */
  serverId: pulumi.Input<string>;
  /**
   * Host name, for messages.
   * @example 'fra-edge-01'
   */
  host: pulumi.Input<string>;
  /**
   * Site of the host; servers of ours keep it for life.
   * @example 'eu-fra'
   */
  site: pulumi.Input<string>;
  /**
   * Account that the server was bought in, as the site names it; absent on existing hosts.
   * @example 'default'
   */
  account?: pulumi.Input<string>;
  /** How the host is reached until its own key is recorded: `hostKey` is the bootstrap key. */
  connection: ConnectionArgs;
  /**
   * Own LAN address, from which the host finds its LAN interface.
   * @example '10.77.10.2'
   */
  lan: pulumi.Input<string>;
  /**
   * Prefix of the site.
   * @example '10.77.10.0/24'
   */
  lanPrefix: pulumi.Input<string>;
  /**
   * Own IPv6 address on the LAN, where it has one; the interface that holds `lan` must hold it too.
   * @example 'fd12:3456:789a:40::2'
   */
  lan6?: pulumi.Input<string>;
  /** Files by absolute path; owner is root. A preview shows their diff. */
  files: pulumi.Input<Release['files']>;
  /** systemd units by name. */
  units: pulumi.Input<Release['units']>;
  /**
   * Debian packages and their exact versions, held.
   * @example { tailscale: '1.102.3' }
   */
  packages: pulumi.Input<Release['packages']>;
  /** Name → secret, written on the host for root only; outside the hash, always kept secret. */
  credentials?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** False on hosts that existed before: destroying the release then puts back what was there. */
  provisioned: pulumi.Input<boolean>;
  /**
   * What a first release on a host that existed before may find there and live with: `docker`, `firewalld`, `nftables`,
   * `tailscale`, `ufw`. All else that is in its way refuses it. A change of this alone changes nothing on the host.
   * @default []
   * @example ['docker']
   */
  accepts?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Control server of our tailnet where it is not Tailscale's own, on a host that existed before: tells whether a tailnet that it
   * is in already is ours. A change of this alone changes nothing on the host.
   * @example 'https://headscale.example.com'
   */
  loginServer?: pulumi.Input<string>;
  /**
   * Seconds that the first boot of a new server may take.
   * @default 300
   */
  bootTimeout?: pulumi.Input<number>;
  /**
   * Changes with each restart that the program made: `ServerReady.generation`, or the size itself where the cloud's
   * plugin restarts a server that it resizes. A change waits until the host is back and brings the same release again.
   */
  generation?: pulumi.Input<number | string>;
}

/**
 * One rendered release on one host: staged and checked there, activated with a revert timer, and confirmed over a new
 * connection, in one operation. Without confirmation the host goes back by itself.
 */
export class HostRelease extends pulumi.CustomResource {
  declare readonly serverId: pulumi.Output<string>;
  /** Hash of the release that is confirmed; after a refresh, of what is really there. */
  declare readonly hash: pulumi.Output<string>;
  /** The host's own ed25519 public key line: what later connections pin. */
  declare readonly hostKey: pulumi.Output<string>;
  /** Paths, packages and units that somebody changed on the host, as the last refresh saw them. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: HostReleaseArgs, options?: pulumi.CustomResourceOptions) {
    const { credentials } = args;
    const inputs = {
      ...args,
      connection: secretConnection(args.connection),
      credentials: credentials === undefined ? undefined : pulumi.secret(credentials),
    };
    super(
      'mesh:index:HostRelease',
      name,
      { ...inputs, hash: undefined, hostKey: undefined, drift: undefined },
      options,
    );
  }
}
