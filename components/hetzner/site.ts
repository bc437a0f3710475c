import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { FirewallRulePlan, HostPlan, SitePlan } from '../../mesh/plan/types.ts';
import type { DeployAccess } from '../connection.ts';
import { MeshHost } from '../host.ts';
import { RouterPair, type RunningHost } from '../router-pair.ts';
import { numericId } from './ids.ts';
import { labels, selector } from './labels.ts';
import { HetznerServer } from './server.ts';

export interface HetznerSiteArgs {
  plan: SitePlan;
  /** Name of the network; the site's own names at the cloud begin with it. */
  network: string;
  access: DeployAccess;
  /** Id of the project's deploy key. */
  sshKey: pulumi.Input<string>;
  /** The tailnet policy: nothing is bought before it stands. */
  policy: pulumi.Resource[];
  /** true in production: servers, addresses and the network cannot be deleted. @default false */
  protect?: boolean;
}

/** One site at Hetzner: its LAN, its firewalls, its pair of subnet routers and its LAN hosts. */
export class HetznerSite extends pulumi.ComponentResource {
  /** Every host of the site, routers first. */
  readonly running: RunningHost[];

  constructor(name: string, args: HetznerSiteArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:hetzner:Site', name, {}, options);
    const { plan, policy } = args;
    const subnet = this.lan(name, args);
    const spread = new hcloud.PlacementGroup(
      name,
      { name: `${args.network}-${name}`, type: 'spread', labels: labels(name) },
      { parent: this, deleteBeforeReplace: true, dependsOn: policy },
    );
    const walls = { router: this.firewall(name, 'router', args), host: this.firewall(name, 'host', args) };
    const provision = (host: HostPlan, own: { parent: pulumi.Resource; after: pulumi.Resource[] }): HetznerServer =>
      new HetznerServer(
        host.name,
        {
          plan: host,
          location: plan.location,
          access: args.access,
          sshKey: args.sshKey,
          subnet,
          // Routers of a pair on one piece of hardware would fail together.
          ...(host.kind === 'router' && { placementGroup: spread }),
          policy,
          // A firewall finds servers by label; one that came later would leave a new server open for a moment.
          after: [walls[host.kind], ...own.after],
          protect: args.protect ?? false,
        },
        { parent: own.parent },
      );
    const pair = new RouterPair(
      name,
      { routers: plan.routers, provision, access: args.access, tailnet: policy },
      { parent: this },
    );
    const hosts = plan.hosts.map((host): RunningHost => {
      const server = provision(host, { parent: this, after: [] });
      return {
        plan: host,
        server,
        host: new MeshHost(host.name, { plan: host, server, access: args.access, tailnet: policy }, { parent: this }),
      };
    });
    this.running = [...pair.running, ...hosts];
    this.registerOutputs({ cidr: plan.cidr, hosts: this.running.map(({ plan: { name: host } }) => host) });
  }

  /** The cloud network spans the supernet, so that DHCP sends all of it to the gateway; the subnet is the site's prefix. */
  private lan(name: string, { plan, network, policy, protect }: HetznerSiteArgs): hcloud.NetworkSubnet {
    const cloudNetwork = new hcloud.Network(
      name,
      { name: `${network}-${name}`, ipRange: plan.supernet, labels: labels(name) },
      { parent: this, protect: protect ?? false, deleteBeforeReplace: true, dependsOn: policy },
    );
    return new hcloud.NetworkSubnet(
      name,
      { networkId: numericId(cloudNetwork.id), type: 'cloud', networkZone: plan.networkZone, ipRange: plan.cidr },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private firewall(name: string, kind: 'router' | 'host', { plan, network, policy }: HetznerSiteArgs): hcloud.Firewall {
    const rules = kind === 'router' ? plan.firewalls.routers : plan.firewalls.hosts;
    return new hcloud.Firewall(
      `${name}-${kind}s`,
      {
        name: `${network}-${name}-${kind}s`,
        labels: labels(name),
        applyTos: [{ labelSelector: selector(name, kind) }],
        rules: rules.map(inbound),
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: policy },
    );
  }
}

const inbound = ({ description, protocol, port, sources }: FirewallRulePlan) => ({
  direction: 'in',
  description,
  protocol,
  ...(port !== undefined && { port }),
  sourceIps: sources,
});
