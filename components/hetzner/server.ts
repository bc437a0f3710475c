import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { HETZNER_TOKEN } from '../../mesh/host/agent.ts';
import type { HostPlan } from '../../mesh/plan/types.ts';
import { ServerReady } from '../../provider/resources/server-ready.ts';
import { bootstrapUserData } from '../bootstrap.ts';
import type { DeployAccess, SshTarget } from '../connection.ts';
import { drainBefore } from '../drain.ts';
import type { HostMachine } from '../host.ts';
import { renamed } from '../renamed.ts';
import { numericId } from './ids.ts';
import { hostLabels, type Owner } from './labels.ts';

export interface HetznerServerArgs {
  plan: HostPlan;
  owner: Owner;
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
export class HetznerServer extends pulumi.ComponentResource implements HostMachine {
  readonly id: pulumi.Output<string>;
  readonly target: SshTarget;
  readonly hostKey: pulumi.Output<string>;
  readonly lan: string;
  readonly provisioned = true;
  readonly generation: pulumi.Output<number>;
  readonly credentials?: Record<string, pulumi.Input<string>>;
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: HetznerServerArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:hetzner:Server', name, {}, { ...options, ...renamed(args.plan) });
    const { plan, protect } = args;
    const { server: bought, lan } = plan;
    if (bought === undefined || lan === undefined)
      throw new Error(`${plan.name} has no server type or no lan; the plan should have both`);
    const tagged = hostLabels(args.owner, plan);
    const { hostKey, userData } = bootstrapUserData(
      name,
      { host: plan.name, fqdn: bought.fqdn, ssh: args.access.ssh },
      this,
    );
    const address = plan.kind === 'router' ? this.ownAddress(name, args) : undefined;
    const server = new hcloud.Server(
      name,
      {
        name: plan.name,
        serverType: bought.type,
        image: bought.image,
        ...(bought.backups && { backups: true }),
        location: args.location,
        labels: tagged,
        sshKeys: [args.sshKey],
        // One block with both families named, or the cloud adds an IPv6 address of its own.
        publicNets: [{ ipv4Enabled: true, ipv6Enabled: false, ...(address && { ipv4: numericId(address.id) }) }],
        ...(args.placementGroup && { placementGroupId: numericId(args.placementGroup.id) }),
        userData,
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
      { serverId: numericId(server.id), subnetId: args.subnet.id, ip: lan },
      // Alias IPs are the VIP, which its holder claims by itself: the program would give it back to whom it gave it last.
      { parent: this, deleteBeforeReplace: true, ignoreChanges: ['aliasIps'] },
    );
    const on = this.switchedOn(name, { host: plan.name, serverType: bought.type }, server);
    this.id = server.id;
    this.target = { address: address ? address.ipAddress : server.ipv4Address };
    this.hostKey = hostKey;
    this.lan = lan;
    this.generation = on.generation;
    // The project's own token, and no other: the agent moves the alias address with it.
    if (plan.managed?.spec.router?.way?.kind === 'hetzner') this.credentials = { [HETZNER_TOKEN]: this.token(name) };
    this.ready = [attachment, on];
    this.registerOutputs({ id: this.id, publicAddress: this.target.address });
  }

  /** Asks with the credential of the provider that made the server: one account has many, and a token sees one project. */
  private switchedOn(name: string, wanted: { host: string; serverType: string }, server: hcloud.Server): ServerReady {
    const account = this.account(name);
    return new ServerReady(
      name,
      {
        cloud: 'hetzner',
        serverId: server.id,
        ...wanted,
        token: this.token(name),
        endpoint: account.endpoint,
      },
      { parent: this },
    );
  }

  private account(name: string): hcloud.Provider {
    const account = this.getProvider('hcloud:index/server:Server');
    if (!hcloud.Provider.isInstance(account))
      throw new Error(`${name}: a HetznerServer needs an explicit hcloud provider`);
    return account;
  }

  private token(name: string): pulumi.Output<string> {
    return this.account(name).token.apply((token) => token ?? '');
  }

  /** Routers keep their address when their server is replaced: peers' firewalls and our own notes name it. */
  private ownAddress(name: string, { plan, owner, location, policy, protect }: HetznerServerArgs): hcloud.PrimaryIp {
    return new hcloud.PrimaryIp(
      name,
      {
        // With the location: an address cannot move, so another one is made before the server lets go of this.
        name: `${plan.name}-${location}`,
        type: 'ipv4',
        location,
        // No assigneeType: plugins since 1.40 read "unassigned" from the cloud, and would plan an update after every create.
        autoDelete: false,
        labels: hostLabels(owner, plan),
      },
      { parent: this, protect, dependsOn: policy },
    );
  }
}
