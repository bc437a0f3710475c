import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { HostPlan } from '../../mesh/plan/types.ts';
import { bootstrapUserData } from '../bootstrap.ts';
import type { DeployAccess, SshTarget } from '../connection.ts';
import { drainBefore } from '../drain.ts';
import type { HostMachine } from '../host.ts';
import { renamed } from '../renamed.ts';

export interface DigitalOceanDropletArgs {
  plan: HostPlan;
  region: string;
  access: DeployAccess;
  /** Fingerprint of the account's deploy key. */
  sshKey: pulumi.Input<string>;
  /** Id of the site's VPC. */
  vpc: pulumi.Input<string>;
  tags: pulumi.Input<string>[];
  /** The policy, the firewall, and the finished partner of a router. */
  after: pulumi.Resource[];
  /** true in production: Pulumi refuses to delete the droplet and its address. */
  protect: boolean;
}

/** One droplet in its site's VPC, reachable by SSH with a pinned key from its first boot on. Its LAN address is the cloud's choice. */
export class DigitalOceanDroplet extends pulumi.ComponentResource implements HostMachine {
  readonly id: pulumi.Output<string>;
  readonly target: SshTarget;
  readonly hostKey: pulumi.Output<string>;
  readonly lan: pulumi.Output<string>;
  readonly provisioned = true;
  /** The plugin switches a resized droplet on again by itself, so its size tells the restarts. */
  readonly generation: string;
  readonly ready: pulumi.Resource[];
  /** What a project can hold of it, by the names that the cloud gives. */
  readonly urns: pulumi.Output<string>[];

  constructor(name: string, args: DigitalOceanDropletArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:digitalocean:Droplet', name, {}, { ...options, ...renamed(args.plan) });
    const { plan, region, protect, access } = args;
    const { server } = plan;
    if (server === undefined) throw new Error(`${plan.name} has no server type; the plan should have one`);
    const { hostKey, userData } = bootstrapUserData(
      name,
      { host: plan.name, fqdn: server.fqdn, ssh: access.ssh },
      this,
    );
    const droplet = new digitalocean.Droplet(
      name,
      {
        name: plan.name,
        region,
        size: server.type,
        image: server.image,
        ...(server.backups && { backups: true }),
        vpcUuid: args.vpc,
        sshKeys: [args.sshKey],
        tags: args.tags,
        // A larger disk could never shrink again.
        resizeDisk: false,
        userData,
      },
      {
        parent: this,
        protect,
        // Names are not unique here, but a reserved address is held by one droplet only.
        deleteBeforeReplace: true,
        // All three replace a running droplet. They matter for the first boot only.
        ignoreChanges: ['userData', 'sshKeys', 'image'],
        dependsOn: args.after,
        ...(plan.kind === 'router' && { hooks: drainBefore(this, plan.name, access, ['size']) }),
      },
    );
    const address = plan.kind === 'router' ? this.reserved(name, args, droplet) : undefined;
    this.id = droplet.id;
    this.target = { address: address ? address.ipAddress : droplet.ipv4Address };
    this.hostKey = hostKey;
    this.generation = server.type;
    this.lan = droplet.ipv4AddressPrivate;
    this.ready = [droplet, ...(address ? [address] : [])];
    this.urns = [droplet.dropletUrn];
    this.registerOutputs({ id: this.id, publicAddress: this.target.address });
  }

  /** Routers keep their address when their droplet is replaced. */
  private reserved(
    name: string,
    { region, protect, after }: DigitalOceanDropletArgs,
    droplet: digitalocean.Droplet,
  ): digitalocean.ReservedIpAssignment {
    const address = new digitalocean.ReservedIp(name, { region }, { parent: this, protect, dependsOn: after });
    return new digitalocean.ReservedIpAssignment(
      name,
      { ipAddress: address.ipAddress, dropletId: droplet.id.apply(Number) },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}
