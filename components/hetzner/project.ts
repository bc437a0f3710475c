import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { labels, type Owner } from './labels.ts';

export interface HetznerProjectArgs {
  /** The cloud's names in this project begin with its network. */
  owner: Owner;
  /** OpenSSH public key of the deploying side. */
  publicKey: string;
  /** What must exist before money is spent: the tailnet policy. */
  after: pulumi.Resource[];
}

/**
 * What one Hetzner project holds once, however many sites are in it: the deploy key. Hetzner refuses the same key twice,
 * and mails a root password for servers that are made without one.
 */
export class HetznerProject extends pulumi.ComponentResource {
  /** Id of the deploy key, as servers take it. */
  readonly sshKey: pulumi.Output<string>;

  constructor(name: string, { owner, publicKey, after }: HetznerProjectArgs, options: pulumi.ComponentResourceOptions) {
    super('site-mesh:hetzner:Project', name, {}, options);
    const key = new hcloud.SshKey(
      name,
      { name: `${owner.network}-deploy`, publicKey, labels: labels(owner, 'deploy-key') },
      // The name is unique; created first, its successor would be refused.
      { parent: this, deleteBeforeReplace: true, dependsOn: after },
    );
    this.sshKey = key.id;
    this.registerOutputs({ sshKey: this.sshKey });
  }
}
