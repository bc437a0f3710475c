import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench } from './bench.ts';
import { changes, diagnostics, touched } from './events.ts';

/** The service is asked once the nodes have joined: what it says of the live policy is the last word of an up. */
let bench: Bench;
beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  bench = await Bench.start();
});
afterAll(async () => {
  delete process.env.MESH_LAB_PACE;
  await bench.stop();
});

const live = async (): Promise<string> => String(await bench.tailscale('GET', '/tailnet/-/acl'));

test('a preview says what will be tested; the up asks after the last join; another up asks nobody', async () => {
  const preview = await bench.pulumi(['preview']);
  expect(preview.code, preview.text).toBe(0);
  const [told] = diagnostics(preview.events, 'info').filter((line) => line.includes('tested at the service'));
  expect(told).toMatch(/\d+ connections that must be allowed and \d+ that must be denied, from \d+ kinds of members/);

  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  const steps = changes(run.events);
  const asked = steps.find(({ type }) => type === 'mesh:index:TailnetTests');
  const joined = steps.filter(({ type }) => type === 'mesh:index:TailnetNode').map(({ end = Infinity }) => end);
  expect(joined).toHaveLength(3);
  expect(asked?.start).toBeGreaterThan(Math.max(...joined));
  expect(touched((await bench.up()).events)).toEqual([]);
});

test('access that was taken away in the console is found when a node is made anew, and told by its reason', async () => {
  const whole = await live();
  // The grant of the app tier goes, comment and all.
  const cut = whole
    .replace(/\t\t\/\/ the app tier reads the primary\n\t\t\{[^}]*\},\n/, '')
    .replace(/\t"tests": \[[^]*\n\t\],\n/, '');
  expect(cut.length).toBeLessThan(whole.length);
  await bench.tailscale('POST', '/tailnet/-/acl', cut);

  const node = await bench.urn('TailnetNode', 'sin-app-01');
  const failed = await bench.up('--replace', node);
  expect(failed.code).not.toBe(0);
  expect(failed.text).toMatch(
    /members of site ap-sin \(tag:site-ap-sin\) must reach fra-db-01 on tcp\/5432 \(the app tier reads the primary\), and the live policy denies it/,
  );
  expect(touched(failed.events), 'the node is there').toContain('create-replacement TailnetNode sin-app-01');

  const again = await bench.up();
  expect(again.code, 'the next up asks again').not.toBe(0);
  const mended = await bench.up('--refresh');
  expect(mended.code, mended.text).toBe(0);
  expect(await live()).toBe(whole);
  expect(touched(mended.events)).toEqual(
    expect.arrayContaining(['update TailnetPolicy acme', 'update TailnetTests acme']),
  );
});

test('a device that somebody removed is no matter of access: a warning that says the way out', async () => {
  const { devices } = (await bench.tailscale('GET', '/tailnet/-/devices')) as {
    devices: { nodeId: string; hostname: string }[];
  };
  const gone = devices.find(({ hostname }) => hostname === 'sin-app-01');
  await bench.tailscale('DELETE', `/device/${gone?.nodeId ?? ''}`);
  await bench.edit((config) => {
    config['site-mesh:groups'] = { platform: ['ada@example.com', 'lin@example.com'], sre: ['grace@example.com'] };
  });
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(diagnostics(run.events, 'warning').join('\n')).toContain('has no device with tag:app any more');
});

test('a destroy asks nobody and leaves nothing of it', async () => {
  const run = await bench.pulumi(['destroy', '--yes', '--skip-preview']);
  expect(run.code, run.text).toBe(0);
  expect(touched(run.events)).toContain('delete TailnetTests acme');
});
