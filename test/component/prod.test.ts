import { remote } from '@pulumi/command';
import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { beforeFirewall, beforePolicy, pairFaults, tampered, treeText } from './order.ts';
import { leaks, one, Secret, type Recording, type Registration } from './record.ts';
import { program, recordProd, recordStaging, SENTINELS, sitesWith, stackConfig } from './staging.ts';
import { structureFaults } from './structure.ts';

let prod: Recording;
let staging: Recording;
beforeAll(async () => {
  prod = await recordProd();
  staging = await recordStaging();
});
const both = (): [string, Recording][] => [
  ['prod', prod],
  ['staging', staging],
];
const named = ({ type, name }: Registration): string => `${type} ${name}`;

describe('the whole tree', () => {
  test('of each checked-in stack is the one that is written down, with parents, providers and options', async () => {
    for (const [stack, recording] of both())
      await expect(treeText(recording)).toMatchFileSnapshot(`trees/${stack}.txt`);
    expect(prod.resources.length).toBeGreaterThan(90);
  });

  test('has a component above every child, an explicit provider for it, and outputs of every component', () => {
    for (const [, recording] of both()) expect(structureFaults(recording)).toEqual([]);
  });

  test('is the same in a preview in which nothing is known', async () => {
    const preview = await recordProd({ preview: true });
    expect(preview.resources.map(({ urn }) => urn).sort()).toEqual(prod.resources.map(({ urn }) => urn).sort());
    expect(treeText(preview)).toBe(treeText(prod));
  });

  test('has a name of its own for everything of one type, whatever stands above it', () => {
    // Hosts may be called `a` and `a-b`, commands `b-c` and `c`: a name made of both must not be the same.
    const keys = prod.resources.map(named);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('order', () => {
  test('nothing is made or joined before the policy stands', () => {
    for (const [, recording] of both()) expect(beforePolicy(recording)).toEqual([]);
  });
  test('what does not wait for it is found', async () => {
    const stray = { type: 'digitalocean:index/vpc:Vpc', name: 'ap-sin' };
    const found = beforePolicy(tampered(prod, stray, () => ({ dependencies: [] })));
    expect(found).toEqual(['digitalocean:index/vpc:Vpc ap-sin']);
    const more = await recordStaging({}, () => {
      program();
      new hcloud.SshKey('stray', { publicKey: 'x' });
    });
    expect(beforePolicy(more)).toEqual(['hcloud:index/sshKey:SshKey stray']);
  });

  test('every server and droplet finds its firewall there already', () => {
    for (const [, recording] of both()) expect(beforeFirewall(recording)).toEqual([]);
  });
  test('a droplet or a server without one is found, and so is one that another firewall waits for', () => {
    const droplet = { type: 'digitalocean:index/droplet:Droplet', name: 'sin-app-01' };
    const server = { type: 'hcloud:index/server:Server', name: 'fra-db-01' };
    const early = ({ dependencies }: Registration) => ({
      dependencies: dependencies.filter((urn) => !urn.includes('firewall')),
    });
    expect(beforeFirewall(tampered(prod, droplet, early))).toEqual([`${droplet.type} sin-app-01`]);
    expect(beforeFirewall(tampered(prod, server, early))).toEqual([`${server.type} fra-db-01`]);
    const untagged = ({ inputs }: Registration) => ({ inputs: { ...inputs, tags: ['managed-by:site-mesh'] } });
    expect(beforeFirewall(tampered(prod, droplet, untagged))).toEqual([`${droplet.type} sin-app-01`]);
  });

  test.each([
    ['Hetzner', 'fra-edge-01', 'fra-edge-02'],
    ['DigitalOcean, with a command of its owner’s', 'nyc-edge-01', 'nyc-edge-02'],
    ['existing hosts', 'gra-edge-01', 'gra-edge-02'],
  ])('all of router B waits for all of router A, by order alone (%s)', (_, first, second) => {
    expect(pairFaults(prod, first, second)).toEqual([]);
    expect(pairFaults(prod, second, first).length).toBeGreaterThan(3);
  });
  test('a router that touches its server before the partner is finished is found, and so is a value that flows', () => {
    const droplet = { type: 'digitalocean:index/droplet:Droplet', name: 'nyc-edge-02' };
    const eager = ({ dependencies }: Registration) => ({
      dependencies: dependencies.filter((urn) => !urn.includes('nyc-edge-01')),
    });
    const [fault] = pairFaults(tampered(prod, droplet, eager), 'nyc-edge-01', 'nyc-edge-02');
    expect(fault).toMatch(/^digitalocean:index\/droplet:Droplet nyc-edge-02 before /);
    const { urn } = one(prod, 'mesh:index:TailnetNode', 'gra-edge-01');
    const release = { type: 'mesh:index:HostRelease', name: 'gra-edge-02' };
    const flowing = tampered(prod, release, () => ({ propertyDependencies: { lan: [urn] } }));
    expect(pairFaults(flowing, 'gra-edge-01', 'gra-edge-02')).toEqual([
      'mesh:index:HostRelease gra-edge-02 takes lan from gra-edge-01',
    ]);
  });
});

describe('providers', () => {
  const byPackage = (recording: Recording, site?: string): Record<string, string[]> => {
    const found: Record<string, Set<string>> = {};
    for (const { type, provider, urn, name } of recording.resources) {
      if (provider === '' || (site !== undefined && !`${urn} ${name}`.includes(site))) continue;
      (found[type.split(':')[0] ?? ''] ??= new Set()).add(provider.split('::').at(-2) ?? '');
    }
    return Object.fromEntries(Object.entries(found).map(([key, names]) => [key, [...names].sort()]));
  };
  const token = (recording: Recording, type: string, name: string): unknown =>
    one(recording, `pulumi:providers:${type}`, name).inputs.token;

  test('each account is a provider with its own token; the others are shared', () => {
    expect(byPackage(prod)).toEqual({
      hcloud: ['hetzner-fra'],
      digitalocean: ['digitalocean'],
      tailscale: ['tailscale'],
      mesh: ['mesh'],
      command: ['command'],
    });
    expect(token(prod, 'hcloud', 'hetzner-fra')).toEqual(new Secret(SENTINELS.accountToken));
    expect(token(prod, 'digitalocean', 'digitalocean')).toEqual(new Secret(SENTINELS.digitaloceanToken));
    expect(token(staging, 'hcloud', 'hetzner')).toEqual(new Secret(SENTINELS.hcloudToken));
  });

  test('settings of the tailnet are made anew in another one, and nothing else is by such a trigger', () => {
    const triggers = (of: boolean): unknown[] => [
      ...new Set(
        prod.resources
          .filter(({ type, custom }) => custom && type.startsWith('tailscale:') === of)
          .map((one) => one.replacementTrigger),
      ),
    ];
    expect([triggers(true), triggers(false)]).toEqual([['acme-prod'], [undefined]]);
  });

  test('a variable of this process sends no token elsewhere', async () => {
    vi.stubEnv('DIGITALOCEAN_API_URL', 'https://elsewhere.example.com');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { apiEndpoint } = one(await recordProd(), 'pulumi:providers:digitalocean', 'digitalocean').inputs;
    expect(apiEndpoint).toBe('https://api.digitalocean.com');
    const { config, secretConfig } = stackConfig('prod', { 'digitalocean:apiEndpoint': 'http://127.0.0.1:4001' });
    const lab = await recordProd({ config, secretConfig });
    expect(one(lab, 'pulumi:providers:digitalocean', 'digitalocean').inputs.apiEndpoint).toBe('http://127.0.0.1:4001');
  });

  test('two accounts at one cloud are two providers, each with a project and a deploy key of its own', async () => {
    const change = sitesWith('prod', (sites) => ({ 'us-nyc': { ...sites['us-nyc'], account: 'nyc' } }));
    const tokens = { 'site-mesh:accountTokens': JSON.stringify({ fra: 'sentinel-a', nyc: 'sentinel-b' }) };
    const { config, secretConfig } = stackConfig('prod', change);
    const recording = await recordProd({ config: { ...config, ...tokens }, secretConfig });
    expect(byPackage(recording, 'sin-app-01').digitalocean).toEqual(['digitalocean']);
    expect(byPackage(recording, 'nyc-').digitalocean).toEqual(['digitalocean-nyc']);
    expect(token(recording, 'digitalocean', 'digitalocean-nyc')).toEqual(new Secret('sentinel-b'));
    expect(token(recording, 'hcloud', 'hetzner-fra')).toEqual(new Secret('sentinel-a'));
    const held = ['acme', 'acme-nyc'].map(
      (name) => one(recording, 'digitalocean:index/projectResources:ProjectResources', name).inputs.resources,
    );
    expect(held).toEqual([
      ['do:droplet:sin-app-01', 'do:droplet:sin-app-02'],
      ['do:droplet:nyc-edge-01', 'do:droplet:nyc-edge-02', 'do:droplet:nyc-infra-01'],
    ]);
    for (const needle of ['sentinel-a', 'sentinel-b']) expect(leaks(recording, needle)).toEqual([]);
  });

  test('a cloud that no site uses has none, and wants no token', async () => {
    const change = sitesWith('staging', () => ({ 'ap-sin': undefined }));
    const { config, secretConfig } = stackConfig('staging', {
      ...change,
      'site-mesh:tailnet': { name: 'acme-staging' },
      'site-mesh:services': { postgres: { on: ['fra-db-01'], ports: ['tcp/5432'] } },
      'site-mesh:access': [{ from: ['group:platform'], to: 'postgres', why: 'only Hetzner is left' }],
    });
    const { 'digitalocean:token': unused, ...rest } = config;
    expect(unused).toBeDefined();
    const recording = await recordStaging({ config: rest, secretConfig });
    expect(byPackage(recording)).not.toHaveProperty('digitalocean');
    expect(recording.resources.map(({ type }) => type)).not.toContain('pulumi:providers:digitalocean');
  });
});

describe('secrets', () => {
  test('stand nowhere in the clear, in inputs or outputs', () => {
    for (const [, recording] of both())
      for (const sentinel of Object.values(SENTINELS)) expect(leaks(recording, sentinel)).toEqual([]);
  });
  test('are found where they do', async () => {
    class Loud extends pulumi.ComponentResource {
      constructor() {
        super('site-mesh:test:Loud', 'loud');
        new remote.Command('loud', { connection: { host: 'x' }, create: `TOKEN=${SENTINELS.accountToken} x` });
        this.registerOutputs({ token: SENTINELS.accountToken });
      }
    }
    expect(leaks(await recordProd({}, () => new Loud()), SENTINELS.accountToken)).toEqual([
      'command:remote:Command loud.create',
      'outputs of urn:pulumi:prod::site-mesh::site-mesh:test:Loud::loud.token',
    ]);
  });
});

describe('protection', () => {
  const guarded = ({ resources }: Recording): string[] =>
    resources
      .filter(({ protect }) => protect)
      .map(named)
      .sort();
  test('in production is for servers, droplets, addresses, networks, subnets and the policy, all of them, and for nothing else', () => {
    const worth =
      /server:Server$|droplet:Droplet$|primaryIp:PrimaryIp$|reservedIp:ReservedIp$|vpc:Vpc$|network(Subnet)?:Network(Subnet)?$|TailnetPolicy$/;
    expect(guarded(prod)).toEqual(
      prod.resources
        .filter(({ type }) => worth.test(type))
        .map(named)
        .sort(),
    );
    expect(guarded(prod)).toHaveLength(17);
  });
  test('elsewhere is for nothing', () => {
    expect(guarded(staging)).toEqual([]);
  });
});

test('what only matters for a first boot never replaces a machine, and who holds the VIP is no matter of the program', () => {
  const ignored = (recording: Recording): Record<string, string[]> =>
    Object.fromEntries(
      recording.resources.filter(({ custom }) => custom).map(({ type, ignoreChanges }) => [type, ignoreChanges]),
    );
  const expected = {
    'hcloud:index/server:Server': ['userData', 'sshKeys', 'image'],
    'digitalocean:index/droplet:Droplet': ['userData', 'sshKeys', 'image'],
    'hcloud:index/serverNetwork:ServerNetwork': ['aliasIps'],
    'mesh:index:HostKey': ['comment'],
  };
  for (const [, recording] of both()) {
    expect(Object.fromEntries(Object.entries(ignored(recording)).filter(([, paths]) => paths.length > 0))).toEqual(
      expected,
    );
    for (const { type, ignoreChanges } of recording.resources)
      expect(ignoreChanges).toEqual(type in expected ? expected[type as keyof typeof expected] : []);
  }
  for (const { inputs } of prod.resources) expect(inputs).not.toHaveProperty('aliasIps');
});
