import * as hcloud from '@pulumi/hcloud';
import type { CloudComponents } from '../cloud.ts';
import { HetznerProject } from './project.ts';
import { HetznerSite } from './site.ts';

/** Hetzner: an account is a project. */
export const hetzner: CloudComponents = {
  provider: { package: 'hcloud', make: (name, credential) => new hcloud.Provider(name, credential) },
  sites({ plan, name, sites, access, policy, protect, options }) {
    const network = plan.network.name;
    const { sshKey } = new HetznerProject(name, { network, publicKey: plan.ssh.publicKey, after: policy }, options);
    return new Map(
      sites.map((site) => {
        const args = { plan: site, network, access, sshKey, policy, protect };
        return [site.name, new HetznerSite(site.name, args, options).running];
      }),
    );
  },
};
