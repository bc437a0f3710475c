import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { labPaths } from '../../cli/lab/environment.ts';
import { TREE } from '../../cli/paths.ts';
import { runPulumi } from '../../cli/pulumi.ts';
import { Bench, type Run } from './bench.ts';
import { copyTree } from './tree-copy.ts';

/** The production stack with the pack of this repository, by the real engine: what is refused at preview, and its twin that passes. */
let bench: Bench;
let config: string;
beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  bench = await Bench.start('prod');
  config = await readFile(labPaths(bench.dir, 'prod').stackConfig, 'utf8');
});
afterAll(() => bench.stop());
beforeEach(() => writeFile(labPaths(bench.dir, 'prod').stackConfig, config, { mode: 0o600 }));

type Sites = Record<string, { hosts?: Record<string, unknown>[] } & Record<string, unknown>>;
const PACK = { PULUMI_OPTION_POLICY_PACK: join(TREE, 'policies') };
const preview = (...args: string[]): Promise<Run> => bench.pulumi(['preview', '--suppress-outputs', ...args], PACK);

/** Guardrails that refused something, and what: `no-public-ssh eu-fra-hosts`. */
const refused = ({ events }: Run): string[] =>
  events
    .flatMap(({ policyEvent }) => (policyEvent === undefined ? [] : [policyEvent]))
    .filter(({ enforcementLevel }) => enforcementLevel === 'mandatory')
    .map(({ policyName, resourceUrn }) => `${policyName} ${String(resourceUrn).split('::').at(-1) ?? ''}`)
    .sort();

/** A file for `--policy-pack-config`. */
async function exceptions(...list: object[]): Promise<string> {
  const path = join(bench.dir, 'exceptions.json');
  await writeFile(path, JSON.stringify({ 'no-public-ssh': { exceptions: list } }));
  return path;
}
const halves = (): Promise<void> =>
  bench.edit((sections) => {
    (sections['site-mesh:ssh'] as { from: string[] }).from = ['0.0.0.0/1', '128.0.0.0/1'];
  });
const FIREWALLS = ['ap-sin-members', 'eu-fra-hosts', 'eu-fra-routers', 'us-nyc-members', 'us-nyc-routers'];

test('production passes; what cannot be known before its hosts are made is an advisory', async () => {
  const run = await preview();
  expect(run.code, run.text).toBe(0);
  expect(refused(run)).toEqual([]);
  const advisories = run.events.flatMap(({ policyEvent }) => (policyEvent === undefined ? [] : [policyEvent.message]));
  for (const message of advisories) expect(message).toMatch(/policy 'commands' .* \.connection can't be known/);
});

test('SSH from two halves of the internet is refused, each firewall by name, before anything is made', async () => {
  await halves();
  const run = await preview();
  expect(run.code).not.toBe(0);
  expect(refused(run)).toEqual(
    FIREWALLS.flatMap((name) => [`no-public-ssh ${name}`, `world-open-only-wireguard ${name}`]).sort(),
  );
  expect(run.text).toContain('rules[0].sourceIps: rules[0] opens tcp/22 to the world (IPv4)');
  expect(await bench.hetzner('GET', '/firewalls')).toMatchObject({ firewalls: [] });
});

test('an up of it that nobody previewed stops before the first firewall', async () => {
  await halves();
  const run = await bench.pulumi(['up', '--yes', '--skip-preview', '--suppress-outputs'], PACK);
  expect(run.code).not.toBe(0);
  expect(refused(run).length).toBeGreaterThan(0);
  expect(await bench.hetzner('GET', '/servers')).toMatchObject({ servers: [] });
});

test('an exception with a reason lets it pass that guardrail, one without a reason does not even start', async () => {
  await halves();
  const reason = 'a honeypot: it is meant to be found';
  const allowed = await preview('--policy-pack-config', await exceptions({ resource: '*', reason }));
  expect(refused(allowed)).toEqual(FIREWALLS.map((name) => `world-open-only-wireguard ${name}`));
  const others = await preview('--policy-pack-config', await exceptions({ resource: 'eu-fra-*', reason }));
  expect(refused(others).filter((one) => one.startsWith('no-public-ssh'))).toEqual(
    ['ap-sin-members', 'us-nyc-members', 'us-nyc-routers'].map((name) => `no-public-ssh ${name}`),
  );
  const silent = await preview('--policy-pack-config', await exceptions({ resource: '*' }));
  expect(silent.code).not.toBe(0);
  expect(silent.text).toMatch(/no-public-ssh.*reason/s);
});

test('a database without backups is refused in production; routers are excepted, with the reason', async () => {
  await bench.edit((sections) => {
    for (const host of (sections['site-mesh:sites'] as Sites)['eu-fra']?.hosts ?? []) delete host.backups;
  });
  expect(refused(await preview())).toEqual(['prod-backups fra-db-01']);
});

test('labels that do not say what the stack’s own tags say are refused', async () => {
  const tag = (...args: string[]): Promise<Run> => bench.pulumi(['stack', 'tag', ...args]);
  expect((await tag('set', 'owner', 'acme')).code).toBe(0);
  expect(refused(await preview())).toEqual([]);
  expect((await tag('set', 'owner', 'platform')).code).toBe(0);
  const run = await preview();
  expect(refused(run)).toContain('labels fra-db-01');
  expect(run.text).toContain('owner is not the stack’s tag owner');
  expect((await tag('rm', 'owner')).code).toBe(0);
});

test('a firewall that selects other servers than its own leaves them open: refused at the end of the preview', async () => {
  const tree = copyTree(join(bench.dir, 'tree'));
  const run = async (): Promise<Run> => {
    const env = { ...bench.lab.env, PULUMI_OPTION_POLICY_PACK: join(tree, 'policies') };
    const ended = await runPulumi(['preview', '--suppress-outputs'], { cli: bench.lab.cli, env, cwd: tree });
    return { ...ended, text: `${ended.stdout}${ended.stderr}`, events: [] };
  };
  const twin = await run();
  expect(twin.code, twin.text).toBe(0);
  const file = join(tree, 'components', 'hetzner', 'labels.ts');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('kind=${kind}`', 'role=${kind}s`'));
  expect(await readFile(file, 'utf8')).not.toBe(text);
  const open = await run();
  expect(open.code).not.toBe(0);
  for (const host of ['fra-edge-01', 'fra-edge-02', 'fra-db-01'])
    expect(open.text).toContain(`${host}: firewall: the server stands behind no firewall`);
  expect(open.text).toContain('eu-fra-routers: applyTos: the firewall protects no server');
});
