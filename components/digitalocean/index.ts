import { Provider } from '@pulumi/digitalocean';
import type { CloudComponents } from '../cloud.ts';
import { DigitalOceanAccount } from './account.ts';
import { DigitalOceanSite } from './site.ts';

const API = 'https://api.digitalocean.com';

/** DigitalOcean: an account is a team. Several stacks may share one, so names begin with network and stack. */
export const digitalocean: CloudComponents = {
  provider: {
    package: 'digitalocean',
    // The address is always said: the SDK would else take DIGITALOCEAN_API_URL, and send the token there.
    make: (name, { token, endpoint }) => new Provider(name, { token, apiEndpoint: endpoint ?? API }),
  },
  sites({ plan, stack, name, sites, access, policy, protect, options }) {
    const owner = plan.network.name;
    const scope = `${owner}-${stack}`;
    const environment = protect ? 'Production' : 'Staging';
    const common = { scope, publicKey: plan.ssh.publicKey, environment, after: policy } as const;
    const account = new DigitalOceanAccount(name, common, options);
    const made = sites.map((site) => {
      const args = { plan: site, scope, owned: [`owner:${owner}`, `env:${stack}`], access, account, policy, protect };
      return new DigitalOceanSite(site.name, args, options);
    });
    account.hold(
      name,
      made.flatMap(({ urns }) => urns),
    );
    return new Map(sites.map((site, index) => [site.name, made[index]?.running ?? []]));
  },
};
