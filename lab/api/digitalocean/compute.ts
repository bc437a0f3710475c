import type { Compute, ServerView } from '../../types.ts';
import { Account, type DigitalOceanDeps } from './account.ts';
import type { DropletRecord } from './records.ts';

/** The droplets of all accounts, as the jump host and the hosts' driver see them. */
export function digitalOceanCompute(deps: DigitalOceanDeps): Compute {
  const accounts = deps.accounts.map(({ name }) => new Account(name, deps));
  const view = (account: Account, droplet: DropletRecord): ServerView => {
    // Also false while it reboots: the status stays "active" then.
    const running = droplet.power.after === 'active' && account.now >= droplet.power.at;
    const boot = account.boots.get(String(droplet.id));
    return {
      id: `digitalocean-${droplet.id}`,
      name: droplet.name,
      publicAddress: droplet.publicAddress,
      userData: boot?.userData ?? '',
      authorizedKeys: boot?.authorizedKeys ?? [],
      running,
      lanAddress: droplet.lan,
      ...(running ? { bootedAt: droplet.power.at } : {}),
    };
  };
  const droplets = (account: Account) => {
    account.sweep();
    return account.droplets.all();
  };
  return {
    all: () => accounts.flatMap((account) => droplets(account).map((droplet) => view(account, droplet))),
    byPublicAddress: (address) => {
      if (address === '') return undefined;
      for (const account of accounts) {
        const holder = account.reservedIps.get(address)?.droplet;
        const found = droplets(account).find((droplet) => droplet.publicAddress === address || droplet.id === holder);
        if (found !== undefined) return view(account, found);
      }
      return undefined;
    },
  };
}
