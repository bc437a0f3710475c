import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { LabTailnet } from '../../lab/api/config.ts';
import { Bench } from './bench.ts';
import { diagnostics, touched, type EngineEvent } from './events.ts';
import { Operator } from './operator.ts';
import { SmallStacks } from './small-stacks.ts';

/** A stack that was tried in a tailnet of its own, then moves to another one, then into the one that prod owns. */
let staging: Bench;
let prod: Bench;
let trial: LabTailnet;
let operator: Operator;
const stacks = new SmallStacks();

beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  staging = await Bench.start('staging', { file: stacks.write('staging', 78, { name: 'acme-trial' }) });
  operator = new Operator(staging);
  trial = staging.tenant.tailscale;
  await operator.up();
});
afterAll(async () => {
  delete process.env.MESH_LAB_PACE;
  await staging.stop();
  stacks.remove();
});

const shape = z.object({
  devices: z.array(
    z.object({ hostname: z.string(), tags: z.array(z.string()), connectedToControl: z.boolean(), nodeId: z.string() }),
  ),
});
const devices = async (tailnet = staging.tenant.tailscale) =>
  shape
    .parse(await staging.tailscale('GET', '/tailnet/-/devices', undefined, tailnet))
    .devices.sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
const asked = (path: string, tailnet?: LabTailnet): Promise<unknown> =>
  staging.tailscale('GET', `/tailnet/-/${path}`, undefined, tailnet);

/** A replacement once, and not by its halves. */
const told = (events: EngineEvent[]): string[] =>
  touched(events).filter((line) => !/^(create-replacement|delete-replaced) /.test(line));

const MOVED = [
  'replace DnsPreferences acme',
  'replace TailnetNode fra-edge-01',
  'replace TailnetNode fra-edge-02',
  'replace TailnetSettings acme',
  'update TailnetPolicy acme',
  'update TailnetTests acme',
  'update mesh mesh',
  'update tailscale tailscale',
];

test('another name of the tailnet moves policy, settings and nodes, and no server and no release', async () => {
  const policy = await asked('acl');
  await staging.take(stacks.write('staging', 78, { name: 'acme' }));
  const preview = await staging.pulumi(['preview']);
  expect(preview.code, preview.text).toBe(0);
  expect(told(preview.events)).toEqual(MOVED);
  expect(diagnostics(preview.events, 'info').join('\n')).toContain(
    'moves from tailnet acme-trial to acme: hosts leave',
  );
  expect(await devices()).toEqual([]);

  await operator.mark();
  const run = await staging.up();
  expect(run.code, run.text).toBe(0);
  expect(told(run.events)).toEqual(MOVED);
  expect((await devices()).map(({ hostname, connectedToControl }) => [hostname, connectedToControl])).toEqual([
    ['fra-edge-01', true],
    ['fra-edge-02', true],
  ]);
  expect(await asked('acl')).toBe(policy);
  expect(await asked('dns/preferences')).toEqual({ magicDNS: true });
  expect(await asked('settings')).toMatchObject({ aclsExternallyManagedOn: true, devicesAutoUpdatesOn: false });
  expect(await operator.gaps('fra-edge-')).toEqual([]);
  await staging.up('--expect-no-changes').then(({ code, text }) => expect(code, text).toBe(0));
});

test('what is left in the former tailnet is told: devices that are logged out, and its policy', async () => {
  expect((await devices(trial)).map(({ hostname, connectedToControl }) => [hostname, connectedToControl])).toEqual([
    ['fra-edge-01', false],
    ['fra-edge-02', false],
  ]);
  expect(String(await asked('acl', trial))).toContain('site-mesh');
});

test('a stack moves into the tailnet of another one, and takes other tags and names there', async () => {
  const shared = { name: 'acme-all', owner: 'prod' };
  const files = {
    prod: stacks.write('prod', 77, { name: 'acme-all', with: ['staging'] }),
    staging: stacks.write('staging', 78, shared),
  };
  prod = await Bench.start('prod', { file: files.prod, beside: staging });
  await staging.take(files.staging);
  const owner = await prod.up();
  expect(owner.code, owner.text).toBe(0);
  const run = await staging.up();
  expect(run.code, run.text).toBe(0);
  expect(told(run.events)).toEqual([
    'create SharedPolicy acme',
    'delete DnsPreferences acme',
    'delete TailnetPolicy acme',
    'delete TailnetSettings acme',
    'delete tailscale tailscale',
    'replace TailnetNode fra-edge-01',
    'replace TailnetNode fra-edge-02',
    'update TailnetTests acme',
    'update mesh mesh',
  ]);
  expect(
    (await devices()).map(
      ({ hostname, tags }) => `${hostname} ${tags.includes(`tag:${hostname.split('-')[0]}-router`)}`,
    ),
  ).toEqual(['prod-fra-edge-01 true', 'prod-fra-edge-02 true', 'staging-fra-edge-01 true', 'staging-fra-edge-02 true']);
  for (const bench of [prod, staging]) expect((await bench.up('--expect-no-changes')).code).toBe(0);
});
