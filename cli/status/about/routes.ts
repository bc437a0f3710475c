import { Remarker, type Remarks } from '../remarker.ts';
import type { Facts, HostStatus, PrefixStatus, SiteStatus } from '../types.ts';
import { said, type View } from '../view.ts';

/** Who carries which prefix, who could, and where the LAN's way back leads. */
export function aboutRoutes({ stack, lab, hosts }: View, { sites }: Facts): Remarks {
  const back = (site: SiteStatus): string =>
    `mesh failover ${site.name} --stack ${stack} --back${lab === undefined ? '' : ' --lab'}`;
  const seeing = new Set(hosts.filter(({ asked }) => said(asked)?.peers).map(({ plan }) => plan.name));
  const remarker = new Remarker();
  for (const site of sites) {
    for (const prefix of site.prefixes) carriers(remarker, { site, seeing, back: back(site) }, prefix);
    for (const host of site.hosts) advertising(remarker, back(site), site, host);
    wayBack(remarker, site);
  }
  withoutAgent(remarker, sites);
  return remarker;
}

interface Site {
  /** The command that ends a drain there. */
  back: string;
  site: SiteStatus;
  /** Hosts that told what they see of the tailnet. */
  seeing: ReadonlySet<string>;
}

function carriers(remarker: Remarker, { back, site, seeing }: Site, { prefix, primary, claims }: PrefixStatus): void {
  const routers = site.hosts.filter(({ kind }) => kind === 'router');
  // Before the first up there is nothing to carry it.
  if (primary !== null || routers.every(({ address }) => address === null)) return;
  const names = routers.map(({ name }) => name).join(' and ');
  if (claims.length > 1) {
    remarker.problem(
      'two-primaries',
      prefix,
      `${claims.join(' and ')} both take themselves for the one that carries ${prefix} (${site.name}): they do not see each other`,
      `the policy must let the routers of ${site.name} see each other: pulumi preview --refresh says whether it is ours`,
    );
  } else if (routers.some(({ name }) => seeing.has(name))) {
    remarker.problem(
      'no-primary',
      prefix,
      `nobody carries ${prefix} (${site.name}): its LAN cannot be reached from the mesh`,
      routers.some(({ routes }) => routes?.drained === true) ? back : `look below for what is wrong with ${names}`,
    );
  } else {
    remarker.problem(
      'primary-unknown',
      prefix,
      `who carries ${prefix} (${site.name}) is not known: neither ${names} nor a peer of them could say`,
      `look below for why ${names} did not say`,
    );
  }
}

function advertising(remarker: Remarker, back: string, site: SiteStatus, host: HostStatus): void {
  const { routes, name } = host;
  if (routes === null || host.address === null) return;
  const missing = (list: readonly string[] | null): string[] =>
    list === null ? [] : routes.wanted.filter((route) => !list.includes(route));
  const partner = site.prefixes.map(({ primary }) => primary).find((primary) => primary !== null && primary !== name);
  const alone = partner === undefined ? '' : `; ${partner} is alone`;
  const notAdvertised = missing(routes.advertised);
  const notApproved = missing(routes.approved).filter((route) => !notAdvertised.includes(route));
  if (routes.drained === true) {
    remarker.problem('drained', name, `${name} is drained and carries nothing${alone}`, back);
  } else if (notAdvertised.length > 0) {
    remarker.problem(
      'not-advertised',
      name,
      `${name} does not advertise ${notAdvertised.join(', ')}${alone}`,
      `${back}; if that does not help: pulumi up --refresh`,
    );
  }
  if (notApproved.length > 0) {
    remarker.problem(
      'not-approved',
      name,
      `${notApproved.join(', ')} of ${name} is advertised and not approved${alone}`,
      'autoApprovers approve a prefix once; what was disabled by hand stays so: enable it in the admin console (Machines, Edit route settings)',
    );
  }
  const strange = (routes.advertised ?? []).filter((route) => !routes.wanted.includes(route));
  if (strange.length > 0) {
    remarker.problem(
      'other-routes',
      name,
      `${name} advertises ${strange.join(', ')}, which the plan does not have`,
      `pulumi up, when the config was changed; else: ${back}`,
    );
  }
}

function wayBack(remarker: Remarker, { name, vip, prefixes }: SiteStatus): void {
  if (vip === null) return;
  const { address, holders, agents } = vip;
  const primary = prefixes[0]?.primary ?? null;
  if (!agents) return;
  if (holders.length !== 1 || (primary !== null && holders[0] !== primary)) {
    const who =
      holders.length === 0 ? 'nobody holds' : `${holders.join(' and ')} ${holders.length > 1 ? 'hold' : 'holds'}`;
    remarker.problem(
      'vip',
      name,
      `${who} ${address}, the way back of ${name}'s LAN, and ${primary ?? 'nobody'} carries its prefix`,
      'the agent moves it within seconds; if it stays so: journalctl -u site-mesh-agent on the routers',
    );
  }
}

function withoutAgent(remarker: Remarker, sites: readonly SiteStatus[]): void {
  const without = sites.filter(
    ({ vip, hosts }) => vip?.agents === false && hosts.some(({ reached }) => reached === true),
  );
  if (without.length === 0) return;
  const names = without.map(({ name, vip }) => `${name} (${vip?.address ?? ''})`).join(', ');
  remarker.note(
    'no-agent',
    without.map(({ name }) => name).join(', '),
    `who holds the LAN's way back is not known, for the routers have no agent: ${names}`,
    'ip addr on the routers shows it',
  );
}
