import type { HostStatus, PathStatus, Remark, SiteStatus, StatusReport } from '../status/types.ts';
import { bold, columns, dim, green, red } from './style.ts';

/** One screen: what is wrong and what to do, then all hosts. */
export function renderStatus(report: StatusReport): string {
  const { network, stack, tailnet, at, problems, notes, sites } = report;
  const count = problems.length;
  const verdict = count === 0 ? green('all well') : red(`${count} ${count === 1 ? 'problem' : 'problems'}`);
  return [
    `${bold(`${network}/${stack}`)}  tailnet ${tailnet.name}  ${verdict}  ${dim(at.replace(/\.\d+Z$/, 'Z'))}`,
    ...(count === 0 ? [] : ['', ...problems.flatMap(remarkLines)]),
    '',
    ...siteLines(sites),
    '',
    ...pathLine(report.paths),
    ...(report.people === 0 ? [] : [dim(`${report.people} devices of people are not shown.`)]),
    ...notes.map(({ text, next }) => `${dim('note:')} ${text} ${dim(`(${next})`)}`),
  ]
    .join('\n')
    .trimEnd();
}

const remarkLines = ({ text, next }: Remark): string[] => [`${red('✗')} ${text}`, `    ${dim('→')} ${next}`];

/** One table, so that columns stand under each other; the line of each site before its hosts. */
function siteLines(sites: readonly SiteStatus[]): string[] {
  const rows = sites.flatMap((site) => site.hosts.map((host) => row(host, site)));
  const table = columns(['host', 'device', 'routes', 'release', 'tailscale', 'tool', 'public'], rows);
  const [head = '', ...lines] = table.split('\n');
  return [head, ...sites.flatMap((site) => [siteHead(site), ...lines.splice(0, site.hosts.length)])];
}

function siteHead(site: SiteStatus): string {
  const carried = site.prefixes.map(({ prefix, primary, claims }) => {
    const who = primary === null ? red(claims.length > 1 ? claims.join(' AND ') : 'nobody') : bold(primary);
    return `${prefix} carried by ${who}`;
  });
  const vip = site.vip === null ? [] : [`${site.vip.address} ${holders(site.vip)}`];
  return [bold(site.name), ...carried, ...vip].join(dim(' · '));
}

const holders = ({ holders: by, agents }: NonNullable<SiteStatus['vip']>): string =>
  agents ? `held by ${by.length === 0 ? red('nobody') : by.join(' AND ')}` : dim('no agent');

function row(host: HostStatus, site: SiteStatus): string[] {
  return [
    host.name,
    deviceCell(host),
    routesCell(host, site),
    releaseCell(host),
    host.versions.tailscale ?? '',
    host.versions.tool?.slice(0, 8) ?? '',
    host.address ?? dim('none'),
  ];
}

function deviceCell({ kind, device, node, address }: HostStatus): string {
  if (kind === 'host') return dim('LAN host');
  if (address === null && device === null) return dim('none');
  if (device === null) return red(node?.state ?? 'unknown');
  const online = device.online ?? node?.online ?? null;
  if (online === null) return dim('unknown');
  return online ? green('online') : red('offline');
}

function routesCell({ name, routes }: HostStatus, { prefixes }: SiteStatus): string {
  if (routes === null) return '';
  if (routes.drained === true) return red('drained');
  const { wanted, advertised, approved } = routes;
  if (advertised === null) return dim('unknown');
  if (!wanted.every((route) => advertised.includes(route))) return red('not advertised');
  if (approved !== null && !wanted.every((route) => approved.includes(route))) return red('not approved');
  if (prefixes.some(({ claims }) => claims.includes(name))) return green('primary');
  return prefixes.some(({ primary }) => primary !== null) ? 'standby' : 'advertised';
}

function releaseCell({ managed, reached, release }: HostStatus): string {
  if (!managed) return dim('not ours');
  if (reached === null) return dim('none');
  if (!reached) return red('no answer');
  if (release === null) return red('unknown');
  if (release.pendingRevert) return red('reverting');
  if (release.active === null) return red('none');
  if (release.drift.length > 0) return red('drifted');
  if (release.active !== release.recorded) return red('another');
  return release.planned === release.active ? green('as planned') : 'not applied';
}

function pathLine(paths: readonly PathStatus[]): string[] {
  if (paths.length === 0) return [];
  const count = (kind: PathStatus['class']): number => paths.filter((path) => path.class === kind).length;
  const kinds = [
    ['direct', count('direct')],
    ['over a peer relay', count('peer-relay')],
    ['relayed', count('relay')],
    ['idle', count('idle')],
  ] as const;
  const told = kinds.filter(([, number]) => number > 0).map(([kind, number]) => `${number} ${kind}`);
  return [`Paths between members, each way: ${told.join(', ')}.`];
}
