import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Bench } from './bench.ts';
import { changes, diagnostics, steps, type Step } from './events.ts';

/**
 * One stack through its life, in order: each test begins where the one before ended. What is asserted is what the
 * engine, the clouds and the hosts say, never our own bookkeeping.
 */
let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.stop());

const named = z.object({ id: z.number(), name: z.string() });
const device = z.object({
  nodeId: z.string(),
  hostname: z.string(),
  name: z.string(),
  tags: z.array(z.string()).default([]),
});

async function servers(): Promise<z.infer<typeof named>[]> {
  return z.object({ servers: z.array(named) }).parse(await bench.hetzner('GET', '/servers')).servers;
}

async function droplets(): Promise<z.infer<typeof named>[]> {
  return z.object({ droplets: z.array(named) }).parse(await bench.digitalocean('GET', '/droplets')).droplets;
}

async function devices(): Promise<z.infer<typeof device>[]> {
  return z.object({ devices: z.array(device) }).parse(await bench.tailscale('GET', '/tailnet/-/devices')).devices;
}

const of = (list: readonly Step[], type: string): Step[] => list.filter((step) => step.type.endsWith(type));
const touching = (list: readonly Step[], host: string): Step[] => list.filter((step) => step.name.includes(host));
/** Of the tailnet: the routers, and DigitalOcean's host, whose cloud has no routers here. */
const MEMBERS = ['fra-edge-01', 'fra-edge-02', 'sin-app-01'];
const SECOND_SITE = {
  cloud: 'hetzner',
  location: 'nbg1',
  cidr: '10.78.30.0/24',
  routers: [
    { name: 'nbg-edge-01', lan: '10.78.30.2' },
    { name: 'nbg-edge-02', lan: '10.78.30.3' },
  ],
};

test('a preview shows the component tree, says who gains access, and creates nothing', async () => {
  const run = await bench.pulumi(['preview']);
  expect(run.text).toContain('site-mesh:hetzner:Site');
  expect(run.code).toBe(0);
  expect(diagnostics(run.events, 'warning')).toEqual([]);
  expect(diagnostics(run.events, 'info').join('\n')).toMatch(/group:platform gains tcp\/5432 on fra-db-01/);
  expect(await servers()).toEqual([]);
});

test('up builds the site: policy first, then router A whole, then router B', async () => {
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(diagnostics(run.events, 'warning')).toEqual([]);
  const list = steps(run.events);
  const [policy] = of(list, 'TailnetPolicy');
  const chain = list.filter((step) => /index\/server:Server$|HostRelease|TailnetNode/.test(step.type));
  const a = touching(chain, 'fra-edge-01');
  const b = touching(chain, 'fra-edge-02');
  expect(a).toHaveLength(3);
  const endOfA = Math.max(...a.map((step) => step.end ?? Infinity));
  expect(policy?.end).toBeLessThan(Math.min(...of(list, 'TailnetNode').map((step) => step.start)));
  expect(b).toHaveLength(3);
  expect(Math.min(...b.map((step) => step.start))).toBeGreaterThan(endOfA);
  expect((await servers()).map((server) => server.name).sort()).toEqual(['fra-db-01', 'fra-edge-01', 'fra-edge-02']);
  expect((await devices()).map((one) => one.hostname).sort()).toEqual(MEMBERS);
  expect((await droplets()).map((one) => one.name)).toEqual(['sin-app-01']);
});

test('a second up changes nothing', async () => {
  const run = await bench.up('--expect-no-changes');
  expect(run.code, run.text).toBe(0);
  expect(changes(run.events)).toEqual([]);
});

test('a refresh finds nothing that a plan would follow', async () => {
  expect((await bench.pulumi(['refresh', '--yes', '--skip-preview'])).code).toBe(0);
  const run = await bench.pulumi(['preview', '--expect-no-changes']);
  expect(run.code, run.text).toBe(0);
});

test('another site is built, and touches no host of the first', async () => {
  await bench.edit((config) => {
    const sites = z.record(z.string(), z.unknown()).parse(config['site-mesh:sites']);
    config['site-mesh:sites'] = { ...sites, 'eu-nbg': SECOND_SITE };
  });
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(touching(changes(run.events), 'nbg-edge-01').length).toBeGreaterThan(0);
  for (const host of ['fra-edge-01', 'fra-edge-02', 'fra-db-01', 'sin-app-01'])
    expect(touching(changes(run.events), host), host).toEqual([]);
});

test('a change of all routers: their file diff is shown, and B is never touched in the same step as A', async () => {
  const snat = (change: object) => (config: Record<string, unknown>) => {
    const sites = z.record(z.string(), z.record(z.string(), z.unknown())).parse(config['site-mesh:sites']);
    const plain = Object.entries(sites['eu-fra'] ?? {}).filter(([key]) => !['snat', 'vip'].includes(key));
    config['site-mesh:sites'] = { ...sites, 'eu-fra': { ...Object.fromEntries(plain), ...change } };
  };
  await bench.edit(snat({ snat: false, vip: '10.78.10.4' }));
  const preview = await bench.pulumi(['preview', '--diff']);
  expect(preview.code, preview.text).toBe(0);
  const paths = of(changes(preview.events), 'HostRelease')
    .filter((step) => step.op === 'update')
    .flatMap((step) => step.paths);
  expect(
    paths.some((path) => /^files\["\/.*"\]/.test(path)),
    paths.join(),
  ).toBe(true);

  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  const updates = of(changes(run.events), 'HostRelease').filter((step) => step.op === 'update');
  const a = updates.find((step) => step.name === 'fra-edge-01');
  const b = updates.find((step) => step.name === 'fra-edge-02');
  expect(a?.end).toBeLessThan(b?.start ?? -1);
  expect(touching(changes(run.events), 'fra-db-01')).toEqual([]);
  await bench.edit(snat({}));
  const back = await bench.up();
  expect(back.code, back.text).toBe(0);
});

test('the site removed again leaves the first as it was', async () => {
  const before = await servers();
  await bench.edit((config) => {
    const sites = z.record(z.string(), z.unknown()).parse(config['site-mesh:sites']);
    config['site-mesh:sites'] = Object.fromEntries(Object.entries(sites).filter(([name]) => name !== 'eu-nbg'));
  });
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(await servers()).toEqual(before.filter((server) => server.name.startsWith('fra-')));
  expect(await devices()).toHaveLength(MEMBERS.length);
});

test('a site moved to another location is built anew there: addresses cannot move, and nothing hangs on them', async () => {
  const move = (location: string) => (config: Record<string, unknown>) => {
    const sites = z.record(z.string(), z.record(z.string(), z.unknown())).parse(config['site-mesh:sites']);
    config['site-mesh:sites'] = { ...sites, 'eu-fra': { ...sites['eu-fra'], location } };
  };
  await bench.edit(move('nbg1'));
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect((await bench.up('--expect-no-changes')).code).toBe(0);
  expect(await devices()).toHaveLength(MEMBERS.length);
  await bench.edit(move('fsn1'));
  const back = await bench.up();
  expect(back.code, back.text).toBe(0);
});

test('a replaced router gets a new identity, its old device goes, and its partner is not touched', async () => {
  const before = await devices();
  const urn = await bench.urn('Server', 'fra-edge-01');
  const run = await bench.up('--replace', urn);
  expect(run.code, run.text).toBe(0);
  expect(touching(changes(run.events), 'fra-edge-02')).toEqual([]);
  const after = await devices();
  const id = (list: typeof before, name: string): string | undefined =>
    list.find((one) => one.hostname === name)?.nodeId;
  expect(after).toHaveLength(MEMBERS.length);
  expect(id(after, 'fra-edge-01')).not.toBe(id(before, 'fra-edge-01'));
  expect(id(after, 'fra-edge-02')).toBe(id(before, 'fra-edge-02'));
  // The name is the old one without a suffix: the old device went first.
  expect(after.map((one) => one.name.split('.')[0]).sort()).toEqual(MEMBERS);
  expect((await bench.up('--expect-no-changes')).code).toBe(0);
});

test('a node that somebody deleted is found by refresh and joined again by up', async () => {
  const [first] = await devices();
  await bench.tailscale('DELETE', `/device/${first?.nodeId}`);
  const refresh = await bench.pulumi(['refresh', '--yes', '--skip-preview']);
  expect(refresh.code, refresh.text).toBe(0);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(changes(run.events).map((step) => `${step.op} ${step.type}`)).toEqual([
    'create mesh:index:TailnetNode',
    'update mesh:index:TailnetTests',
  ]);
  expect(await devices()).toHaveLength(MEMBERS.length);
});

test('a firewall that somebody edited is found by refresh and put right by up', async () => {
  const { firewalls } = z
    .object({ firewalls: z.array(z.object({ id: z.number(), rules: z.array(z.unknown()) })) })
    .parse(await bench.hetzner('GET', '/firewalls'));
  const open = { direction: 'in', protocol: 'tcp', port: '1-65535', source_ips: ['0.0.0.0/0'], description: 'open' };
  await bench.hetzner('POST', `/firewalls/${firewalls[0]?.id}/actions/set_rules`, { rules: [open] });
  expect((await bench.pulumi(['preview', '--expect-no-changes'])).code, 'without a refresh nobody sees it').toBe(0);
  await bench.pulumi(['refresh', '--yes', '--skip-preview']);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(changes(run.events).map((step) => `${step.op} ${step.type}`)).toEqual([
    'update hcloud:index/firewall:Firewall',
  ]);
  const after = z
    .object({ firewalls: z.array(z.object({ rules: z.array(z.unknown()) })) })
    .parse(await bench.hetzner('GET', '/firewalls'));
  expect(after.firewalls[0]?.rules).toEqual(firewalls[0]?.rules);
});

test('destroy leaves exactly the documented residue: the tailnet policy, and the tags of all droplets', async () => {
  const policy = await fetchPolicy();
  const run = await bench.pulumi(['destroy', '--yes', '--skip-preview']);
  expect(run.code, run.text).toBe(0);
  for (const kind of ['servers', 'networks', 'firewalls', 'primary_ips', 'placement_groups', 'ssh_keys']) {
    const answer = z.record(z.string(), z.unknown()).parse(await bench.hetzner('GET', `/${kind}`));
    expect(answer[kind], kind).toEqual([]);
  }
  for (const kind of ['droplets', 'firewalls', 'reserved_ips', 'account/keys']) {
    const answer = z.record(z.string(), z.unknown()).parse(await bench.digitalocean('GET', `/${kind}`));
    expect(answer[kind.replace('account/', 'ssh_')], kind).toEqual([]);
  }
  const { tags } = z
    .object({ tags: z.array(z.object({ name: z.string() })) })
    .parse(await bench.digitalocean('GET', '/tags'));
  const left = tags.map(({ name }) => name).sort();
  expect(left).toEqual(['env:staging', 'managed-by:site-mesh', 'owner:acme', 'role:member']);
  expect(await devices()).toEqual([]);
  expect(await fetchPolicy()).toBe(policy);
});

test('up after destroy works, and adopts the policy that stayed', async () => {
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect((await bench.up('--expect-no-changes')).code).toBe(0);
});

async function fetchPolicy(): Promise<string> {
  const basic = Buffer.from(`${bench.tenant.tailscale.apiKey}:`).toString('base64');
  const answer = await fetch(`http://${bench.config.host}:${bench.config.apiPort}/api/v2/tailnet/-/acl`, {
    headers: { authorization: `Basic ${basic}`, accept: 'application/hujson' },
  });
  return answer.text();
}
