import type { Graph, HostNode, SiteNode } from './model.ts';

/** The same graph for Graphviz and what reads its language; every host, whatever their number. Equal graphs give equal bytes. */
export function dot(graph: Graph): string {
  const { sites, sources, hubs } = graph;
  return [
    `digraph ${quoted(graph.title)} {`,
    '  rankdir=LR; ranksep=1.2; nodesep=0.15; compound=true;',
    `  label=${label([`${graph.title} · supernet ${graph.supernet}`])}; labelloc=t; fontname="Helvetica";`,
    '  node [fontname="Helvetica", fontsize=11, shape=box, style=rounded]; edge [fontname="Helvetica", fontsize=10];',
    `  ${id('tailnet', graph.tailnet)} [label=${label([`tailnet ${graph.tailnet}`])}, shape=box, style=filled, fillcolor="#dfe4ea"];`,
    ...sources.map(({ name, detail }) => `  ${id('from', name)} [label=${label([name, detail])}];`),
    ...hubs.map(
      ({ service, ports }, index) =>
        `  ${id('hub', String(index))} [label=${label([service, ports.join(' ')])}, shape=box, style="rounded,bold"];`,
    ),
    ...sites.flatMap((site, index) => cluster(site, index)),
    ...hubs.flatMap(({ grants, hosts }, index) => [
      ...grants.map(({ source, why, elsewhere }) => {
        const notes = elsewhere ? ['not its own LAN'] : [];
        return `  ${id('from', source)} -> ${id('hub', String(index))} [arrowhead=none, tooltip=${label([why.join('; ')])}${notes.length === 0 ? '' : `, label=${label(notes)}`}];`;
      }),
      ...hosts.map((host) => `  ${id('hub', String(index))} -> ${id('host', host)};`),
    ]),
    ...sites.flatMap(({ hosts }) => hosts.flatMap((host) => member(host, graph.tailnet))),
    '}',
    '',
  ].join('\n');
}

function cluster(site: SiteNode, index: number): string[] {
  const { name, where, cidr, lan, snat, hosts, control } = site;
  return [
    `  subgraph "cluster ${index}" {`,
    `    label=${label([name, where, `${cidr} · ${lan} · ${snat}`, ...control])}; style=filled; color="#8c959f"; fillcolor="#f6f8fa"; fontsize=11;`,
    ...hosts.map(
      (host) =>
        `    ${id('host', host.name)} [label=${label(hostLines(host))}, shape=${SHAPES[host.kind]}, style=solid];`,
    ),
    '  }',
  ];
}

const SHAPES: Record<HostNode['kind'], string> = { router: 'hexagon', member: 'ellipse', host: 'box' };

function hostLines({ name, kind, standing, lan, roles, machine }: HostNode): string[] {
  const what = kind === 'router' ? `router ${standing ?? ''}` : kind === 'member' ? 'member' : 'LAN host';
  return [name, lan, [what, ...roles].join(' · '), machine];
}

function member(host: HostNode, tailnet: string): string[] {
  if (host.kind === 'host') return [];
  const advertises =
    host.advertises.length === 0 ? '' : `, penwidth=2.5, label=${label([`advertises ${host.advertises.join(' ')}`])}`;
  return [`  ${id('host', host.name)} -> ${id('tailnet', tailnet)} [dir=none, color="#57606a"${advertises}];`];
}

/** Kinds of nodes have names of their own: a service may be called like a host. */
const id = (kind: string, name: string): string => quoted(`${kind} ${name}`);

/** In quotes, `"` alone is special to the language itself; a backslash before it would take its meaning away. */
const quoted = (text: string): string => `"${plain(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** A label besides takes `\n`, `\l` and entities for itself. */
const label = (lines: readonly string[]): string =>
  `"${lines.map((one) => plain(one).replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`;

const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f]/g, '\ufffd');
