import { beforeAll, describe, expect, test } from 'vitest';
import { ancestors, one, type Recording, type Secret } from './record.ts';
import { idOf, recordProd, recordStaging, SENTINELS } from './staging.ts';

let prod: Recording;
beforeAll(async () => {
  prod = await recordProd();
});
const DROPLET = 'digitalocean:index/droplet:Droplet';
const inputs = (type: string, name: string): Record<string, unknown> => one(prod, type, name).inputs;
const of = (type: string): string[] =>
  prod.resources
    .filter((each) => each.type === type)
    .map(({ name }) => name)
    .sort();

describe('a droplet', () => {
  test('stands in its site’s network, with the deploy key of its account and the tag that its firewall finds', () => {
    expect(inputs(DROPLET, 'nyc-edge-01')).toMatchObject({
      name: 'nyc-edge-01',
      region: 'nyc3',
      size: 's-1vcpu-1gb',
      image: 'debian-12-x64',
      vpcUuid: idOf('digitalocean:index/vpc:Vpc us-nyc'),
      sshKeys: ['3b:16:bf'],
      tags: ['managed-by:site-mesh', 'owner:acme', 'env:prod', 'role:router', 'acme-prod-us-nyc-routers'],
      resizeDisk: false,
    });
    expect(inputs(DROPLET, 'nyc-infra-01').tags).toEqual([
      'managed-by:site-mesh',
      'owner:acme',
      'env:prod',
      'role:member',
      'acme-prod-us-nyc-members',
    ]);
    expect(inputs(DROPLET, 'sin-app-01').vpcUuid).toBe(idOf('digitalocean:index/vpc:Vpc ap-sin'));
  });

  test('is born with a host key that only its first boot holds', () => {
    const { userData } = inputs(DROPLET, 'sin-app-01') as { userData: Secret };
    expect(userData.value).toContain(SENTINELS.hostPrivateKey);
    expect(userData.value).toContain('ecdsa-sha2-nistp256 sin-app-01');
  });

  test('that routes keeps an address of its own; another one has what the cloud gives', () => {
    const routers = ['nyc-edge-01', 'nyc-edge-02'];
    expect(of('digitalocean:index/reservedIp:ReservedIp')).toEqual(routers);
    expect(of('digitalocean:index/reservedIpAssignment:ReservedIpAssignment')).toEqual(routers);
    expect(inputs('digitalocean:index/reservedIpAssignment:ReservedIpAssignment', 'nyc-edge-01')).toEqual({
      ipAddress: '203.0.113.51',
      dropletId: Number(idOf(`${DROPLET} nyc-edge-01`)),
    });
    const dialled = ['nyc-edge-01', 'nyc-infra-01'].map(
      (name) => (inputs('mesh:index:HostRelease', name).connection as { host: unknown }).host,
    );
    expect(dialled).toEqual(['203.0.113.51', '203.0.113.50']);
    // Before the address is on the droplet, nobody answers there.
    const waits = ancestors(prod, one(prod, 'mesh:index:HostRelease', 'nyc-edge-01'));
    expect(waits).toContain(
      one(prod, 'digitalocean:index/reservedIpAssignment:ReservedIpAssignment', 'nyc-edge-01').urn,
    );
  });

  test('that routes is drained before an update; its size tells release and node of a restart', () => {
    const hooks = (name: string): string[] => one(prod, DROPLET, name).beforeUpdate;
    expect(['nyc-edge-01', 'nyc-edge-02', 'nyc-infra-01', 'sin-app-01'].map(hooks)).toEqual([
      ['drain-nyc-edge-01'],
      ['drain-nyc-edge-02'],
      [],
      [],
    ]);
    for (const type of ['mesh:index:HostRelease', 'mesh:index:TailnetNode'])
      expect(inputs(type, 'nyc-edge-01').generation).toBe('s-1vcpu-1gb');
  });

  test('tells its LAN address itself, since nobody chose it', () => {
    const { lan, lanPrefix } = inputs('mesh:index:HostRelease', 'sin-app-01');
    expect([lan, lanPrefix]).toEqual(['10.88.0.7', '10.77.20.0/24']);
  });
});

describe('a site', () => {
  test('is a network of its prefix, called by network, stack and site', () => {
    expect(inputs('digitalocean:index/vpc:Vpc', 'us-nyc')).toMatchObject({
      name: 'acme-prod-us-nyc',
      region: 'nyc3',
      ipRange: '10.77.30.0/24',
    });
  });

  test('has a firewall for each kind of its hosts, with the tag made before; everything may go out', () => {
    const FIREWALL = 'digitalocean:index/firewall:Firewall';
    expect(of(FIREWALL)).toEqual(['ap-sin-members', 'us-nyc-members', 'us-nyc-routers']);
    expect(of('digitalocean:index/tag:Tag')).toEqual(of(FIREWALL));
    const everywhere = ['0.0.0.0/0', '::/0'];
    for (const name of of(FIREWALL)) {
      const { tags, inboundRules, outboundRules } = inputs(FIREWALL, name);
      expect(tags).toEqual([inputs('digitalocean:index/tag:Tag', name).name]);
      expect(ancestors(prod, one(prod, FIREWALL, name))).toContain(one(prod, 'digitalocean:index/tag:Tag', name).urn);
      expect(inboundRules).toEqual([
        { protocol: 'tcp', portRange: '22', sourceAddresses: ['198.51.100.0/28'] },
        { protocol: 'udp', portRange: '41641', sourceAddresses: everywhere },
      ]);
      expect(outboundRules).toEqual([
        { protocol: 'tcp', portRange: 'all', destinationAddresses: everywhere },
        { protocol: 'udp', portRange: 'all', destinationAddresses: everywhere },
        { protocol: 'icmp', destinationAddresses: everywhere },
      ]);
    }
  });
});

describe('an account', () => {
  test('has the deploy key once, and one project that holds every droplet of its sites', () => {
    expect(of('digitalocean:index/sshKey:SshKey')).toEqual(['acme']);
    expect(inputs('digitalocean:index/project:Project', 'acme')).toMatchObject({
      name: 'acme-prod',
      environment: 'Production',
    });
    expect(inputs('digitalocean:index/projectResources:ProjectResources', 'acme')).toEqual({
      project: idOf('digitalocean:index/project:Project acme'),
      resources: of(DROPLET)
        .map((name) => `do:droplet:${name}`)
        .sort(siteOrder),
    });
  });

  test('of another stack has names of its own, so that both can share it', async () => {
    const staging = await recordStaging();
    const names = (recording: Recording): unknown[] =>
      recording.resources
        .filter(({ type, inputs: { name } }) => type.startsWith('digitalocean:') && name !== undefined)
        .filter(({ type }) => type !== DROPLET)
        .map(({ type, inputs: { name } }) => `${type} ${String(name)}`);
    expect(names(staging)).toHaveLength(5);
    expect(names(prod).filter((name) => names(staging).includes(name))).toEqual([]);
    expect(one(staging, 'digitalocean:index/project:Project', 'acme').inputs.environment).toBe('Staging');
  });
});

test('what has a name that is held once is deleted before it is replaced', () => {
  const first = prod.resources.filter(({ type }) => type.startsWith('digitalocean:'));
  const kinds = new Map(first.map(({ type, deleteBeforeReplace }) => [type.split(':').at(-1), deleteBeforeReplace]));
  expect(Object.fromEntries(kinds)).toEqual({
    Droplet: true,
    Firewall: true,
    Project: true,
    // No name, and the list of a project is changed in place.
    ProjectResources: false,
    // Made anew beside the old one: addresses have no names.
    ReservedIp: false,
    ReservedIpAssignment: true,
    SshKey: true,
    Tag: true,
    Vpc: true,
  });
});

/** Sites by name, in each the routers first: as the project's list is made. */
const siteOrder = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : 1);
const rank = (urn: string): number => ['sin-app', 'nyc-edge', 'nyc-infra'].findIndex((part) => urn.includes(part));
