import * as pulumi from '@pulumi/pulumi';

export interface MeshProviderArgs {
  /**
   * Tailnet that nodes join and whose policy is pushed; `-` is the credential's own. With a name, a host that sits in
   * another tailnet is recognised.
   * @example 'acme-staging'
   */
  tailnet: pulumi.Input<string>;
  /**
   * Where the Tailscale API is, without `/api/v2`. The lab sets it.
   * @default 'https://api.tailscale.com'
   */
  baseUrl?: pulumi.Input<string>;
  /**
   * Control server that nodes join at, where it is not Tailscale's own.
   * @example 'https://headscale.example.com'
   */
  loginServer?: pulumi.Input<string> | undefined;
  /** API key; either this or both OAuth values. Always kept secret. */
  apiKey?: pulumi.Input<string>;
  /** OAuth client with scopes policy_file, auth_keys, devices:core, devices:routes. */
  oauthClientId?: pulumi.Input<string>;
  /** Secret of that client; always kept secret. */
  oauthClientSecret?: pulumi.Input<string>;
}

/** Our own provider, run from `provider/` of this tree (Pulumi.yaml, `plugins`). */
export class MeshProvider extends pulumi.ProviderResource {
  constructor(name: string, args: MeshProviderArgs, options?: pulumi.ResourceOptions) {
    const { tailnet, baseUrl, loginServer, apiKey, oauthClientId, oauthClientSecret } = args;
    super(
      'mesh',
      name,
      {
        tailnet,
        baseUrl,
        loginServer,
        oauthClientId,
        apiKey: secret(apiKey),
        oauthClientSecret: secret(oauthClientSecret),
      },
      options,
    );
  }
}

function secret(value: pulumi.Input<string> | undefined): pulumi.Output<string> | undefined {
  return value === undefined ? undefined : pulumi.secret(value);
}
