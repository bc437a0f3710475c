import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graph, type Graph } from '../../../../cli/graph/model.ts';
import { compactCards } from '../../../../cli/graph/svg/compact.ts';
import { detailedCards } from '../../../../cli/graph/svg/detailed.ts';
import { svg } from '../../../../cli/graph/svg/index.ts';
import { layout } from '../../../../cli/graph/svg/layout.ts';
import { column, mean, spread } from '../../../../cli/graph/svg/place.ts';
import { meshConfig } from '../../../../cli/mesh-config.ts';
import { TREE } from '../../../../cli/paths.ts';
import { readStackFile } from '../../../../cli/stack-file.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import { reversed, validRaw } from '../../mesh/fixtures.ts';
import { anyPicture, graphOf, manySites, twentySites } from './fixtures.ts';
import { elements, overlaps, texts, tooltips, wordAreas } from './svg-reader.ts';
import { NOW } from '../../../now.ts';

const ofStack = (stack: string): Graph => {
  const config = meshConfig(readStackFile(stack));
  return graph(planMesh(config, { stack, now: NOW }), config, stack);
};
const arrows = (picture: string): number =>
  elements(picture).filter(({ name, attributes }) => name === 'path' && attributes.class === 'f').length;
/** The legend has one. */
const LEGEND = 1;

describe('the picture of a small mesh', () => {
  const shown = ofStack('prod');
  const words = texts(svg(shown));

  test('has each site with its prefix, each host with its address, each service with its ports, each source', () => {
    for (const site of shown.sites) {
      expect(words).toContain(site.name);
      expect(words).toContain(site.where);
      expect(words).toContain(`${site.cidr} · ${site.lan} · ${site.snat}`);
      for (const host of site.hosts)
        for (const told of [host.name, host.lan, host.machine]) expect(words).toContain(told);
    }
    for (const { service, ports } of shown.hubs) for (const told of [service, ...ports]) expect(words).toContain(told);
    for (const { name, detail } of shown.sources) for (const told of [name, detail]) expect(words).toContain(told);
    expect(words).not.toContain('fra-db-02');
  });

  test('has an arrow for each service and host, and all reasons under the pointer', () => {
    expect(arrows(svg(shown))).toBe(shown.hubs.reduce((sum, { hosts }) => sum + hosts.length, 0) + LEGEND);
    expect(arrows(svg({ ...shown, hubs: shown.hubs.slice(1) }))).toBeLessThan(arrows(svg(shown)));
    const told = tooltips(svg(shown)).join('\n');
    for (const { source, why } of shown.hubs.flatMap(({ grants }) => grants)) expect(told).toContain(`${source}: ${why.join('; ')}`); // prettier-ignore
  });

  test('shows who is in the tailnet and which prefix each router brings to it', () => {
    const advertised = shown.sites.flatMap(({ hosts }) =>
      hosts.flatMap(({ advertises }) => advertises.join(' ') || []),
    );
    for (const prefix of new Set(advertised))
      expect(words.filter((word) => word === prefix)).toHaveLength(advertised.filter((one) => one === prefix).length);
    expect(advertised).toContain('10.77.40.0/24 fd5a:1c9e:77b0:40::/64');
    const lines = (style: string): number => elements(svg(shown)).filter(({ attributes }) => attributes.class === style).length; // prettier-ignore
    expect([lines('ad'), lines('ad sb'), lines('in'), lines('via')]).toEqual([3 + LEGEND, 3 + LEGEND, 3 + LEGEND, 2]);
    expect(words).toContain('tailnet acme-prod · 9 members · 4 prefixes');
  });

  test('is the one in the documentation, and small', () => {
    const kept = readFileSync(join(TREE, 'docs', 'mesh-prod.svg'), 'utf8');
    expect(kept === svg(shown), 'run: npx mesh graph prod --out docs/mesh-prod.svg').toBe(true);
    expect(kept.length).toBeLessThan(120_000);
    expect(existsSync(join(TREE, 'docs', 'mesh-prod.svg'))).toBe(true);
  });
});

describe('the picture of twenty sites', () => {
  const shown = graphOf(twentySites());
  const picture = svg(shown);

  test('has a card for each site, with counts; its hosts are under the pointer', () => {
    for (const { name } of shown.sites) expect(texts(picture)).toContain(name);
    expect(texts(picture)).toContain('8 LAN hosts');
    expect(texts(picture)).not.toContain('s0-host-0');
    const told = tooltips(picture).join('\n');
    for (const host of shown.sites.flatMap(({ hosts }) => hosts)) expect(told).toContain(host.name);
  });

  test('has one arrow for each service and site, and one alone for what is served at every site', () => {
    const at = (service: string): number => {
      const hosts = shown.hubs.filter((hub) => hub.service === service).flatMap((hub) => hub.hosts);
      return shown.sites.filter((site) => site.hosts.some(({ name }) => hosts.includes(name))).length;
    };
    expect(at('ssh')).toBe(20);
    expect(arrows(picture)).toBe(at('postgres') + at('api') + at('backup') + 1 + LEGEND);
    expect(texts(picture)).toContain('every site (20)');
    expect(texts(picture)).toContain('ssh · 40 hosts');
  });

  test('tells the permissions that the mesh needs for itself once', () => {
    expect(texts(picture)).toContain('control: its routers may reach its LAN, icmp/* (at 20 sites)');
  });

  test('is what many hosts at few sites get, too; few hosts at few sites get rows', () => {
    const named = (sites: number, hosts: number): boolean =>
      texts(svg(graphOf({ ...validRaw(), sites: manySites(sites, hosts), services: {}, access: [] }))).includes(
        's0-host-0',
      );
    expect([named(3, 18), named(3, 19), named(8, 1), named(9, 1)]).toEqual([true, false, true, false]);
  });
});

describe('every picture', () => {
  const all = [ofStack('prod'), ofStack('staging'), graphOf(twentySites()), graphOf({ ...validRaw(), access: [] })];

  test('is well-formed, and no words lie over each other or outside', () => {
    for (const one of all) {
      const picture = svg(one);
      const root = elements(picture)[0]?.attributes;
      const areas = wordAreas(picture);
      expect(overlaps(areas)).toEqual([]);
      expect(areas.filter(({ left, right, bottom }) => left < 0 || right > Number(root?.width) || bottom > Number(root?.height))).toEqual([]); // prettier-ignore
    }
    expect(overlaps([...wordAreas(svg(all[0] ?? graphOf(validRaw()))), { what: 'x', left: 0, right: 500, top: 20, bottom: 40 }])).toEqual(['acme/prod × x']); // prettier-ignore
  });

  test('the same for any mesh', () => {
    fc.assert(
      fc.property(anyPicture, (raw) => {
        expect(overlaps(wordAreas(svg(graphOf(raw))))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('has its boxes in columns apart from each other, and its lines between columns', () => {
    fc.assert(
      fc.property(anyPicture, fc.boolean(), (raw, detailed) => {
        const shown = graphOf(raw);
        const placed = layout(shown, detailed ? detailedCards(shown) : compactCards(shown));
        const boxes = [...placed.sources, ...placed.hubs, ...placed.cards].map(({ box }) => box);
        const areas = boxes.map(({ x, y, width, height }, at) => ({ what: String(at), left: x, right: x + width, top: y, bottom: y + height })); // prettier-ignore
        expect(overlaps(areas)).toEqual([]);
        const crossed = placed.hubs
          .flatMap(({ arrivals, departures }) => [...arrivals, ...departures])
          .filter(({ from, to }) => boxes.some(({ x, width }) => x < to.x - 0.01 && x + width > from.x + 0.01));
        expect(crossed).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('is the same bytes for the same mesh, in whatever order it is told', () => {
    for (const raw of [validRaw(), twentySites()])
      expect(svg(graphOf(reversed(raw) as ReturnType<typeof validRaw>))).toBe(svg(graphOf(raw)));
    expect(svg(graphOf({ ...validRaw(), tailnet: { name: 'other' } }))).not.toBe(svg(graphOf(validRaw())));
  });

  test('takes any text for what it is', () => {
    const hostile = `</text><script>"&amp;'\u0000\ud800`;
    const raw = validRaw();
    const shown = graphOf({ ...raw, access: raw.access.map((rule) => ({ ...rule, why: `${rule.why} <b>&"'` })) });
    const [site] = shown.sites;
    const picture = svg({ ...shown, title: hostile, sites: site === undefined ? [] : [{ ...site, where: hostile }] });
    expect(elements(picture).map(({ name }) => name)).not.toContain('script');
    const readable = `</text><script>"&amp;'\ufffd\ufffd`;
    expect(texts(picture).filter((word) => word === readable)).toHaveLength(2);
    expect(tooltips(picture).join('\n')).toContain(`on call <b>&"'`);
    expect(() => elements('<svg><text>a & b</text></svg>')).toThrow();
  });

  test('follows dark pages, needs no font of one name, and nothing from elsewhere', () => {
    const picture = svg(graphOf(validRaw()));
    expect(picture).toContain('prefers-color-scheme:dark');
    expect(picture).toMatch(/font-family:[^;]*sans-serif/);
    expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|url\(/);
  });
});

describe('a column', () => {
  const wishes = fc.array(
    fc.record({ center: fc.integer({ min: 0, max: 500 }), height: fc.integer({ min: 1, max: 60 }) }),
  );

  test('keeps its things apart and below its top, in the order of their wishes', () => {
    fc.assert(
      fc.property(wishes, (wanted) => {
        const tops = column(wanted, 5, 10);
        const order = wanted.map((wish, index) => ({ ...wish, top: tops[index] ?? NaN })).sort((a, b) => a.top - b.top);
        order.forEach(({ top, height, center }, index) => {
          const next = order[index + 1];
          expect(top).toBeGreaterThanOrEqual(10 - 1e-6);
          if (next === undefined) return;
          expect(next.top).toBeGreaterThanOrEqual(top + height + 5 - 1e-6);
          expect(next.center).toBeGreaterThanOrEqual(center);
        });
      }),
    );
  });

  test('gives each what it wants where there is room, and shares what there is not', () => {
    expect(column([{ center: 100, height: 20 }, { center: 50, height: 20 }], 5, 0)).toEqual([90, 40]); // prettier-ignore
    expect(column([{ center: 100, height: 20 }, { center: 100, height: 20 }], 5, 0)).toEqual([77.5, 102.5]); // prettier-ignore
  });

  test('lines at one end are spread evenly, no further than there is room', () => {
    expect(spread(3, 10, 100, 4)).toEqual([6, 10, 14]);
    expect(spread(3, 10, 4, 4)).toEqual([8, 10, 12]);
    expect(spread(1, 10, 0, 4)).toEqual([10]);
    expect(mean([])).toBe(0);
    expect(mean([1, 3])).toBe(2);
  });
});
