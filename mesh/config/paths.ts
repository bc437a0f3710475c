import { clouds, type CloudName } from './clouds.ts';

/**
 * Who can reach whom is a matter of the pair, not of the site. A party is what stands at one end of a connection:
 * a person's device and a member are nodes of the tailnet, a LAN host is reached through its site's router.
 */
export type Party =
  | { kind: 'person' }
  | { kind: 'member'; name: string; site: string }
  | { kind: 'lan'; name: string; site: string; cloud: CloudName };

export type Verdict = { possible: true } | { possible: false; why: string };

/** May `from` open a connection to `to`, as far as networks are concerned? Permission is another question. */
export function path(from: Party, to: Exclude<Party, { kind: 'person' }>): Verdict {
  if (from.kind === 'lan') {
    const { lanInitiates } = clouds[from.cloud];
    return { possible: false, why: `${from.name} cannot open connections into the mesh: ${lanInitiates.why}` };
  }
  if (to.kind === 'lan' && from.kind === 'member' && from.site === to.site) {
    return {
      possible: false,
      why: `${from.name} and ${to.name} stand on the LAN of ${to.site}, which the mesh neither carries nor restricts`,
    };
  }
  return { possible: true };
}
