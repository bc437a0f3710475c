import type { HostOutput, Summary } from '../summary.ts';
import { renderAccess } from './plan.ts';
import { bold, columns, dim } from './style.ts';

/** The end of `try`: what exists, who may talk to whom, what was only recorded, what to type next. */
export function renderSummary(summary: Summary): string {
  return [
    [bold('Hosts'), columns(['host', 'site', 'public', 'lan', 'tailnet', 'release'], summary.hosts.map(hostRow))].join(
      '\n',
    ),
    [
      bold('Who may talk to whom') + dim('  (everything else is denied)'),
      renderAccess(summary.plan.policy.access),
    ].join('\n'),
    ...(summary.compute === 'machines'
      ? []
      : [
          [
            bold('Recorded, not executed') +
              dim('  (a server of the lab is a record: it has no kernel, no systemd and runs no programs)'),
            renderUnexecuted(summary),
          ].join('\n'),
        ]),
    [bold('What to type next'), renderNext(summary)].join('\n'),
  ].join('\n\n');
}

function hostRow(host: HostOutput): string[] {
  return [
    host.name,
    host.site,
    host.publicAddress,
    host.lan,
    host.tailnetAddresses[0] ?? dim('no node'),
    host.release.slice(0, 12),
  ];
}

/** One line per kind of thing, with the hosts it concerns: thirty equal lines tell less than one. Units are one kind. */
function renderUnexecuted(summary: Summary): string {
  const hostsOf = new Map<string, Set<string>>();
  const units = new Map<string, Set<string>>();
  for (const { what, host } of summary.unexecuted) {
    const unit = /^unit (\S+) was not started$/.exec(what)?.[1];
    const [key, into] = unit === undefined ? [what, hostsOf] : [unit.replace(/\.service$/, ''), units];
    into.set(key, (into.get(key) ?? new Set<string>()).add(host));
  }
  for (const [hosts, names] of grouped(units)) hostsOf.set(`units were not started: ${names.join(' ')}`, hosts);
  if (hostsOf.size === 0) return '  nothing';
  const everywhere = summary.hosts.length;
  return columns(
    ['hosts', 'what'],
    [...hostsOf].map(([what, hosts]) => [hosts.size === everywhere ? 'all' : [...hosts].sort().join(' '), what]),
  );
}

/** Names that concern the same hosts, together. */
function grouped(hostsOf: ReadonlyMap<string, Set<string>>): [hosts: Set<string>, names: string[]][] {
  const groups = new Map<string, [Set<string>, string[]]>();
  for (const [name, hosts] of hostsOf) {
    const key = [...hosts].sort().join(' ');
    const group = groups.get(key) ?? [hosts, []];
    group[1].push(name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** How this stack is tried again. */
export function tryCommand(stack: string, ...options: string[]): string {
  const all = [...(stack === 'staging' ? [] : ['--stack', stack]), ...options];
  return ['npm run try', ...(all.length === 0 ? [] : ['--', ...all])].join(' ');
}

function renderNext({ stack, hosts, compute }: Summary): string {
  const router = (hosts.find(({ kind }) => kind === 'router') ?? hosts[0])?.name ?? 'HOST';
  const [a = 'SITE', b = 'SITE'] = [...new Set(hosts.map(({ site }) => site))];
  const how = compute === 'machines' ? ['--machines'] : [];
  const machines: [string, string][] = [
    [
      `npx mesh lab exec ${router} -- tailscale status`,
      dim(`on the machine, as root; mesh lab shell ${router}: a shell`),
    ],
    [`npx mesh status ${stack} --lab`, dim(`who carries what; then npx mesh lab kill ${router}, and look again`)],
    [`npx mesh lab link ${a} ${b} --delay 80ms --loss 1%`, dim('what lies between two sites')],
  ];
  const records: [string, string][] = [
    ['npx mesh lab fault list', dim(`break something on purpose: npx mesh lab fault set no-answer ${router}`)],
    [tryCommand(stack, '--machines'), dim('the same on Debian machines with a real tailnet (Linux, root)')],
  ];
  return columns(
    [],
    [
      [
        `eval "$(npx mesh env ${stack})"`,
        dim('then pulumi preview --diff, pulumi up, pulumi stack: against the lab, by hand'),
      ],
      [`npx mesh plan ${stack}`, dim('the plan; add --json for all of it')],
      [
        `edit Pulumi.${stack}.yaml, then ${tryCommand(stack, ...how)}`,
        dim('a host, an access rule: only what changed is touched'),
      ],
      ...(compute === 'machines' ? machines : records),
      ['npx mesh lab down', dim(`stop the lab; ${tryCommand(stack, ...how)} goes on from where it was`)],
    ],
  );
}
