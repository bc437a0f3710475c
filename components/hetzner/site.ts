import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { FirewallRulePlan, HostKind, HostPlan, SitePlan } from '../../mesh/plan/types.ts';
import type { DeployAccess } from '../connection.ts';
import type { RunningHost } from '../router-pair.ts';
import { siteHosts } from '../site-hosts.ts';
import { numericId } from './ids.ts';
import { cloudNetworkName } from '../../mesh/plan/way.ts';
import { labels, selector, type Owner } from './labels.ts';
import { HetznerServer } from './server.ts';

export interface HetznerSiteArgs {
  plan: SitePlan;
  /** The site's own names at the cloud begin with its network. */
  owner: Owner;
  access: DeployAccess;
  /** Id of the project's deploy key. */
  sshKey: pulumi.Input<string>;
  /** The tailnet policy: nothing is bought before it stands. */
  policy: pulumi.Resource[];
  /** true in production: servers, addresses, the network and its subnet cannot be deleted. @default false */
  protect?: boolean;
}

/** One site at Hetzner: its LAN, its firewalls, its pair of subnet routers and its other hosts. */
export class HetznerSite extends pulumi.ComponentResource {
  /** Every host of the site, routers first. */
  readonly running: RunningHost[];

  constructor(name: string, args: HetznerSiteArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:hetzner:Site', name, {}, options);
    const { plan, owner, policy, access, sshKey, protect = false } = args;
    const { location } = plan;
    if (location === undefined) throw new Error(`site ${name} has no location; parseConfig should have refused it`);
    const subnet = this.lan(name, args);
    const spread = new hcloud.PlacementGroup(
      name,
      { name: `${owner.network}-${name}`, type: 'spread', labels: labels(owner, 'placement', name) },
      { parent: this, deleteBeforeReplace: true, dependsOn: policy },
    );
    const walls = new Map(
      (Object.entries(plan.firewalls) as [HostKind, FirewallRulePlan[]][]).map(([kind, rules]) => [
        kind,
        this.firewall(name, kind, rules, args),
      ]),
    );
    const provision = (host: HostPlan, own: { parent: pulumi.Resource; after: pulumi.Resource[] }): HetznerServer => {
      const wall = walls.get(host.kind);
      if (wall === undefined) throw new Error(`site ${name} has no firewall for ${host.kind}s`);
      // Routers of a pair on one piece of hardware would fail together.
      const placed = host.kind === 'router' && { placementGroup: spread };
      // A firewall finds servers by label; one that came later would leave a new server open for a moment.
      const after = [wall, ...own.after];
      return new HetznerServer(
        host.name,
        { plan: host, owner, location, access, sshKey, subnet, ...placed, policy, after, protect },
        { parent: own.parent },
      );
    };
    this.running = siteHosts({ plan, access, policy, provision }, this);
    this.registerOutputs({ cidr: plan.cidr, hosts: this.running.map(({ plan: { name: host } }) => host) });
  }

  /**
   * The cloud network spans the supernet, so that DHCP sends all of it to the gateway; the subnet is the site's prefix. With SNAT off
   * the gateway forwards other sites' prefixes to the address that the active router holds.
   */
  private lan(name: string, { plan, owner, policy, protect }: HetznerSiteArgs): hcloud.NetworkSubnet {
    const { networkZone } = plan;
    if (networkZone === undefined) throw new Error(`site ${name} has no network zone; the plan should have one`);
    const cloudNetwork = new hcloud.Network(
      name,
      { name: cloudNetworkName(owner.network, name), ipRange: plan.supernet, labels: labels(owner, 'network', name) },
      { parent: this, protect: protect ?? false, deleteBeforeReplace: true, dependsOn: policy },
    );
    const networkId = numericId(cloudNetwork.id);
    const subnet = new hcloud.NetworkSubnet(
      name,
      { networkId, type: 'cloud', networkZone, ipRange: plan.cidr },
      // Another range would take all servers of the site off their LAN until it is there.
      { parent: this, protect: protect ?? false, deleteBeforeReplace: true },
    );
    for (const { site, destination, gateway } of plan.routes)
      new hcloud.NetworkRoute(
        `${name}-to-${site}`,
        { networkId, destination, gateway },
        // Every change of it replaces, and the old and the new prefix of a site that grows may not stand side by side.
        { parent: this, deleteBeforeReplace: true, dependsOn: subnet },
      );
    return subnet;
  }

  private firewall(
    name: string,
    kind: HostKind,
    rules: FirewallRulePlan[],
    { owner, policy }: HetznerSiteArgs,
  ): hcloud.Firewall {
    return new hcloud.Firewall(
      `${name}-${kind}s`,
      {
        name: `${owner.network}-${name}-${kind}s`,
        labels: labels(owner, kind, name),
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
