import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Bench } from './bench.ts';
import { changes, diagnostics, type Step } from './events.ts';

/** The checked-in production stack, by the real engine. In order: each test begins where the one before ended. */
let bench: Bench;
beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  bench = await Bench.start('prod');
});
afterAll(() => bench.stop());

type Sites = Record<string, { cloud: string; hosts?: Record<string, unknown>[] } & Record<string, unknown>>;
const told = (list: readonly Step[]): string[] => list.map(({ op, type, name }) => `${op} ${type} ${name}`).sort();

test('three kinds of clouds and four sites are built, and a second up changes nothing', async () => {
  const first = await bench.up();
  expect(first.code, first.text).toBe(0);
  const created = changes(first.events).filter(({ op }) => op === 'create');
  for (const type of ['hcloud:index/server:Server', 'digitalocean:index/droplet:Droplet', 'command:remote:Command'])
    expect(created.map((step) => step.type)).toContain(type);
  const second = await bench.up('--expect-no-changes');
  expect(second.code, second.text).toBe(0);
});

test('no LAN address that DigitalOcean gave stands in the policy, and its members are there by tag', async () => {
  const { hosts } = (await bench.outputs()) as { hosts: { site: string; lan: string; tailnetAddresses: string[] }[] };
  const assigned = hosts.filter(({ site }) => ['ap-sin', 'us-nyc'].includes(site));
  expect(assigned).toHaveLength(5);
  const policy = String(await bench.tailscale('GET', '/tailnet/-/acl'));
  for (const { lan, tailnetAddresses } of assigned) {
    expect(lan).toMatch(/^10\.77\.[23]0\./);
    expect(policy).not.toContain(lan);
    expect(tailnetAddresses).not.toEqual([]);
  }
  // A control: a LAN host's address is chosen, and does stand there.
  expect(policy).toContain('10.77.10.10');
});

test('a new site changes nothing of the others but policy, network routes and the account’s list', async () => {
  await bench.edit((config) => {
    (config['site-mesh:sites'] as Sites)['eu-hel'] = {
      cloud: 'hetzner',
      account: 'fra',
      location: 'hel1',
      cidr: '10.77.50.0/24',
      routers: [{ name: 'hel-edge-01', lan: '10.77.50.2' }],
    };
  });
  const run = await bench.pulumi(['preview', '--suppress-outputs']);
  expect(run.code, run.text).toBe(0);
  const others = changes(run.events).filter(({ name }) => !/^(hel-|eu-hel)/.test(name));
  expect(told(others)).toEqual([
    'create hcloud:index/networkRoute:NetworkRoute eu-fra-to-eu-hel',
    'update mesh:index:TailnetPolicy acme',
    'update mesh:index:TailnetTests acme',
  ]);
});

test('a site that goes and a host that comes touch no server, network, node or key of another site', async () => {
  const tracked = parse(readFileSync('Pulumi.prod.yaml', 'utf8')) as { config: Record<string, unknown> };
  await bench.edit((config) => {
    const sites = config['site-mesh:sites'] as Sites;
    delete sites['eu-hel'];
    sites['ap-sin']?.hosts?.push({ name: 'sin-app-03', roles: ['app'] });
    delete sites['us-nyc'];
    // Its logs and the logins on it go with it.
    const keep = (rule: { to?: string; ssh?: object }): boolean => rule.to !== 'logs' && rule.ssh === undefined;
    const access = tracked.config['site-mesh:access'] as { from: string[]; to?: string; ssh?: object }[];
    config['site-mesh:access'] = access
      .filter(keep)
      .map((rule) => ({ ...rule, from: rule.from.filter((from) => from !== 'site:us-nyc') }));
    const services = config['site-mesh:services'] as Record<string, { on: string[] }>;
    delete services.logs;
    if (services.ssh) services.ssh.on = ['role:router', 'role:app'];
  });
  const run = await bench.pulumi(['preview', '--suppress-outputs']);
  // The site's droplets, addresses and VPC are protected: its removal is refused, one by one.
  expect(run.code).not.toBe(0);
  expect(diagnostics(run.events, 'error').join('\n')).toMatch(/protected|protect/);
  const others = changes(run.events).filter(({ name }) => !/^(nyc-|us-nyc|sin-app-03)/.test(name));
  const touched = others.filter(({ type }) =>
    /server:Server|droplet|vpc|network:Network|TailnetNode|HostKey|HostRelease/i.test(type),
  );
  expect(told(touched)).toEqual([]);
});

test('faults of every kind come at once, and nothing is asked of a cloud', async () => {
  await bench.edit((config) => {
    const sites = config['site-mesh:sites'] as Sites;
    Object.assign(sites['eu-fra'] ?? {}, { location: 'fsn9', vip: '10.77.99.1' });
    Object.assign(sites['ap-sin'] ?? {}, { snat: false, cidr: '10.77.10.128/25' });
    config['site-mesh:acess'] = [];
  });
  const run = await bench.pulumi(['preview', '--suppress-outputs']);
  expect(run.code).not.toBe(0);
  for (const words of [
    'sites.eu-fra.location = fsn9',
    'did you mean fsn1',
    'sites.eu-fra.vip',
    'sites.ap-sin.snat',
    'overlaps 10.77.10.0/24',
    'did you mean access?',
  ])
    expect(run.text).toContain(words);
  expect(changes(run.events).filter(({ type }) => !type.startsWith('pulumi:'))).toEqual([]);
});
