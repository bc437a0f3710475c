import type { AccessEntry, HostPlan, MeshPlan, SitePlan } from '../../mesh/plan/types.ts';
import { bold, columns, dim } from './style.ts';

/** The plan as an engineer reads it before a change: sites, hosts, who may talk to whom, what to know. */
export function renderPlan(plan: MeshPlan, stack: string): string {
  return [
    `${bold(`${plan.network.name}/${stack}`)}  supernet ${plan.network.supernet}, tailnet ${plan.tailnet.name}, ${count(plan.sites.length, 'site')}`,
    ...plan.sites.map(renderSite),
    bold('Who may talk to whom') + dim('  (everything else is denied)'),
    renderAccess(plan.policy.access),
    ...(plan.notes.length > 0 ? [bold('Worth knowing'), plan.notes.map((note) => `  - ${note}`).join('\n')] : []),
  ].join('\n\n');
}

function renderSite(site: SitePlan): string {
  const ssh = plural(site.firewalls.hosts.flatMap((rule) => (rule.port === '22' ? rule.sources : [])));
  return [
    `${bold(site.name)}  ${site.cloud} ${site.location}, ${site.cidr}, gateway ${site.gateway}, ssh from ${ssh}`,
    columns(
      ['host', 'kind', 'lan', 'server', 'tailnet', 'release'],
      [...site.routers, ...site.hosts].map((host) => [
        host.name,
        kind(host),
        host.lan,
        `${host.serverType}, ${host.image}`,
        member(host),
        release(host),
      ]),
    ),
  ].join('\n');
}

/** One row per permission, written intents first. */
export function renderAccess(access: readonly AccessEntry[]): string {
  return columns(
    ['from', 'to', 'ports', 'why'],
    access.map((entry) => [entry.from, entry.to, entry.ports.join(' '), entry.implicit ? dim(entry.why) : entry.why]),
  );
}

function kind(host: HostPlan): string {
  return host.kind === 'router' ? 'subnet router' : host.roles.join(' ') || 'host';
}

function member(host: HostPlan): string {
  if (host.node === undefined) return dim('no node');
  const advertises = host.node.advertises.length > 0 ? ` advertises ${host.node.advertises.join(' ')}` : '';
  return `${host.node.tags.join(' ')}${advertises}`;
}

function release(host: HostPlan): string {
  const { files, units, packages } = host.release;
  return [
    count(Object.keys(files).length, 'file'),
    count(Object.keys(units).length, 'unit'),
    ...Object.entries(packages).map(([name, version]) => `${name} ${version}`),
  ].join(', ');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function plural(values: readonly string[]): string {
  return [...new Set(values)].join(' ') || 'nowhere';
}
