import type { Policy } from './types.ts';

/** What a policy lets people and tags do to the tailnet itself: each of it can become access later. */
export interface Powers {
  gains: string[];
  losses: string[];
}

/**
 * Who may give which tag, and advertise what without approval, in one policy and not in the other; sentences, sorted.
 * @param deployer the tag of a credential that may do all of it anyway, and is not told
 */
export function comparePowers(before: Policy, after: Policy, deployer?: string): Powers {
  const [olds, news] = [powers(before, deployer), powers(after, deployer)];
  return {
    gains: [...news]
      .filter(([key]) => !olds.has(key))
      .map(([, told]) => told('now may'))
      .sort(),
    losses: [...olds]
      .filter(([key]) => !news.has(key))
      .map(([, told]) => told('no longer may'))
      .sort(),
  };
}

type Told = (may: string) => string;

function powers({ tagOwners, approvers }: Policy, deployer: string | undefined): Map<string, Told> {
  const all = new Map<string, Told>();
  for (const [tag, owners] of tagOwners)
    for (const owner of owners.length === 0 ? ['autogroup:admin'] : owners)
      if (owner !== deployer) all.set(`give ${tag} ${owner}`, (may) => `${owner} ${may} give ${tag} to a node`);
  for (const [what, who] of approvers)
    for (const approver of who)
      all.set(
        `advertise ${what} ${approver}`,
        (may) => `${approver} ${may} ${what === 'exitNode' ? 'be an exit node' : `advertise ${what}`} without approval`,
      );
  return all;
}
