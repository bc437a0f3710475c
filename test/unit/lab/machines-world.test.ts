import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { existingHosts } from '../../../cli/lab/existing.ts';
import { labSites } from '../../../cli/lab/sites.ts';
import { loadConfig, type LabConfig } from '../../../lab/api/config.ts';
import { ensureTenant } from '../../../lab/api/tenants.ts';
import { AliasMoves } from '../../../lab/machines/aliases.ts';
import { createWishes, CLEAR_LINK } from '../../../lab/machines/wishes.ts';
import { labName, worldOf } from '../../../lab/machines/world.ts';
import type { Machine, World } from '../../../lab/machines/types.ts';
import { at, make, makeNetwork, SERVER, startCloud, type Cloud } from './cloud.ts';

const STACK = {
  'site-mesh:network': { name: 'acme', supernet: '10.77.0.0/16' },
  'site-mesh:ssh': { user: 'ops' },
  'site-mesh:sites': {
    'eu-fra': { cloud: 'hetzner', cidr: '10.77.10.0/24', routers: [{ name: 'fra-edge-01', lan: '10.77.10.2' }] },
    'ap-sin': { cloud: 'digitalocean', cidr: '10.77.20.0/24', hosts: [{ name: 'sin-app-01' }] },
    'eu-gra': {
      cloud: 'existing',
      lan: 'l2',
      cidr: '10.77.40.0/24',
      vip: '10.77.40.1',
      ssh: { user: 'debian' },
      routers: [
        { name: 'gra-edge-01', lan: '10.77.40.2', ssh: { host: '198.51.100.10', hostKey: 'k' } },
        { name: 'gra-edge-02', lan: '10.77.40.3', ssh: { host: 'edge.example.net', port: 2222, hostKey: 'k' } },
      ],
      hosts: [{ name: 'gra-nas-01', lan: '10.77.40.20' }],
    },
    'eu-rbx': {
      cloud: 'existing',
      lan: 'routed',
      cidr: '10.77.50.0/24',
      gateway: '10.77.50.1',
      hosts: [{ name: 'rbx-01', lan: '10.77.50.10', ssh: { host: '10.77.50.10', hostKey: 'k' } }],
    },
  },
};

let dir: string;
let cloud: Cloud;
let config: LabConfig;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-world-'));
  cloud = await startCloud();
  await ensureTenant(dir, 'staging', 'acme', { existing: existingHosts(STACK), sites: labSites(STACK) });
  config = await loadConfig(dir, 'machines');
});
afterEach(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

const world = (): World =>
  worldOf(config, {
    lab: 'meshtest',
    store: cloud.store,
    faults: cloud.faults,
    clock: () => Date.now() + 1000,
    aliases: new AliasMoves(0),
    wishes: createWishes(cloud.store),
    published: [],
  });
const named = (name: string): Machine => {
  const found = world().machines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`no machine ${name}`);
  return found;
};

describe('a Hetzner server', () => {
  test('has its public address, its site by its name, and a network card once it is attached', async () => {
    const id = await make(cloud, 'servers', { ...SERVER, user_data: '#cloud-config\n{}' });
    expect(named('fra-edge-01')).toMatchObject({
      id: `hetzner-${id}`,
      cloud: 'hetzner',
      image: 'debian-12',
      site: 'eu-fra',
      running: true,
      userData: '#cloud-config\n{}',
      wan: { address: '203.0.113.1', mtu: 1500 },
    });
    expect(named('fra-edge-01').lan).toBeUndefined();
    const network = await makeNetwork(cloud);
    await cloud.call('POST', `/servers/${id}/actions/attach_to_network`, { network, ip: '10.77.10.2' });
    expect(named('fra-edge-01').lan).toMatchObject({
      network: `hetzner-network-${network}`,
      address: '10.77.10.2',
      mtu: 1450,
    });
    expect(world().networks).toContainEqual({
      id: `hetzner-network-${network}`,
      kind: 'hetzner',
      range: '10.77.0.0/16',
      gateway: '10.77.0.1',
      routes: [],
    });
  });

  test('has no firewall until one reaches it; then what it does not name is kept out, and all may leave', async () => {
    const id = await make(cloud, 'servers', { ...SERVER, labels: { site: 'eu-fra' } });
    expect(named('fra-edge-01').firewall).toBeUndefined();
    await make(cloud, 'firewalls', {
      name: 'edge',
      rules: [{ direction: 'in', protocol: 'tcp', port: '22', source_ips: ['198.51.100.0/28'] }],
      apply_to: [{ type: 'label_selector', label_selector: { selector: 'site=eu-fra' } }],
    });
    const { firewall } = named('fra-edge-01');
    expect(firewall?.inbound).toEqual([{ protocol: 'tcp', ports: [22, 22], peers: ['198.51.100.0/28'] }]);
    expect(firewall?.outbound.map(({ protocol }) => protocol)).toEqual(['tcp', 'udp', 'icmp', 'esp', 'gre']);
    expect(firewall?.lan).toBe(false);
    await cloud.call('POST', `/servers/${id}/actions/poweroff`);
    expect(named('fra-edge-01').running).toBe(false);
  });
});

test('a droplet stands in its VPC; its firewall guards the LAN too, and lets nothing out that it does not name', async () => {
  await cloud.ocean('POST', '/tags', { name: 'app' });
  const answer = await cloud.ocean('POST', '/droplets', {
    name: 'sin-app-01',
    region: 'sgp1',
    size: 's-1vcpu-1gb',
    image: 'debian-12-x64',
    tags: ['app'],
  });
  expect(answer.code).toBe('ok');
  await cloud.ocean('POST', '/firewalls', {
    name: 'app',
    tags: ['app'],
    inbound_rules: [{ protocol: 'tcp', ports: '8443', sources: { tags: ['app'] } }],
  });
  const droplet = named('sin-app-01');
  expect(droplet).toMatchObject({ cloud: 'digitalocean', image: 'debian-12', site: 'ap-sin' });
  expect(droplet.firewall).toEqual({
    inbound: [{ protocol: 'tcp', ports: [8443, 8443], peers: [droplet.wan?.address, droplet.lan?.address] }],
    outbound: [],
    lan: true,
  });
  expect(world().networks.map(({ id, kind }) => [id, kind])).toContainEqual([droplet.lan?.network, 'vpc']);
});

describe('existing machines', () => {
  test('are reached where the stack says, or at an address of the lab where that is a name or private', () => {
    expect(named('gra-edge-01').wan?.address).toBe('198.51.100.10');
    expect(named('gra-edge-02').wan?.address).toBe('198.18.1.2');
    expect(named('rbx-01').wan?.address).toBe('198.18.1.3');
    expect(named('gra-edge-02').existing).toMatchObject({ port: 2222, user: 'debian' });
  });

  test('a plain host has no public network, and its owner gave it the way to the mesh; routers need none', () => {
    const plain = named('gra-nas-01');
    expect(plain.wan).toBeUndefined();
    expect(plain.lan?.routes).toEqual([
      { destination: '10.77.0.0/16', via: '10.77.40.1' },
      { destination: '100.64.0.0/10', via: '10.77.40.1' },
    ]);
    expect(named('gra-edge-01').lan?.routes).toEqual([]);
  });

  test('stand on their site’s LAN: a switch, or a network that knows one address each', () => {
    const kinds = Object.fromEntries(world().networks.map(({ id, kind, gateway }) => [id, [kind, gateway]]));
    expect(kinds).toEqual({
      'existing-lan-staging-eu-gra': ['layer2', undefined],
      'existing-lan-staging-eu-rbx': ['vpc', '10.77.50.1'],
    });
    const macs = world().machines.flatMap(({ lan }) => lan?.mac ?? []);
    expect(new Set(macs).size).toBe(macs.length);
  });
});

test('what people do to cables and power is part of the world until they undo it', () => {
  const wishes = createWishes(cloud.store);
  const { id } = named('gra-edge-01');
  wishes.power(id, false);
  wishes.cut(id, 'lan', true);
  wishes.link({ ...CLEAR_LINK, between: ['eu-gra', 'eu-fra'], delay: 40 });
  expect(named('gra-edge-01').running).toBe(false);
  expect(world()).toMatchObject({
    cuts: [{ machine: id, nic: 'lan' }],
    links: [{ between: ['eu-fra', 'eu-gra'], delay: 40 }],
  });
  wishes.power(id, true);
  wishes.cut(id, 'lan', false);
  wishes.unlink(['eu-fra', 'eu-gra']);
  expect(named('gra-edge-01').running).toBe(true);
  expect(world()).toMatchObject({ cuts: [], links: [] });
});

test('a lab’s name is its directory’s, short enough for the kernel', () => {
  expect(labName(dir)).toMatch(/^mesh[0-9a-f]{6}$/);
  expect(labName(dir)).toBe(labName(join(dir, '..', dir.split('/').at(-1) ?? '')));
  expect(at({ lab: labName(tmpdir()) }, 'lab')).not.toBe(labName(dir));
});
