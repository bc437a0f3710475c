import * as pulumi from '@pulumi/pulumi';
import type { HostPlan } from '../mesh/plan/types.ts';
import { HostRelease } from '../provider/resources/host-release.ts';
import { TailnetNode } from '../provider/resources/tailnet-node.ts';
import { runCommands } from './commands.ts';
import { renamed } from './renamed.ts';
import { connection, type DeployAccess, type SshTarget } from './connection.ts';

/** A machine that answers SSH: one that a cloud just gave us, or one that was there before. */
export interface HostMachine {
  /** The cloud's id, or what names an existing machine. Another id is another machine: release and node are made anew. */
  id: pulumi.Input<string>;
  /** Where SSH is dialled. */
  target: SshTarget;
  /** OpenSSH public key line: the bootstrap key of a new server, the declared one of an existing machine. */
  hostKey: pulumi.Input<string>;
  /** LAN address. */
  lan: pulumi.Input<string>;
  /** Made by us? Else destroying the release puts back what was there. */
  provisioned: boolean;
  /** Changes with each restart that this program made; absent where nobody but the owner restarts the machine. */
  generation?: pulumi.Input<number | string>;
  /** Secrets that its release brings beside its files, root-only on the host. */
  credentials?: Record<string, pulumi.Input<string>>;
  /** What must exist before the host is configured, such as its LAN attachment. */
  ready: pulumi.Resource[];
}

export interface MeshHostArgs {
  plan: HostPlan;
  machine: HostMachine;
  access: DeployAccess;
  /** What the tailnet must have before a node joins: its policy, which owns the tags and approves the routes. */
  tailnet: pulumi.Resource[];
}

/** What runs on one host: its release, on members its tailnet node, and the user's own commands. */
export class MeshHost extends pulumi.ComponentResource {
  readonly hash: pulumi.Output<string>;
  /** The host's own public key line, which connections pin. */
  readonly hostKey: pulumi.Output<string>;
  /** Empty on hosts that are no tailnet members. */
  readonly tailnetAddresses: pulumi.Output<string[]>;
  /** Absent on hosts that are no tailnet members. */
  readonly node: TailnetNode | undefined;
  /** The last resource of the host: who waits for it finds the host finished. */
  readonly last: pulumi.Resource;

  constructor(
    name: string,
    { plan, machine, access, tailnet }: MeshHostArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super('site-mesh:index:Host', name, {}, { ...options, ...renamed(plan) });
    const { managed, node } = plan;
    if (managed === undefined) throw new Error(`${plan.name} is not managed; nothing runs there`);
    const restarts = machine.generation === undefined ? {} : { generation: machine.generation };
    const release = new HostRelease(
      name,
      {
        serverId: machine.id,
        host: plan.name,
        site: plan.site,
        ...(plan.server && { account: plan.server.account }),
        connection: connection(access, machine.target, machine.hostKey),
        lan: machine.lan,
        lanPrefix: managed.spec.lan.prefix,
        ...(plan.lan6 !== undefined && { lan6: plan.lan6 }),
        files: managed.release.files,
        units: managed.release.units,
        packages: managed.release.packages,
        provisioned: machine.provisioned,
        ...(machine.credentials && { credentials: pulumi.secret(machine.credentials) }),
        ...(!machine.provisioned && {
          accepts: plan.accepts,
          ...(node?.loginServer !== undefined && { loginServer: node.loginServer }),
        }),
        bootTimeout: access.ssh.bootTimeout,
        ...restarts,
      },
      { parent: this, dependsOn: machine.ready },
    );
    this.hash = release.hash;
    this.hostKey = release.hostKey;
    // From here on the recorded key: the bootstrap key is retired by the join.
    const recorded = connection(access, machine.target, release.hostKey);
    const member =
      node &&
      new TailnetNode(
        name,
        {
          serverId: machine.id,
          connection: recorded,
          tailnet: node.tailnet,
          hostname: node.hostname,
          tags: node.tags,
          advertiseRoutes: node.advertises,
          acceptRoutes: node.acceptRoutes,
          snat: node.snat,
          ...(node.ssh && { ssh: true }),
          ...(node.loginServer !== undefined && { loginServer: node.loginServer }),
          ...restarts,
        },
        // The provider says so too, but is not asked when somebody replaces it by hand: the new node would adopt the old device, which then goes.
        { parent: this, dependsOn: [release, ...tailnet], deleteBeforeReplace: true },
      );
    this.node = member;
    this.tailnetAddresses = member?.addresses ?? pulumi.output<string[]>([]);
    const after = member ?? release;
    this.last = runCommands({ host: name, commands: plan.commands, connection: recorded, after }, this);
    this.registerOutputs({ hash: this.hash, tailnetAddresses: this.tailnetAddresses });
  }
}
