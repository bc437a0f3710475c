import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { userData } from '../../mesh/host/user-data.ts';
import type { HostPlan } from '../../mesh/plan/types.ts';
import { HostKey } from '../../provider/resources/host-key.ts';
import { ServerReady } from '../../provider/resources/server-ready.ts';
import type { DeployAccess } from '../connection.ts';
import { drainBefore } from '../drain.ts';
import type { ProvisionedServer } from '../host.ts';
import { numericId } from './ids.ts';
import { labels } from './labels.ts';

export interface HetznerServerArgs {
  plan: HostPlan;
  location: string;
  access: DeployAccess;
  /** Id of the project's deploy key. */
  sshKey: pulumi.Input<string>;
  subnet: hcloud.NetworkSubnet;
  /** Absent for hosts that may share hardware. */
  placementGroup?: hcloud.PlacementGroup;
  /** The tailnet policy: nothing is bought before it stands. */
  policy: pulumi.Resource[];
  /** What the server itself waits for besides: its firewall, and the finished partner of a router. */
  after: pulumi.Resource[];
  /** true in production: Pulumi refuses to delete the server and its address. */
  protect: boolean;
}

/** One server at Hetzner, attached to its site's LAN, reachable by SSH with a pinned key from its first boot on. */
export class HetznerServer extends pulumi.ComponentResource implements ProvisionedServer {
  readonly id: pulumi.Output<string>;
  readonly publicAddress: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;
  readonly generation: pulumi.Output<number>;
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: HetznerServerArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:hetzner:Server', name, {}, options);
    const { plan, protect } = args;
    const tagged = labels(plan.site, plan.kind);
    const bootstrap = new HostKey(name, { comment: plan.name }, { parent: this });
    const address = plan.kind === 'router' ? this.ownAddress(name, args) : undefined;
    const server = new hcloud.Server(
      name,
      {
        name: plan.name,
        serverType: plan.serverType,
        image: plan.image,
        location: args.location,
        labels: tagged,
        sshKeys: [args.sshKey],
        // One block with both families named, or the cloud adds an IPv6 address of its own.
        publicNets: [{ ipv4Enabled: true, ipv6Enabled: false, ...(address && { ipv4: numericId(address.id) }) }],
        ...(args.placementGroup && { placementGroupId: numericId(args.placementGroup.id) }),
        userData: pulumi.secret(
          pulumi.all([bootstrap.privateKey, bootstrap.publicKey]).apply(([privateKey, publicKey]) =>
            userData({
              user: args.access.ssh.user,
              authorizedKeys: [args.access.ssh.publicKey],
              hostKey: { privateKey, publicKey },
            }),
          ),
        ),
        // firewallIds stay unset: next to label selectors, the plugin would take the selected firewall away again.
      },
      {
        parent: this,
        protect,
        // The name is unique, and the address can be held by one server only.
        deleteBeforeReplace: true,
        // All three replace a running server at Hetzner. They matter for the first boot only.
        ignoreChanges: ['userData', 'sshKeys', 'image'],
        dependsOn: [...args.policy, ...args.after],
        ...(plan.kind === 'router' && { hooks: drainBefore(this, plan.name, args.access, ['serverType']) }),
      },
    );
    // Not inline `networks`: with a network to be replaced the plugin's diff of those panics.
    const attachment = new hcloud.ServerNetwork(
      name,
      { serverId: numericId(server.id), subnetId: args.subnet.id, ip: plan.lan },
      { parent: this, deleteBeforeReplace: true },
    );
    const on = this.switchedOn(name, plan, server);
    this.id = server.id;
    this.publicAddress = address ? address.ipAddress : server.ipv4Address;
    this.hostKey = bootstrap.publicKey;
    this.generation = on.generation;
    this.ready = [attachment, on];
    this.registerOutputs({ id: this.id, publicAddress: this.publicAddress });
  }

  /** Asks with the credential of the provider that made the server: one account has many, and a token sees one project. */
  private switchedOn(name: string, plan: HostPlan, server: hcloud.Server): ServerReady {
    const account = this.getProvider('hcloud:index/server:Server');
    if (!hcloud.Provider.isInstance(account))
      throw new Error(`${name}: a HetznerServer needs an explicit hcloud provider`);
    return new ServerReady(
      name,
      {
        cloud: 'hetzner',
        serverId: server.id,
        serverType: plan.serverType,
        host: plan.name,
        token: account.token.apply((token) => token ?? ''),
        endpoint: account.endpoint,
      },
      { parent: this },
    );
  }

  /** Routers keep their address when their server is replaced: peers' firewalls and our own notes name it. */
  private ownAddress(name: string, { plan, location, policy, protect }: HetznerServerArgs): hcloud.PrimaryIp {
    return new hcloud.PrimaryIp(
      name,
      {
        // With the location: an address cannot move, so another one is made before the server lets go of this.
        name: `${plan.name}-${location}`,
        type: 'ipv4',
        location,
        // No assigneeType: plugins since 1.40 read "unassigned" from the cloud, and would plan an update after every create.
        autoDelete: false,
        labels: labels(plan.site, plan.kind),
      },
      { parent: this, protect, dependsOn: policy },
    );
  }
}
