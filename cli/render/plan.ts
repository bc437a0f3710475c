import type { AccessEntry, HostPlan, MeshPlan, SitePlan } from '../../mesh/plan/types.ts';
import { bold, columns, dim, yellow } from './style.ts';

/** The plan as an engineer reads it before a change: sites, hosts, packet sizes, who may talk to whom, what to know. */
export function renderPlan(plan: MeshPlan, stack: string): string {
  const { ended } = plan.expiry;
  const notes = plan.notes.filter((note) => !ended.includes(note));
  return [
    `${bold(`${plan.network.name}/${stack}`)}  supernet ${prefixes(plan.network.supernet, plan.network.supernet6)}, tailnet ${tailnet(plan)}, ${count(plan.sites.length, 'site')}`,
    ...(ended.length > 0 ? [yellow(bold('No longer permitted')), lines(ended.map(yellow))] : []),
    ...plan.sites.map(renderSite),
    ...(plan.tools.length > 0 ? [renderTools(plan)] : []),
    bold('Who may talk to whom') + dim('  (everything else is denied)'),
    renderAccess(plan.policy.access),
    ...(notes.length > 0 ? [bold('Worth knowing'), lines(notes)] : []),
  ].join('\n\n');
}

const lines = (all: readonly string[]): string => all.map((one) => `  - ${one}`).join('\n');

/** Both families where there are two. */
const prefixes = (one: string, six: string | undefined): string => (six === undefined ? one : `${one} ${six}`);

const tailnet = ({ tailnet: { name, loginServer } }: MeshPlan): string =>
  loginServer === undefined ? name : `${name} at ${loginServer}`;

const LANS: Record<SitePlan['lan'], string> = {
  layer2: 'switched LAN',
  layer3: 'cloud network, layer 3',
  routed: 'routed LAN',
  vpc: 'VPC, addresses assigned by the cloud',
};

/** Name, cloud, location, and the account where it is not the default one. */
export function siteTitle({
  name,
  cloud,
  location,
  account,
}: Pick<SitePlan, 'name' | 'cloud' | 'location' | 'account'>): string {
  const where = [cloud, location, account === undefined || account === 'default' ? undefined : `account ${account}`];
  return `${bold(name)}  ${where.filter((part) => part !== undefined).join(' ')}`;
}

function renderSite(site: SitePlan): string {
  const { cidr, cidr6, gateway, mtu } = site;
  const ssh = Object.values(site.firewalls)[0]?.find(({ port }) => port === '22')?.sources;
  const lan = [LANS[site.lan], gateway === undefined ? 'no gateway known' : `gateway ${gateway}`];
  const packets = `public ${mtu.public}, LAN ${mtu.lan ?? 'as the hosts have it'}, tunnel ${mtu.tunnel}`;
  const clamp = site.routers.length === 0 ? '' : `; TCP clamped to MSS ${mtu.mss.ipv4} (IPv6 ${mtu.mss.ipv6})`;
  const facts = [
    ['lan', `${prefixes(cidr, cidr6)}, ${lan.join(', ')}`],
    ['mtu', `${packets}${clamp}`],
    ...(site.routers.length === 0 ? [] : [['snat', `${site.snat.on ? 'on' : 'off'}: ${site.snat.why}`]]),
    ...(site.routes.length === 0 ? [] : [['routes', renderRoutes(site)]]),
    ...(ssh === undefined ? [] : [['ssh', `from ${ssh.join(' ')}`]]),
  ];
  return [
    siteTitle(site),
    columns(
      [],
      facts.map(([key = '', fact = '']) => [dim(key), fact]),
    ),
    columns(
      ['host', 'kind', 'lan', 'machine', 'tailnet', 'release'],
      [...site.routers, ...site.hosts].map((host) => [
        host.name,
        kind(host),
        prefixes(host.lan ?? dim('assigned'), host.lan6),
        machine(host),
        member(host),
        release(host),
      ]),
    ),
  ].join('\n');
}

const renderRoutes = ({ routes }: SitePlan): string =>
  `${routes.map(({ destination }) => destination).join(' ')} → ${routes[0]?.gateway ?? ''}`;

/** What joins and is no host. */
const renderTools = ({ tools }: MeshPlan): string =>
  [
    bold('Tools') + dim('  (none of the hosts; each joins with its tag)'),
    columns(
      ['tool', 'tailnet', 'why'],
      tools.map(({ name, tag, why }) => [name, tag, why]),
    ),
  ].join('\n');

/** One row per source and reason, its hosts together; written intents first. */
export function renderAccess(access: readonly AccessEntry[]): string {
  const rows = new Map<string, { entry: AccessEntry; hosts: string[] }>();
  for (const entry of access) {
    const key = JSON.stringify([entry.from, entry.ports, entry.why, entry.ssh, entry.until]);
    const row = rows.get(key) ?? { entry, hosts: [] };
    row.hosts.push(entry.to);
    rows.set(key, row);
  }
  return columns(
    ['from', 'to', 'ports', 'why'],
    [...rows.values()].map(({ entry, hosts }) => [
      entry.from,
      wrapped(hosts),
      [...entry.ports, ...logins(entry)].join(' '),
      entry.implicit ? dim(entry.why) : reason(entry),
    ]),
  );
}

/** `(ssh as ops, check 12h)` */
function logins({ ssh }: AccessEntry): string[] {
  if (ssh === undefined) return [];
  return [`(ssh as ${ssh.users.join(' ')}${ssh.check === undefined ? '' : `, check ${ssh.check}`})`];
}

const reason = ({ why, until }: AccessEntry): string => (until === undefined ? why : `${why} ${dim(`until ${until}`)}`);

/** Names in lines of a few, so that a role with many hosts stays a column. */
function wrapped(names: readonly string[], perLine = 3): string {
  const lines = Array.from({ length: Math.ceil(names.length / perLine) }, (_, line) =>
    names.slice(line * perLine, (line + 1) * perLine).join(' '),
  );
  return lines.join('\n');
}

function kind(host: HostPlan): string {
  const roles = host.roles.join(' ');
  if (host.kind === 'router') return ['subnet router', roles].filter(Boolean).join(', ');
  return [host.kind === 'member' ? 'member' : 'LAN host', roles].filter(Boolean).join(', ');
}

function machine({ server, ssh }: HostPlan): string {
  if (server !== undefined) return `${server.type}, ${server.image}`;
  return ssh === undefined
    ? dim('not logged in to')
    : `${ssh.user}@${ssh.host}${ssh.port === 22 ? '' : `:${ssh.port}`}`;
}

function member(host: HostPlan): string {
  if (host.node === undefined) return dim('no node');
  const advertises = host.node.advertises.length > 0 ? ` advertises ${host.node.advertises.join(' ')}` : '';
  return `${host.node.tags.join(' ')}${advertises}${host.node.ssh ? ' answers SSH' : ''}`;
}

function release({ managed, commands }: HostPlan): string {
  if (managed === undefined) return dim('none');
  const { files, units, packages } = managed.release;
  return [
    count(Object.keys(files).length, 'file'),
    count(Object.keys(units).length, 'unit'),
    ...Object.entries(packages).map(([name, version]) => `${name} ${version}`),
    ...(commands.length === 0 ? [] : [count(commands.length, 'command')]),
  ].join(', ');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
