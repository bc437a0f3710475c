import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { generateKey, publicLine } from '../../lab/sshd/keys.ts';
import { Bench } from './bench.ts';
import { diagnostics, touched } from './events.ts';
import { meanwhile, timersOver } from './later.ts';
import { Operator } from './operator.ts';
import { editSection, editSite, PROD_SERVERS, sitesOf, type Entry } from './sites.ts';

/**
 * docs/operations.md, done: production of all three clouds, over the lab. Each test begins where the one before ended, and
 * says what was touched and, with that, what was not.
 */
let bench: Bench;
let operator: Operator;
beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  bench = await Bench.start('prod');
  operator = new Operator(bench);
  await up();
});
beforeEach(async () => {
  await operator.mark();
});
afterAll(async () => {
  delete process.env.MESH_LAB_PACE;
  await bench.stop();
});

const entry = z.record(z.string(), z.unknown());
const RELEASES = PROD_SERVERS.map((name) => `update HostRelease ${name}`);
/** The policy, and what is asked of it once it stands. */
const POLICY = ['update TailnetPolicy acme', 'update TailnetTests acme'];
const NEXT = generateKey('ed25519');
const next = `${publicLine(NEXT) ?? ''} next@example.com`;

const edit = (site: string, values: Entry, host?: string): Promise<void> => editSite(bench, site, values, host);
const happened = (): Promise<string[]> => operator.happened();
const gaps = (pair: string): Promise<string[]> => operator.gaps(pair);
const up = (...args: string[]): Promise<string[]> => operator.up(...args);
const refused = (...args: string[]): Promise<string> => operator.refused(...args);
const host = (name: string) => operator.host(name);
const device = (name: string) => operator.device(name);
const opens = (name: string, key: string): Promise<boolean> => operator.opens(name, key);
async function unprotect(...args: string[]): Promise<void> {
  const ended = await operator.unprotect(...args);
  expect(ended.code, ended.text).toBe(0);
}
const editSsh = (values: Entry): Promise<void> => editSection(bench, 'ssh', values);
const runsOn = (service: string, on: string[], port: number): Promise<void> =>
  editSection(bench, 'services', { [service]: { on, ports: [`tcp/${port}`] } });

test('a new deploy key without the rotation: confirmed nowhere, and the host goes back to the old one', async () => {
  await editSsh({ publicKey: next });
  const old = bench.config.deployKey;
  const text = await refused('up', '--yes', '--skip-preview');
  // The first one that fails stops the up: which one that is differs.
  const [, hit = text] =
    /is active on (\S+) but not confirmed: the host goes back to the last confirmed/.exec(text) ?? [];
  expect(await opens(hit, old.privateKey), 'until then').toBe(false);
  await meanwhile(bench.dir, timersOver);
  expect(await opens(hit, old.privateKey)).toBe(true);
  await editSsh({ publicKey: old.publicKey });
  expect((await up()).filter((step) => !/ (SshKey|deleted) /.test(step))).toEqual([]);
  expect(await happened(), 'no server and no node was touched').toEqual([]);
});

test('a deploy key rotated in three ups: no server is touched, and the old key is out at the end', async () => {
  const old = bench.config.deployKey;
  await editSsh({ alsoPublicKeys: [next] });
  expect(await up(), 'beside the old one').toEqual(RELEASES);
  expect([await opens('fra-db-01', old.privateKey), await opens('fra-db-01', NEXT)]).toEqual([true, true]);

  // Existing machines are their owner's: he lets the key in.
  const file = join(bench.dir, 'lab.json');
  const lab = z
    .object({ deployKey: z.object({}).loose() })
    .loose()
    .parse(JSON.parse(await readFile(file, 'utf8')));
  await writeFile(file, JSON.stringify({ ...lab, deployKey: { privateKey: NEXT, publicKey: next } }));

  await bench.secret('site-mesh:sshPrivateKey', NEXT);
  const records = await up();
  expect(records.filter((step) => !/^update (HostRelease|TailnetNode|Command) /.test(step))).toEqual([]);
  expect(records, 'own commands run again').toContain('update Command nyc-edge-01.journal-limit');
  await editSsh({ publicKey: next, alsoPublicKeys: [] });
  const last = await up();
  expect(last.filter((step) => !/ SshKey acme(-fra)?$/.test(step))).toEqual(RELEASES);
  expect(last).toContain('create-replacement SshKey acme-fra');
  expect([await opens('fra-db-01', old.privateKey), await opens('fra-db-01', NEXT)]).toEqual([false, true]);
  expect(await happened()).toEqual([]);
  expect(await up('--expect-no-changes')).toEqual([]);
});

test('another host key of an existing machine: refused until its owner declares it', async () => {
  const other = generateKey('ed25519');
  const declared = publicLine(other) ?? '';
  await meanwhile(bench.dir, (one) =>
    one.name === 'gra-edge-02' ? { ...one, hostKeys: { ...one.hostKeys, ed25519: other } } : one,
  );
  await edit('eu-gra', { commands: { note: { run: 'true' } } }, 'gra-edge-02');
  expect(await refused('up', '--yes', '--skip-preview')).toMatch(/gra-edge-02[^]*host key/);

  await edit('eu-gra', { ssh: { host: '198.51.100.11', port: 2222, hostKey: declared } }, 'gra-edge-02');
  expect((await up()).filter((step) => !step.includes('gra-edge-02'))).toEqual([]);
  expect((await host('gra-edge-02')).hostKey).toBe(declared);
  expect(await happened()).toEqual([]);
});

test('hosts made anew from nothing: address, name and partner stay, the identity in the tailnet is another', async () => {
  const anew = { 'fra-db-01': 'eu-fra', 'nyc-edge-01': 'us-nyc', 'sin-app-01': 'ap-sin' };
  const names = Object.keys(anew);
  const urns = await Promise.all(names.map((name) => bench.urn(name === 'fra-db-01' ? 'Server' : 'Droplet', name)));
  // After a break-in: whoever was root there knows the key that it was born with.
  const born = await bench.urn('HostKey', 'sin-app-01');
  const replace = [...urns, born].flatMap((urn) => ['--replace', urn]);
  expect(await refused('preview', ...replace)).toMatch(/protect/);
  const before = await Promise.all(names.map(async (name) => ({ ...(await host(name)), node: await device(name) })));
  const partner = await device('nyc-edge-02');

  for (const [name, site] of Object.entries(anew)) await unprotect(site, name);
  const steps = await up(...replace);
  expect(
    steps.filter(
      (step) => !names.some((name) => step.includes(name)) && !/ (ProjectResources|TailnetTests) /.test(step),
    ),
  ).toEqual([]);
  const after = await Promise.all(names.map(async (name) => ({ ...(await host(name)), node: await device(name) })));
  expect(after.map(({ name }) => name)).toEqual(names);
  for (const [index, now] of after.entries()) {
    const old = before[index];
    expect(now.hostKey, `${now.name} made a host key of its own`).not.toBe(old?.hostKey);
    if (now.name !== 'fra-db-01') expect(now.node, `${now.name} is another node`).not.toBe(old?.node);
  }
  expect(after[0]?.lan, 'chosen by us').toBe(before[0]?.lan);
  expect(after[1]?.publicAddress, 'a router’s is reserved').toBe(before[1]?.publicAddress);
  expect(await device('nyc-edge-02')).toBe(partner);
  expect(await gaps('nyc-edge-')).toEqual([]);
  expect(await refused('preview', ...replace), 'protected again').toMatch(/protect/);
});

test('both droplets that route resized: one after the other, drained before and serving again before the next', async () => {
  const routers = ['nyc-edge-01', 'nyc-edge-02'];
  for (const name of routers) await edit('us-nyc', { serverType: 's-1vcpu-2gb' }, name);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(diagnostics(run.events, 'warning')).toEqual([]);
  const order = (name: string): string[] =>
    ['drained', 'off', 's-1vcpu-2gb', 'on', 'advertises'].map((event) => `${name} ${event}`);
  expect(await happened()).toEqual(routers.flatMap(order));
  expect(await gaps('nyc-edge-')).toEqual([]);
  const changed = (name: string): string[] =>
    ['Droplet', 'HostRelease', 'TailnetNode'].map((type) => `update ${type} ${name}`);
  expect(touched(run.events)).toEqual(routers.flatMap(changed).sort());
});

test('hosts renamed in place: the same servers, addresses and nodes, under other names', async () => {
  const names: Record<string, [site: string, name: string]> = {
    'fra-db-01': ['eu-fra', 'fra-pg-01'],
    'fra-edge-02': ['eu-fra', 'fra-edge-03'],
    'nyc-edge-02': ['us-nyc', 'nyc-edge-09'],
    'sin-app-02': ['ap-sin', 'sin-web-02'],
  };
  const pairs = Object.entries(names).map(([old, [site, now]]) => ({ old, site, now }));
  const before = await Promise.all(pairs.map(async ({ old }) => [await host(old), await device(old)] as const));
  for (const { old, site, now } of pairs) await edit(site, { name: now }, old);
  await runsOn('postgres', ['fra-pg-01'], 5432);
  expect(await refused('preview'), 'without formerly it is another host').toMatch(/protect/);

  for (const { old, site, now } of pairs) await edit(site, { formerly: old }, now);
  const renamed = (types: string, name: string): string[] => types.split(' ').map((type) => `update ${type} ${name}`);
  expect(await up()).toEqual(
    [
      ...renamed('HostRelease PrimaryIp Server ServerReady TailnetNode', 'fra-edge-03'),
      ...renamed('HostRelease Server ServerReady', 'fra-pg-01'),
      ...renamed('Droplet HostRelease TailnetNode', 'nyc-edge-09'),
      ...renamed('Droplet HostRelease TailnetNode', 'sin-web-02'),
      ...POLICY,
    ].sort(),
  );
  expect((await happened()).filter((event) => /made|deleted|off|drained|removed/.test(event))).toEqual([]);
  const after = await Promise.all(pairs.map(async ({ now }) => [await host(now), await device(now)] as const));
  expect(after.map(([one, node]) => [{ ...one, name: '' }, node])).toEqual(
    before.map(([one, node]) => [{ ...one, name: '' }, node]),
  );
  expect(await device('nyc-edge-02')).toBeUndefined();
  for (const { site, now } of pairs) await edit(site, { formerly: undefined }, now);
  expect(await up('--expect-no-changes')).toEqual([]);
});

test('a larger prefix: refused by protection at the clouds, where it takes a LAN apart; taken by machines of your own', async () => {
  const grow = (site: string, cidr: string): Promise<void> => edit(site, { cidr });
  for (const [site, now, larger, what] of [
    ['eu-fra', '10.77.10.0/24', '10.77.10.0/23', /replace[^]*networkSubnet:NetworkSubnet::eu-fra[^]*protect/],
    [
      'ap-sin',
      '10.77.20.0/24',
      '10.77.20.0/23',
      /replace[^]*droplet:Droplet::sin-(?:app-01|web-02)[^]*as part of replacing[^]*vpc:Vpc::ap-sin[^]*protect/,
    ],
  ] as const) {
    await grow(site, larger);
    expect(await refused('up', '--yes')).toMatch(what);
    await grow(site, now);
  }
  await unprotect('eu-fra');
  await grow('eu-fra', '10.77.10.0/23');
  const apart = await up();
  expect(
    apart.filter(
      (step) =>
        !/ (NetworkSubnet eu-fra|NetworkRoute eu-fra-.*|Tailnet(Policy|Tests) acme)$/.test(step) &&
        !step.includes(' fra-'),
    ),
  ).toEqual([]);
  expect(apart).toContain('create-replacement ServerNetwork fra-edge-01');
  expect(await happened(), 'no server was touched').toEqual([]);

  await grow('eu-gra', '10.77.40.0/23');
  expect(await up()).toEqual([
    'create-replacement NetworkRoute eu-fra-to-eu-gra',
    'delete-replaced NetworkRoute eu-fra-to-eu-gra',
    'replace NetworkRoute eu-fra-to-eu-gra',
    'update HostRelease gra-edge-01',
    'update HostRelease gra-edge-02',
    'update TailnetNode gra-edge-01',
    'update TailnetNode gra-edge-02',
    ...POLICY,
  ]);
  expect(await happened()).toEqual([]);
});

test('a host moved to another site: the new one serves before the old one goes', async () => {
  const old = 'nyc-infra-01';
  const moved = 'sin-infra-01';
  /** But for the account's list of droplets. */
  const others = (steps: string[], name: string): string[] =>
    steps.filter((step) => !step.endsWith(` ${name}`) && step !== 'update ProjectResources acme');
  const apps = ['sin-app-01', 'sin-web-02'].map((name) => ({ name, roles: ['app'] }));
  await edit('ap-sin', { hosts: [...apps, { name: moved, roles: ['infra'] }] });
  await runsOn('logs', [old, moved], 6514);
  expect(others(await up(), moved)).toEqual([...POLICY]);
  await runsOn('logs', [moved], 6514);
  expect(others(await up(), old), 'the switch').toEqual([...POLICY]);

  await edit('us-nyc', { hosts: [] });
  expect(await refused('up', '--yes')).toMatch(/protect/);
  await unprotect('us-nyc', old);
  expect(others(await up(), old)).toEqual(['delete Firewall us-nyc-members', 'delete Tag us-nyc-members', ...POLICY]);
  expect(await happened()).toEqual([`${moved} made`, `${old} device removed`, `${old} off`, `${old} deleted`]);
});

test('a site retired: first who may reach it, then the site itself, and nothing else', async () => {
  const retire = (config: Record<string, unknown>): void => {
    const { 'eu-fra': gone, ...kept } = sitesOf(config);
    expect(gone).toBeDefined();
    config['site-mesh:sites'] = kept;
  };
  let full: Record<string, unknown> = {};
  await bench.edit((config) => {
    full = structuredClone(config);
    retire(config);
  });
  expect(await refused('preview'), 'while a service names a host of it').toMatch(
    /services\.postgres\.on\[0\] = fra-pg-01/,
  );
  await bench.edit((config) => {
    const { postgres, ...services } = entry.parse(full['site-mesh:services']);
    expect(postgres).toBeDefined();
    const rule = z.object({ to: z.string().optional(), from: z.array(z.string()) }).loose();
    const access = z.array(rule).parse(full['site-mesh:access']);
    config['site-mesh:sites'] = full['site-mesh:sites'];
    config['site-mesh:services'] = services;
    config['site-mesh:access'] = access.filter(({ to, from }) => to !== 'postgres' && !from.includes('role:db'));
  });
  expect(await up()).toEqual([...POLICY]);
  await bench.edit(retire);
  const { code, stdout } = await operator.unprotect('eu-fra', '--dry-run');
  expect(code).toBe(0);
  expect(stdout.match(/urn:\S+/g)).toHaveLength(7);
  expect(stdout).not.toMatch(/::(ap-sin|us-nyc|sin-|nyc-)/);
  expect(await refused('up', '--yes'), 'its preview ends it: a dry run lifted nothing').toMatch(/protect/);
  expect(await happened()).toEqual([]);

  await unprotect('eu-fra');
  const steps = await up();
  expect(steps.filter((step) => !/^delete \S+ (eu-fra|fra-|acme-fra|hetzner-fra)/.test(step))).toEqual([...POLICY]);
  expect((await happened()).filter((event) => !event.startsWith('fra-'))).toEqual([]);
  expect(await up('--expect-no-changes')).toEqual([]);
  const again = await operator.unprotect('eu-fra');
  expect([again.code, again.stderr]).toEqual([
    2,
    'mesh: the state of prod has no site eu-fra. There: ap-sin, eu-gra, us-nyc\n',
  ]);
});
