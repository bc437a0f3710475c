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
    [
      bold('Recorded, not executed') + dim('  (a lab server is a record; nothing ran on a machine)'),
      renderUnexecuted(summary),
    ].join('\n'),
    [bold('What to type next'), renderNext(summary.stack)].join('\n'),
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

/** One line per kind of thing, with the hosts it concerns: thirty equal lines tell less than one. */
function renderUnexecuted(summary: Summary): string {
  const byWhat = new Map<string, { why: string; hosts: Set<string> }>();
  for (const entry of summary.unexecuted) {
    const known = byWhat.get(entry.what) ?? { why: entry.why, hosts: new Set<string>() };
    known.hosts.add(entry.host);
    byWhat.set(entry.what, known);
  }
  if (byWhat.size === 0) return '  nothing';
  return columns(
    ['what', 'why', 'hosts'],
    [...byWhat].map(([what, { why, hosts }]) => [what, dim(why), [...hosts].sort().join(' ')]),
  );
}

function renderNext(stack: string): string {
  return columns(
    [],
    [
      [
        `eval "$(npx mesh env ${stack})"`,
        dim('then pulumi preview --diff, pulumi up, pulumi stack: against the lab, by hand'),
      ],
      [`npx mesh plan ${stack}`, dim('the plan; add --json for all of it')],
      [`edit Pulumi.${stack}.yaml, then npm run try`, dim('a host, an access rule: only what changed is touched')],
      ['npx mesh lab fault list', dim('break something on purpose: npx mesh lab fault set no-answer fra-edge-02')],
      ['npx mesh lab down', dim('stop the lab; npm run try goes on from where it was')],
    ],
  );
}
