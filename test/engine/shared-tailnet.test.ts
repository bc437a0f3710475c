import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench } from './bench.ts';
import { diagnostics, touched } from './events.ts';
import { SmallStacks } from './small-stacks.ts';

/** Two stacks in one tailnet, whose policy prod owns; each of one site at Hetzner with the same names in it. */
let prod: Bench;
let staging: Bench;
const stacks = new SmallStacks();

beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  const files = {
    prod: stacks.write('prod', 77, { name: 'acme', with: ['staging'] }),
    staging: stacks.write('staging', 78, { name: 'acme', owner: 'prod' }),
  };
  prod = await Bench.start('prod', { file: files.prod });
  staging = await Bench.start('staging', { file: files.staging, beside: prod });
});
afterAll(async () => {
  delete process.env.MESH_LAB_PACE;
  await prod.stop();
  stacks.remove();
});

const devices = async (): Promise<{ hostname: string; tags: string[] }[]> =>
  ((await prod.tailscale('GET', '/tailnet/-/devices')) as { devices: { hostname: string; tags: string[] }[] }).devices;

test('the stack that does not own the policy says which one goes first, and buys nothing', async () => {
  const preview = await staging.pulumi(['preview']);
  expect(preview.code).not.toBe(0);
  expect(preview.text).toMatch(/Run pulumi up of stack prod first/);
  const run = await staging.up();
  expect(run.code).not.toBe(0);
  expect(run.text).toMatch(/to be shared with stack prod, and has a policy that stack did not push/);
  expect(await staging.hetzner('GET', '/servers')).toMatchObject({ servers: [] });
});

test('after the owner it joins with tags of its own, and neither has anything left to do', async () => {
  const first = await prod.up();
  expect(first.code, first.text).toBe(0);
  const second = await staging.up();
  expect(second.code, second.text).toBe(0);
  expect(touched(second.events)).toEqual(
    expect.arrayContaining(['create SharedPolicy acme', 'create TailnetTests acme']),
  );
  expect((await devices()).map(({ hostname, tags }) => [hostname, tags]).sort()).toEqual(
    ['prod', 'staging'].flatMap((stack) =>
      ['fra-edge-01', 'fra-edge-02'].map((name) => [
        `${stack}-${name}`,
        [`tag:${stack}-router`, `tag:router-${stack}-eu-fra`, `tag:site-${stack}-eu-fra`].sort(),
      ]),
    ),
  );
  for (const bench of [prod, staging]) expect((await bench.up('--expect-no-changes')).code).toBe(0);
});

test('what changes in its file is in force once the owner is up, whose preview says so', async () => {
  await staging.edit((config) => {
    config['site-mesh:access'] = (config['site-mesh:access'] as object[]).slice(1);
  });
  const early = await staging.up();
  expect(early.code, early.text).toBe(0);
  expect(diagnostics(early.events, 'warning').join('\n')).toContain('in force once stack prod is up again');
  const preview = await prod.pulumi(['preview']);
  expect(diagnostics(preview.events, 'info').join('\n')).toContain(
    'group:platform loses tcp/5432 on fra-db-01 of staging (works on the primary)',
  );
  expect((await prod.up()).code).toBe(0);
  const late = await staging.up();
  expect(late.code, late.text).toBe(0);
  expect(diagnostics(late.events, 'warning')).toEqual([]);
});

test('its destroy takes its nodes out of the tailnet and leaves the policy and the owner’s nodes', async () => {
  const policy = await prod.tailscale('GET', '/tailnet/-/acl');
  const run = await staging.pulumi(['destroy', '--yes', '--skip-preview']);
  expect(run.code, run.text).toBe(0);
  expect((await devices()).map(({ hostname }) => hostname).sort()).toEqual(['prod-fra-edge-01', 'prod-fra-edge-02']);
  expect(await prod.tailscale('GET', '/tailnet/-/acl')).toBe(policy);
  expect((await prod.up('--expect-no-changes')).code).toBe(0);
});
