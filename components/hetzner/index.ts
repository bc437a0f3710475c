import * as hcloud from '@pulumi/hcloud';
import type { CloudComponents } from '../cloud.ts';
import { HetznerProject } from './project.ts';
import { HetznerSite } from './site.ts';

/** Hetzner: an account is a project. */
export const hetzner: CloudComponents = {
  provider: { package: 'hcloud', make: (name, credential) => new hcloud.Provider(name, credential) },
  sites({ plan, stack, name, sites, access, policy, protect, options }) {
    const owner = { network: plan.network.name, stack };
    const { sshKey } = new HetznerProject(name, { owner, publicKey: plan.ssh.publicKey, after: policy }, options);
    return new Map(
      sites.map((site) => {
        const args = { plan: site, owner, access, sshKey, policy, protect };
        return [site.name, new HetznerSite(site.name, args, options).running];
      }),
    );
  },
};
