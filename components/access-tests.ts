import * as pulumi from '@pulumi/pulumi';
import type { PolicyPlan } from '../mesh/plan/types.ts';
import type { TailnetNode } from '../provider/resources/tailnet-node.ts';
import { TailnetTests } from '../provider/resources/tailnet-tests.ts';

export interface AccessTestsArgs {
  /** Which tailnet, as `tailnetHome` writes it. */
  tailnet: string;
  plan: PolicyPlan;
  /** Etag of the policy that is in force. */
  etag: pulumi.Input<string>;
  /** Everything that this stack brought into the tailnet. */
  nodes: readonly TailnetNode[];
}

/** Last of all: does the service give and deny what the plan says, now that the nodes are there? */
export class AccessTests extends pulumi.ComponentResource {
  constructor(name: string, { tailnet, plan, etag, nodes }: AccessTestsArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:index:AccessTests', name, {}, options);
    const tests = new TailnetTests(
      name,
      {
        tailnet,
        tests: plan.joined,
        ...(plan.joinedSsh.length > 0 && { logins: plan.joinedSsh }),
        reasons: plan.reasons,
        policy: etag,
        nodes: nodes.map(({ nodeId }) => nodeId),
      },
      { parent: this, dependsOn: [...nodes] },
    );
    this.registerOutputs({ tests: tests.urn });
  }
}
