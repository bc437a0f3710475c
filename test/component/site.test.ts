import { beforeAll, describe, expect, test } from 'vitest';
import { ancestors, one, Secret, type Recording, type Registration } from './record.ts';
import { recordProd, recordStaging, SENTINELS } from './staging.ts';

let update: Recording;
beforeAll(async () => {
  update = await recordStaging();
});

const SERVER = 'hcloud:index/server:Server';
const chain = [SERVER, 'mesh:index:ServerReady', 'mesh:index:HostRelease', 'mesh:index:TailnetNode'];
const urn = (type: string, name: string): string => one(update, type, name).urn;

describe('the chain of a router pair', () => {
  test('everything of router B waits for the node of router A', () => {
    for (const type of chain)
      expect(ancestors(update, one(update, type, 'fra-edge-02')), type).toContain(
        urn('mesh:index:TailnetNode', 'fra-edge-01'),
      );
  });

  test('nothing of router A waits for router B', () => {
    for (const type of chain) {
      const waits = [...ancestors(update, one(update, type, 'fra-edge-01'))];
      expect(waits.filter((each) => each.includes('fra-edge-02'))).toEqual([]);
    }
  });

  test('no value flows from A to B, so a replaced A replaces nothing of B', () => {
    const values = update.resources
      .filter(({ name }) => name === 'fra-edge-02')
      .flatMap(({ propertyDependencies }) => Object.values(propertyDependencies).flat());
    expect(values.length).toBeGreaterThan(0);
    expect(values.filter((each) => each.includes('fra-edge-01'))).toEqual([]);
  });

  test('within one router the server comes first, then its LAN, the release, the node', () => {
    const node = ancestors(update, one(update, 'mesh:index:TailnetNode', 'fra-edge-01'));
    const release = ancestors(update, one(update, 'mesh:index:HostRelease', 'fra-edge-01'));
    expect(node).toContain(urn('mesh:index:HostRelease', 'fra-edge-01'));
    expect(release).toContain(urn('hcloud:index/serverNetwork:ServerNetwork', 'fra-edge-01'));
    expect(release).toContain(urn(SERVER, 'fra-edge-01'));
    expect(release).toContain(urn('mesh:index:ServerReady', 'fra-edge-01'));
  });

  test('the LAN host waits for neither router', () => {
    const waits = [...ancestors(update, one(update, 'mesh:index:HostRelease', 'fra-db-01'))];
    expect(waits.filter((each) => each.includes('fra-edge'))).toEqual([]);
  });
});

test('nothing is bought at Hetzner before the policy stands', () => {
  const policy = urn('mesh:index:TailnetPolicy', 'acme');
  const bought = update.resources.filter(({ type }) => type.startsWith('hcloud:'));
  expect(bought.length).toBeGreaterThan(10);
  expect(
    bought.filter((each) => !ancestors(update, each).has(policy)).map(({ type, name }) => `${type} ${name}`),
  ).toEqual([]);
});

describe('servers at Hetzner', () => {
  test('a changed user_data, key or image never replaces a running server', () => {
    expect(one(update, SERVER, 'fra-edge-01').ignoreChanges).toEqual(['userData', 'sshKeys', 'image']);
  });

  test('routers have an address of their own that says what it is assigned to; the LAN host has the cloud’s', () => {
    const address = one(update, 'hcloud:index/primaryIp:PrimaryIp', 'fra-edge-01');
    expect(address.inputs).toMatchObject({ location: 'fsn1', autoDelete: false, name: 'fra-edge-01-fsn1' });
    expect(address.inputs).not.toHaveProperty('assigneeType');
    const [net] = one(update, SERVER, 'fra-edge-01').inputs.publicNets as { ipv4?: number; ipv6Enabled: boolean }[];
    expect(net).toEqual({ ipv4Enabled: true, ipv6Enabled: false, ipv4: expect.any(Number) as number });
    expect(one(update, SERVER, 'fra-db-01').inputs.publicNets).toEqual([{ ipv4Enabled: true, ipv6Enabled: false }]);
    expect(update.resources.filter(({ type, name }) => type.endsWith('PrimaryIp') && name === 'fra-db-01')).toEqual([]);
  });

  test('firewalls find servers by label and are there first; servers name no firewall', () => {
    for (const [host, kind] of [
      ['fra-edge-01', 'router'],
      ['fra-db-01', 'host'],
    ] as const) {
      const server = one(update, SERVER, host);
      const firewall = one(update, 'hcloud:index/firewall:Firewall', `eu-fra-${kind}s`);
      expect(firewall.inputs.applyTos).toEqual([{ labelSelector: `site=eu-fra,kind=${kind}` }]);
      expect(server.inputs.labels).toMatchObject({ site: 'eu-fra', kind });
      expect(server.inputs).not.toHaveProperty('firewallIds');
      expect(ancestors(update, server)).toContain(firewall.urn);
    }
  });

  test('the world reaches the overlay port of routers only, and SSH answers the deploying side only', () => {
    const open = (name: string): unknown => one(update, 'hcloud:index/firewall:Firewall', name).inputs.rules;
    const ssh = {
      direction: 'in',
      description: 'ssh from the deploying side',
      protocol: 'tcp',
      port: '22',
      sourceIps: ['198.51.100.0/28'],
    };
    const overlay = {
      direction: 'in',
      description: 'tailscale direct connections',
      protocol: 'udp',
      port: '41641',
      sourceIps: ['0.0.0.0/0', '::/0'],
    };
    expect(open('eu-fra-routers')).toEqual([ssh, overlay]);
    expect(open('eu-fra-hosts')).toEqual([ssh]);
  });

  test('resources with names that Hetzner keeps unique are deleted before they are replaced', () => {
    const named = update.resources.filter(
      ({ type, inputs }) => type.startsWith('hcloud:') && typeof inputs.name === 'string',
    );
    expect(named.length).toBeGreaterThan(8);
    // An address is held by its server until the new one stands: its name carries the location, so both can exist.
    const made = named.filter(({ deleteBeforeReplace }) => !deleteBeforeReplace);
    expect(new Set(made.map(({ type }) => type))).toEqual(new Set(['hcloud:index/primaryIp:PrimaryIp']));
    for (const { inputs } of made) expect(inputs.name).toMatch(new RegExp(`-${String(inputs.location)}$`));
    const sameNames = (list: Registration[]): string[] =>
      list.map(({ type, inputs }) => `${type} ${String(inputs.name)}`);
    expect(new Set(sameNames(named)).size).toBe(named.length);
  });

  test('routers are spread over hardware, the LAN host is free', () => {
    expect(one(update, SERVER, 'fra-edge-01').inputs.placementGroupId).toBe(
      one(update, SERVER, 'fra-edge-02').inputs.placementGroupId,
    );
    expect(one(update, SERVER, 'fra-edge-01').inputs.placementGroupId).toEqual(expect.any(Number));
    expect(one(update, SERVER, 'fra-db-01').inputs).not.toHaveProperty('placementGroupId');
  });
});

describe('a server that was off', () => {
  const ready = (name: string): Registration => one(update, 'mesh:index:ServerReady', name);

  test('is made sure of by its id and type, with the credential of the provider that made it', () => {
    for (const name of ['fra-edge-01', 'fra-db-01']) {
      const { inputs, parent, propertyDependencies } = ready(name);
      expect(parent).toBe(urn('site-mesh:hetzner:Server', name));
      expect(propertyDependencies.serverId).toEqual([urn(SERVER, name)]);
      expect(inputs).toMatchObject({ cloud: 'hetzner', serverType: 'cx23', host: name });
      expect(inputs.token).toEqual(new Secret(SENTINELS.hcloudToken));
      expect(inputs).not.toHaveProperty('endpoint');
    }
  });

  test('its restarts reach its own release and node, and those of nobody else', () => {
    const takers = update.resources.filter(({ name, inputs }) => name.startsWith('fra-') && 'generation' in inputs);
    expect(takers.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
      'mesh:index:HostRelease fra-db-01',
      'mesh:index:HostRelease fra-edge-01',
      'mesh:index:HostRelease fra-edge-02',
      'mesh:index:TailnetNode fra-edge-01',
      'mesh:index:TailnetNode fra-edge-02',
    ]);
    for (const { name, inputs, propertyDependencies } of takers) {
      expect(inputs.generation).toBe(3);
      expect(propertyDependencies.generation).toEqual([ready(name).urn]);
    }
  });

  test('routers are drained before an update of their server, and only they', () => {
    const hooked = update.resources.filter(({ beforeUpdate }) => beforeUpdate.length > 0);
    expect(hooked.map(({ type, name, beforeUpdate }) => [type, name, beforeUpdate])).toEqual([
      [SERVER, 'fra-edge-01', ['drain-fra-edge-01']],
      [SERVER, 'fra-edge-02', ['drain-fra-edge-02']],
    ]);
  });
});

describe('releases and nodes', () => {
  test('the first contact pins the bootstrap key, the join pins the key that the release made', () => {
    const key = (type: string): unknown =>
      (one(update, type, 'fra-edge-01').inputs.connection as { hostKey: unknown }).hostKey;
    expect(key('mesh:index:HostRelease')).toBe('ecdsa-sha2-nistp256 fra-edge-01');
    expect(key('mesh:index:TailnetNode')).toBe('ssh-ed25519 fra-edge-01');
  });

  test('hosts are dialled on public addresses, never through the mesh', () => {
    const host = (name: string): unknown =>
      (one(update, 'mesh:index:HostRelease', name).inputs.connection as { host: unknown }).host;
    expect([host('fra-edge-01'), host('fra-db-01')]).toEqual(['203.0.113.7', '203.0.113.99']);
  });

  test('the bootstrap host key is in the first boot and nowhere else', () => {
    const { userData } = one(update, SERVER, 'fra-edge-01').inputs as { userData: Secret };
    expect(userData.value).toContain(SENTINELS.hostPrivateKey);
    expect(userData.value).toContain('ecdsa-sha2-nistp256 fra-edge-01');
    expect(userData.value).toContain('"fqdn": "fra-edge-01.staging.mesh.acme.internal"');
  });

  test('the LAN host gets a release and no node; a member gets both', () => {
    expect(one(update, 'mesh:index:HostRelease', 'fra-db-01').inputs.lan).toBe('10.78.10.10');
    expect(
      update.resources
        .filter(({ type }) => type === 'mesh:index:TailnetNode')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['fra-edge-01', 'fra-edge-02', 'sin-app-01']);
  });
});

test('production protects servers, addresses, the network and its subnet, the policy, and nothing that would block replacing a router', async () => {
  const production = await recordProd();
  const guarded = (recording: Recording): string[] =>
    [...new Set(recording.resources.filter(({ protect }) => protect).map(({ type }) => type))].sort();
  expect(guarded(production)).toEqual([
    'digitalocean:index/droplet:Droplet',
    'digitalocean:index/reservedIp:ReservedIp',
    'digitalocean:index/vpc:Vpc',
    'hcloud:index/network:Network',
    'hcloud:index/networkSubnet:NetworkSubnet',
    'hcloud:index/primaryIp:PrimaryIp',
    'hcloud:index/server:Server',
    'mesh:index:TailnetPolicy',
  ]);
  expect(guarded(update)).toEqual([]);
});
