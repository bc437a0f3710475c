import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { clearFaults, setFault } from '../../lab/control.ts';
import { Bench } from './bench.ts';
import { diagnostics, touched } from './events.ts';
import { editSite, sitesOf, type Entry } from './sites.ts';
import { mark, timeline } from './timeline.ts';

/**
 * Two sites whose servers change under them: resized, moved, dead. Each test begins where the one before ended, and says
 * what was touched and, with that, what was not.
 */
let bench: Bench;
let from: number;
beforeAll(async () => {
  bench = await Bench.start();
  await bench.edit((config) => {
    config['site-mesh:sites'] = { ...sitesOf(config), 'eu-nbg': SECOND_SITE };
  });
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
});
beforeEach(async () => {
  from = await mark(bench.dir);
});
afterAll(() => bench.stop());

const SECOND_SITE = {
  cloud: 'hetzner',
  location: 'nbg1',
  cidr: '10.78.30.0/24',
  routers: [
    { name: 'nbg-edge-01', lan: '10.78.30.2' },
    { name: 'nbg-edge-02', lan: '10.78.30.3' },
  ],
};

const edit = (site: string, values: Entry, host?: string): Promise<void> => editSite(bench, site, values, host);

const resized = (name: string, node = true): string[] => [
  `update HostRelease ${name}`,
  `update Server ${name}`,
  `update ServerReady ${name}`,
  ...(node ? [`update TailnetNode ${name}`] : []),
];

const happened = async (): Promise<string[]> => (await timeline(bench.dir, from)).map(({ event }) => event);

/** Moments at which no router of the pair carried the site's routes. */
async function gaps(site: string): Promise<string[]> {
  const moments = await timeline(bench.dir, from);
  return moments
    .filter(({ carrying }) => !carrying.some((name) => name.startsWith(`${site}-edge-`)))
    .map(({ event }) => event);
}

async function server(name: string): Promise<{ id: number; status: string; type: string }> {
  const shape = z.object({ id: z.number(), status: z.string(), server_type: z.object({ name: z.string() }) });
  const { servers } = z.object({ servers: z.array(shape) }).parse(await bench.hetzner('GET', `/servers?name=${name}`));
  const [found] = servers;
  if (found === undefined) throw new Error(`no server ${name}`);
  return { id: found.id, status: found.status, type: found.server_type.name };
}

async function device(hostname: string): Promise<string | undefined> {
  const shape = z.object({ devices: z.array(z.object({ nodeId: z.string(), hostname: z.string() })) });
  const { devices } = shape.parse(await bench.tailscale('GET', '/tailnet/-/devices'));
  return devices.find((one) => one.hostname === hostname)?.nodeId;
}

/** As somebody at the cloud's console does it; waits until the server is in that state. */
async function byHand(name: string, action: 'poweroff', status: string): Promise<void> {
  const { id } = await server(name);
  await bench.hetzner('POST', `/servers/${id}/actions/${action}`);
  await expect.poll(async () => (await server(name)).status).toBe(status);
}

test('both routers of a site resized: one after the other, drained before and serving again before the next', async () => {
  for (const name of ['fra-edge-01', 'fra-edge-02']) await edit('eu-fra', { serverType: 'cx33' }, name);
  const preview = await bench.pulumi(['preview']);
  expect(touched(preview.events)).toEqual([...resized('fra-edge-01'), ...resized('fra-edge-02')].sort());
  expect(await happened(), 'a preview drains nothing').toEqual([]);

  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(diagnostics(run.events, 'warning')).toEqual([]);
  const order = (name: string): string[] =>
    ['drained', 'off', 'cx33', 'on', 'advertises'].map((event) => `${name} ${event}`);
  expect(await happened()).toEqual([...order('fra-edge-01'), ...order('fra-edge-02')]);
  expect(await gaps('fra')).toEqual([]);
  expect(touched(run.events)).toEqual([...resized('fra-edge-01'), ...resized('fra-edge-02')].sort());
  const again = await bench.up('--expect-no-changes');
  expect(again.code, again.text).toBe(0);
  expect(touched(again.events)).toEqual([]);
});

test('one LAN host resized: it alone is touched, and is on again', async () => {
  await edit('eu-fra', { serverType: 'cx33' }, 'fra-db-01');
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(touched(run.events)).toEqual(resized('fra-db-01', false));
  expect(await happened()).toEqual(['fra-db-01 off', 'fra-db-01 cx33', 'fra-db-01 on']);
});

test('another image changes nothing: it is for servers that are made later', async () => {
  await edit('eu-fra', { image: 'debian-13' });
  const run = await bench.up('--expect-no-changes');
  expect(run.code, run.text).toBe(0);
  expect(await happened()).toEqual([]);
});

test('a type that the location does not sell: the router is off, its partner serves; a refresh sees it, up heals it', async () => {
  await edit('eu-fra', { serverType: 'cpx11' }, 'fra-edge-01');
  const run = await bench.up();
  expect(run.code).not.toBe(0);
  expect(diagnostics(run.events, 'error').join('\n')).toContain('cpx11 is not sold in fsn1');
  expect(await happened()).toEqual(['fra-edge-01 drained', 'fra-edge-01 off']);
  expect(await gaps('fra')).toEqual([]);

  await edit('eu-fra', { serverType: 'cx33' }, 'fra-edge-01');
  expect((await bench.pulumi(['preview', '--expect-no-changes'])).code, 'without a refresh nobody sees it').toBe(0);
  const refresh = await bench.pulumi(['refresh', '--yes', '--skip-preview']);
  expect(diagnostics(refresh.events, 'warning').join('\n')).toContain('fra-edge-01 does not advertise 10.78.10.0/24');
  const healed = await bench.up();
  expect(healed.code, healed.text).toBe(0);
  expect(touched(healed.events)).toEqual(resized('fra-edge-01').filter((step) => step !== 'update Server fra-edge-01'));
  expect((await happened()).slice(2)).toEqual(['fra-edge-01 on', 'fra-edge-01 advertises']);
  expect(await server('fra-edge-01')).toMatchObject({ status: 'running', type: 'cx33' });
});

test('a router that cannot be drained, nor checked after its resize, stops the chain before its partner', async () => {
  for (const name of ['fra-edge-01', 'fra-edge-02']) await edit('eu-fra', { serverType: 'cx43' }, name);
  await setFault(bench.dir, 'other-host-key', 'fra-edge-01');
  const run = await bench.up();
  expect(run.code).not.toBe(0);
  expect(diagnostics(run.events, 'warning').join('\n')).toMatch(/host key[^]*fra-edge-01 was not drained before/);
  expect(await happened()).toEqual(['fra-edge-01 off', 'fra-edge-01 cx43', 'fra-edge-01 on']);
  expect(await gaps('fra')).toEqual([]);

  await clearFaults(bench.dir);
  const finished = await bench.up();
  expect(finished.code, finished.text).toBe(0);
  expect(touched(finished.events)).toEqual(
    ['update HostRelease fra-edge-01', 'update TailnetNode fra-edge-01', ...resized('fra-edge-02')].sort(),
  );
  expect(await gaps('fra')).toEqual([]);
});

test('a dead router replaced: its partner serves and is not touched, and the old device is gone', async () => {
  const before = { a: await device('fra-edge-01'), b: await device('fra-edge-02') };
  await byHand('fra-edge-01', 'poweroff', 'off');
  expect((await bench.pulumi(['state', 'taint', await bench.urn('Server', 'fra-edge-01'), '--yes'])).code).toBe(0);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(touched(run.events).filter((step) => !step.endsWith(' fra-edge-01'))).toEqual(['update TailnetTests acme']);
  expect(touched(run.events)).toEqual(expect.arrayContaining(['create-replacement TailnetNode fra-edge-01']));
  expect(await gaps('fra')).toEqual([]);
  expect(await device('fra-edge-02')).toBe(before.b);
  expect(await device('fra-edge-01')).not.toBe(before.a);
  const again = await bench.up('--expect-no-changes');
  expect(again.code, again.text).toBe(0);
});

test('a site moved to another location: a router stands there and serves before the other one goes', async () => {
  await edit('eu-nbg', { location: 'hel1' });
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(touched(run.events).filter((step) => / (fra-|eu-fra|sin-|ap-sin|acme)/.test(step))).toEqual([
    'update TailnetTests acme',
  ]);
  const events = await happened();
  expect(events.filter((event) => event.includes('fra-'))).toEqual([]);
  expect(events.indexOf('nbg-edge-01 advertises')).toBeGreaterThan(events.indexOf('nbg-edge-01 made'));
  expect(events.indexOf('nbg-edge-02 drained')).toBeGreaterThan(events.indexOf('nbg-edge-01 advertises'));
  expect(await gaps('nbg')).toEqual([]);
});
