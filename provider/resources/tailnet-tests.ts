import * as pulumi from '@pulumi/pulumi';

/** One policy test in the service's array form. */
export interface TailnetTest {
  src: string;
  /** Always there: without it an icmp grant makes a tcp port pass. */
  proto: string;
  /** `host:port` with one port. */
  accept: string[];
  deny: string[];
}

/** Which logins by Tailscale SSH a source gets at nodes that carry a tag. */
export interface LoginTest {
  src: string;
  dst: string[];
  accept: string[];
  /** After a check. */
  check: string[];
  deny: string[];
}

export interface TailnetTestsArgs {
  /**
   * Which tailnet (`tailnetHome`): they run again in another one.
   * @example 'acme-staging'
   */
  tailnet: pulumi.Input<string>;
  /**
   * Run against the live policy; each selector must stand for a node that has joined, or for an address.
   * @example [{ src: 'tag:app', proto: 'tcp', accept: ['fra-db-01:5432'], deny: ['fra-db-01:22'] }]
   */
  tests: pulumi.Input<TailnetTest[]>;
  /** Of logins by Tailscale SSH; left out where no intent gives any. */
  logins?: pulumi.Input<LoginTest[]>;
  /**
   * Why an intent gives what a test accepts, for messages.
   * @example { 'tag:app tcp fra-db-01:5432': 'the app tier reads the primary' }
   */
  reasons: pulumi.Input<Record<string, string>>;
  /** Etag of the policy: the tests run again when it changes. */
  policy: pulumi.Input<string>;
  /** Ids of the nodes that the tests are about: they run again when one joins. Order means nothing. */
  nodes: pulumi.Input<pulumi.Input<string>[]>;
}

/** What the policy must give and deny once nodes have joined, asked of the service itself. Nothing exists of it afterwards. */
export class TailnetTests extends pulumi.CustomResource {
  constructor(name: string, args: TailnetTestsArgs, options?: pulumi.CustomResourceOptions) {
    super('mesh:index:TailnetTests', name, { ...args }, options);
  }
}
