import * as pulumi from '@pulumi/pulumi';
import * as tailscale from '@pulumi/tailscale';
import type { PolicyPlan, SharedPolicyPlan } from '../mesh/plan/types.ts';
import { SharedPolicy } from '../provider/resources/shared-policy.ts';
import { TailnetPolicy } from '../provider/resources/tailnet-policy.ts';

/** The tailnet itself: its policy, and the few settings that the mesh relies on. Other settings stay as they are. */
export class Tailnet extends pulumi.ComponentResource {
  /** Everything that joins or costs money waits for it: a refused policy stops the run before anything is made. */
  readonly policy: TailnetPolicy | SharedPolicy;

  constructor(
    name: string,
    { home, policy, protect }: { home: string; policy: PolicyPlan; protect: boolean },
    options: pulumi.ComponentResourceOptions,
  ) {
    super('site-mesh:index:Tailnet', name, {}, options);
    if (policy.shared?.pushes === false) {
      this.policy = sharedPolicy(name, home, policy, policy.shared, this);
      this.registerOutputs({ etag: this.policy.etag });
      return;
    }
    const { text, lifelines, takeOver } = policy;
    const access = [...policy.access, ...(policy.shared?.others ?? [])];
    // A delete leaves the tailnet as it is; but nobody would push what the config says from then on.
    this.policy = new TailnetPolicy(
      name,
      { tailnet: home, text, access, lifelines, takeOver },
      { parent: this, protect },
    );
    // The official plugin does not notice that its credential has become another tailnet's.
    const made = { parent: this, dependsOn: [this.policy], replacementTrigger: home, deleteBeforeReplace: true };
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
      made,
    );
    new tailscale.DnsPreferences(name, { magicDns: true }, made);
    this.registerOutputs({ etag: this.policy.etag });
  }
}

/** Another stack's: settings are that one's too. */
function sharedPolicy(
  name: string,
  tailnet: string,
  { text, ownerTag }: PolicyPlan,
  { owner, ownerLine, tags, routes }: SharedPolicyPlan,
  parent: pulumi.Resource,
): SharedPolicy {
  const [mark = ''] = text.split('\n', 1);
  return new SharedPolicy(name, { tailnet, owner, ownerLine, mark, tag: ownerTag, tags, routes }, { parent });
}
