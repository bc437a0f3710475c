import * as pulumi from '@pulumi/pulumi';
import * as tailscale from '@pulumi/tailscale';
import type { PolicyPlan } from '../mesh/plan/types.ts';
import { TailnetPolicy } from '../provider/resources/tailnet-policy.ts';

/** The tailnet itself: its policy, and the few settings that the mesh relies on. Other settings stay as they are. */
export class Tailnet extends pulumi.ComponentResource {
  /** Everything that joins or costs money waits for it: a refused policy stops the run before anything is made. */
  readonly policy: TailnetPolicy;

  constructor(name: string, { policy }: { policy: PolicyPlan }, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:index:Tailnet', name, {}, options);
    const { text, access, lifelines, takeOver } = policy;
    this.policy = new TailnetPolicy(name, { text, access, lifelines, takeOver }, { parent: this });
    new tailscale.TailnetSettings(
      name,
      {
        // The console's editor would only make texts that the next push refuses to overwrite.
        aclsExternallyManagedOn: true,
        // Both routers of a pair could restart at once; versions are pinned and go through releases.
        devicesAutoUpdatesOn: false,
        // Regional routing elects a primary per region; the mesh counts on one per prefix, the elder of the pair.
        regionalRoutingOn: false,
      },
      { parent: this, dependsOn: [this.policy] },
    );
    new tailscale.DnsPreferences(name, { magicDns: true }, { parent: this, dependsOn: [this.policy] });
    this.registerOutputs({ etag: this.policy.etag });
  }
}
