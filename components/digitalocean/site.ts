import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { FirewallRulePlan, HostKind, HostPlan, SitePlan } from '../../mesh/plan/types.ts';
import type { DeployAccess } from '../connection.ts';
import type { RunningHost } from '../router-pair.ts';
import { siteHosts } from '../site-hosts.ts';
import type { DigitalOceanAccount } from './account.ts';
import { DigitalOceanDroplet } from './droplet.ts';

/** Marks our droplets. Like the other `key:value` tags no resource: of the whole account, made by the first droplet that carries it. */
const MANAGED_TAG = 'managed-by:site-mesh';

export interface DigitalOceanSiteArgs {
  plan: SitePlan;
  /** `network-stack`; the site's own names at the cloud begin with it. */
  scope: string;
  /** Tags that say whose the droplets are: `owner:acme`, `env:prod`. */
  owned: string[];
  access: DeployAccess;
  account: DigitalOceanAccount;
  /** The tailnet policy: nothing is bought before it stands. */
  policy: pulumi.Resource[];
  /** true in production: droplets, addresses and the network cannot be deleted. @default false */
  protect?: boolean;
}

/** One site at DigitalOcean: its VPC, its firewalls by tag, its droplets. */
export class DigitalOceanSite extends pulumi.ComponentResource {
  /** Every host of the site, routers first. */
  readonly running: RunningHost[];
  /** What the account's project shows of it: its droplets. */
  readonly urns: pulumi.Output<string>[] = [];

  constructor(name: string, args: DigitalOceanSiteArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:digitalocean:Site', name, {}, options);
    const { plan, scope, owned, policy, account, access, protect = false } = args;
    const region = plan.location;
    if (region === undefined) throw new Error(`site ${name} has no location; parseConfig should have refused it`);
    const vpc = new digitalocean.Vpc(
      name,
      { name: `${scope}-${name}`, region, ipRange: plan.cidr, description: 'Made by site-mesh' },
      { parent: this, protect, deleteBeforeReplace: true, dependsOn: policy },
    );
    const walls = new Map(
      (Object.entries(plan.firewalls) as [HostKind, FirewallRulePlan[]][]).map(([kind, rules]) => [
        kind,
        this.wall(`${name}-${kind}s`, `${scope}-${name}-${kind}s`, rules, policy),
      ]),
    );
    const provision = (host: HostPlan, own: { parent: pulumi.Resource; after: pulumi.Resource[] }) => {
      const wall = walls.get(host.kind);
      if (wall === undefined) throw new Error(`site ${name} has no firewall for ${host.kind}s`);
      const droplet = new DigitalOceanDroplet(
        host.name,
        {
          plan: host,
          region,
          access,
          sshKey: account.sshKey,
          vpc: vpc.id,
          tags: [MANAGED_TAG, ...owned, `role:${host.kind}`, wall.tag.name],
          // A firewall finds droplets by tag; one that came later would leave a new droplet open for a moment.
          after: [...policy, wall.firewall, ...own.after],
          protect,
        },
        { parent: own.parent },
      );
      this.urns.push(...droplet.urns);
      return droplet;
    };
    this.running = siteHosts({ plan, access, policy, provision }, this);
    this.registerOutputs({ cidr: plan.cidr, hosts: this.running.map(({ plan: { name: host } }) => host) });
  }

  /** A tag and the firewall that finds droplets by it. The plugin never makes the tags of a firewall. */
  private wall(name: string, called: string, rules: FirewallRulePlan[], policy: pulumi.Resource[]) {
    const own = { parent: this, dependsOn: policy };
    const tag = new digitalocean.Tag(name, { name: called }, { ...own, deleteBeforeReplace: true });
    const everywhere = ['0.0.0.0/0', '::/0'];
    const firewall = new digitalocean.Firewall(
      name,
      {
        name: called,
        tags: [tag.name],
        inboundRules: rules.map(({ protocol, port, sources }) => ({
          protocol,
          ...(port !== undefined && { portRange: port }),
          sourceAddresses: sources,
        })),
        // Without outbound rules DigitalOcean lets nothing out. "all", because it answers 1-65535 as that, and the plugin sees a change.
        outboundRules: [
          { protocol: 'tcp', portRange: 'all', destinationAddresses: everywhere },
          { protocol: 'udp', portRange: 'all', destinationAddresses: everywhere },
          { protocol: 'icmp', destinationAddresses: everywhere },
        ],
      },
      { ...own, deleteBeforeReplace: true },
    );
    return { tag, firewall };
  }
}
