import * as pulumi from '@pulumi/pulumi';
import type { HostPlan } from '../mesh/plan/types.ts';
import { HostRelease } from '../provider/resources/host-release.ts';
import { TailnetNode } from '../provider/resources/tailnet-node.ts';
import { connection, type DeployAccess } from './connection.ts';

/** A server that some cloud gave us and that will answer SSH with the bootstrap key. */
export interface ProvisionedServer {
  /** The cloud's id. Another id is another machine: release and node are made anew. */
  id: pulumi.Output<string>;
  /** Where SSH is dialled. */
  publicAddress: pulumi.Output<string>;
  /** OpenSSH public key line of the bootstrap host key. */
  hostKey: pulumi.Output<string>;
  /** Changes with each restart that this program made; absent where nobody but the owner restarts the machine. */
  generation?: pulumi.Output<number | string>;
  /** What must exist before the host is configured, such as its LAN attachment. */
  ready: pulumi.Resource[];
}

export interface MeshHostArgs {
  plan: HostPlan;
  server: ProvisionedServer;
  access: DeployAccess;
  /** What the tailnet must have before a node joins: its policy, which owns the tags and approves the routes. */
  tailnet: pulumi.Resource[];
}

/** What runs on one host: its release and, on members, its tailnet node. */
export class MeshHost extends pulumi.ComponentResource {
  readonly hash: pulumi.Output<string>;
  /** The host's own public key line, which connections pin. */
  readonly hostKey: pulumi.Output<string>;
  /** Empty on hosts that are no tailnet members. */
  readonly tailnetAddresses: pulumi.Output<string[]>;
  /** The last resource of the host: who waits for it finds the host finished. */
  readonly last: pulumi.Resource;

  constructor(name: string, { plan, server, access, tailnet }: MeshHostArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:index:Host', name, {}, options);
    const restarts = server.generation === undefined ? {} : { generation: server.generation };
    const release = new HostRelease(
      name,
      {
        serverId: server.id,
        host: plan.name,
        connection: connection(access, server.publicAddress, server.hostKey),
        lan: plan.lan,
        lanPrefix: plan.spec.lan.prefix,
        files: plan.release.files,
        units: plan.release.units,
        packages: plan.release.packages,
        provisioned: true,
        bootTimeout: access.ssh.bootTimeout,
        ...restarts,
      },
      { parent: this, dependsOn: server.ready },
    );
    this.hash = release.hash;
    this.hostKey = release.hostKey;
    const { node } = plan;
    if (node === undefined) {
      this.last = release;
      this.tailnetAddresses = pulumi.output<string[]>([]);
    } else {
      const member = new TailnetNode(
        name,
        {
          serverId: server.id,
          // The recorded key, not the bootstrap key: that one is retired by the join.
          connection: connection(access, server.publicAddress, release.hostKey),
          hostname: node.hostname,
          tags: node.tags,
          advertiseRoutes: node.advertises,
          acceptRoutes: node.acceptRoutes,
          snat: plan.spec.router?.snat ?? true,
          ...restarts,
        },
        { parent: this, dependsOn: [release, ...tailnet] },
      );
      this.last = member;
      this.tailnetAddresses = member.addresses;
    }
    this.registerOutputs({ hash: this.hash, tailnetAddresses: this.tailnetAddresses });
  }
}
