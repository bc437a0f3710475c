import * as pulumi from '@pulumi/pulumi';

/** One SSH server: where it is, who logs in, and which key it must show. */
export interface EndpointArgs {
  /**
   * Address or DNS name.
   * @example '203.0.113.10'
   */
  host: pulumi.Input<string>;
  /**
   * TCP port.
   * @default 22
   */
  port?: pulumi.Input<number>;
  /**
   * SSH login. Any but root needs passwordless sudo.
   * @example 'ops'
   */
  user: pulumi.Input<string>;
  /** OpenSSH private key (PEM) without passphrase; always kept secret. */
  privateKey: pulumi.Input<string>;
  /**
   * The one host key that is accepted, as an OpenSSH public key line.
   * @example 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…'
   */
  hostKey: pulumi.Input<string>;
}

/** How a host is reached. It is how, not what: a change of it alone touches no host. */
export interface ConnectionArgs extends EndpointArgs {
  /** Jump host with a pinned key of its own; the connection to `host` goes through it. */
  via?: EndpointArgs;
}

/** The same connection with its keys marked, leaf by leaf, so that the rest stays readable in previews. */
export function secretConnection(connection: ConnectionArgs): ConnectionArgs {
  const marked = { ...connection, privateKey: pulumi.secret(connection.privateKey) };
  if (connection.via === undefined) return marked;
  return { ...marked, via: { ...connection.via, privateKey: pulumi.secret(connection.via.privateKey) } };
}
