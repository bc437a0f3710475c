import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { beforeAll, describe, expect, test } from 'vitest';
import { dot } from '../../../../cli/graph/dot.ts';
import type { Graph } from '../../../../cli/graph/model.ts';
import { reversed, validRaw } from '../../mesh/fixtures.ts';
import { graphOf, twentySites } from './fixtures.ts';

interface Drawn {
  name: string;
  objects: { name: string; label: string }[];
  edges: { tail: number; head: number; label?: string; dir?: string }[];
}

/** As Graphviz itself reads it. */
let graphviz: Graphviz;
beforeAll(async () => {
  graphviz = await Graphviz.load();
});
const read = (graph: Graph): Drawn => JSON.parse(graphviz.layout(dot(graph), 'dot_json', 'dot')) as Drawn;
const edges = ({ objects, edges: all }: Drawn): string[] =>
  all.map(({ tail, head }) => `${objects[tail]?.name ?? ''} → ${objects[head]?.name ?? ''}`);

describe('the graph in the language of Graphviz', () => {
  test('has every site, host, source, service and member of the tailnet, and every arrow', () => {
    const graph = graphOf(twentySites());
    const drawn = read(graph);
    const names = drawn.objects.map(({ name }) => name);
    const hosts = graph.sites.flatMap((site) => site.hosts);
    for (const { name } of hosts) expect(names).toContain(`host ${name}`);
    for (const { name } of graph.sources) expect(names).toContain(`from ${name}`);
    for (const { name } of graph.sites) expect(drawn.objects.filter(({ label }) => label.startsWith(`${name}\\n`))).toHaveLength(1); // prettier-ignore
    const arrows = edges(drawn);
    graph.hubs.forEach(({ hosts: reached, grants }, index) => {
      for (const host of reached) expect(arrows).toContain(`hub ${index} → host ${host}`);
      for (const { source } of grants) expect(arrows).toContain(`from ${source} → hub ${index}`);
    });
    const members = hosts.filter(({ kind }) => kind !== 'host');
    expect(arrows.filter((arrow) => arrow.endsWith('→ tailnet acme-test'))).toHaveLength(members.length);
    expect(drawn.edges.filter(({ label }) => label?.startsWith('advertises '))).toHaveLength(40);
    expect(arrows).not.toContain('hub 0 → host s0-edge-1');
  });

  test('is the same bytes for the same mesh, in whatever order it is told', () => {
    expect(dot(graphOf(reversed(twentySites()) as ReturnType<typeof twentySites>))).toBe(dot(graphOf(twentySites())));
  });

  test('takes any text for what it is', () => {
    const hostile = 'a"; } \\" \\n &lt; <b>\u0000';
    const graph = graphOf(validRaw());
    const [site] = graph.sites;
    const drawn = read({ ...graph, title: hostile, tailnet: hostile, sites: site === undefined ? [] : [{ ...site, where: hostile }] }); // prettier-ignore
    const plain = read(graph);
    expect(drawn.objects).toHaveLength(plain.objects.length);
    expect(drawn.edges).toHaveLength(plain.edges.length);
    const picture = graphviz.layout(dot({ ...graph, title: hostile }), 'svg', 'dot');
    expect(picture).toContain('a&quot;; } \\&quot; \\n &amp;lt; &lt;b&gt;\ufffd');
  });
});
