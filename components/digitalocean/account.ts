import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';

export interface DigitalOceanAccountArgs {
  /** `network-stack`; the account's names begin with it, so that two stacks can share an account. */
  scope: string;
  /** OpenSSH public key of the deploying side. */
  publicKey: string;
  /** `Production` or `Staging`: how the console shows the project. */
  environment: 'Production' | 'Staging';
  /** What must exist before money is spent: the tailnet policy. */
  after: pulumi.Resource[];
}

/**
 * What one DigitalOcean account holds once, however many sites are in it: the deploy key, and the project in
 * which the console shows them.
 */
export class DigitalOceanAccount extends pulumi.ComponentResource {
  /** Fingerprint of the deploy key, as droplets take it. */
  readonly sshKey: pulumi.Output<string>;
  readonly #project: digitalocean.Project;

  constructor(
    name: string,
    { scope, publicKey, environment, after }: DigitalOceanAccountArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super('site-mesh:digitalocean:Account', name, {}, options);
    const own = { parent: this, dependsOn: after };
    const key = new digitalocean.SshKey(
      name,
      { name: `${scope}-deploy`, publicKey },
      // The account takes the same key once only.
      { ...own, deleteBeforeReplace: true },
    );
    this.#project = new digitalocean.Project(
      name,
      { name: scope, description: 'Made by site-mesh', purpose: 'Operational / Developer tooling', environment },
      { ...own, deleteBeforeReplace: true },
    );
    this.sshKey = key.fingerprint;
    this.registerOutputs({ sshKey: this.sshKey });
  }

  /** Shows what the sites made inside the project. One resource for all: the project's list has one owner. */
  hold(name: string, urns: pulumi.Input<string>[]): void {
    new digitalocean.ProjectResources(name, { project: this.#project.id, resources: urns }, { parent: this });
  }
}
