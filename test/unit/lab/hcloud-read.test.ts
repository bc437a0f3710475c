import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { withAdopted, resourcesOf } from '../../../cli/recover/state.ts';
import { KEY_A, startCloud, type Cloud } from './cloud.ts';
import { startDriver, type Driver, type Recorded } from './hcloud-driver.ts';

/** Reads of objects that no record knows yet: by `pulumi import`, and as mesh recover records them. */
let cloud: Cloud;
let driver: Driver;
let made: Record<string, { type: string; args: Inputs; recorded: Recorded }>;

beforeEach(async () => {
  cloud = await startCloud();
  driver = await startDriver(cloud);
  made = {};
  const id = (name: string): string => made[name]?.recorded.id ?? '';
  const add = async (name: string, type: string, args: Inputs): Promise<void> => {
    made[name] = { type, args, recorded: await driver.create(type, name, args) };
  };
  const labels = { 'managed-by': 'site-mesh' };
  await add('key', 'SshKey', { name: 'deploy', publicKey: KEY_A, labels });
  await add('net', 'Network', { name: 'acme', ipRange: '10.77.0.0/16', labels });
  const networkId = Number(id('net'));
  await add('subnet', 'NetworkSubnet', {
    networkId,
    type: 'cloud',
    networkZone: 'eu-central',
    ipRange: '10.77.10.0/24',
  });
  await add('route', 'NetworkRoute', { networkId, destination: '10.77.20.0/24', gateway: '10.77.10.254' });
  await add('wall', 'Firewall', {
    name: 'routers',
    labels,
    applyTos: [{ labelSelector: 'kind=router' }],
    rules: [{ direction: 'in', protocol: 'udp', port: '41641', sourceIps: ['0.0.0.0/0'], description: 'x' }],
  });
  await add('group', 'PlacementGroup', { name: 'eu-fra', type: 'spread', labels });
  await add('address', 'PrimaryIp', { name: 'a', type: 'ipv4', location: 'fsn1', autoDelete: false, labels });
  await add('server', 'Server', {
    name: 'fra-edge-01',
    serverType: 'cx23',
    image: 'debian-12',
    location: 'fsn1',
    labels,
    sshKeys: [id('key')],
    placementGroupId: Number(id('group')),
    publicNets: [{ ipv4Enabled: true, ipv4: Number(id('address')), ipv6Enabled: false }],
    userData: '#cloud-config\n',
  });
  await add('lan', 'ServerNetwork', { serverId: Number(id('server')), subnetId: id('subnet'), ip: '10.77.10.2' });
});
afterEach(() => cloud.close());

test('a read with an id alone, as an import makes it, answers what there is, for every type', async () => {
  const planned: Record<string, string[]> = {};
  for (const [name, { type, args, recorded }] of Object.entries(made)) {
    const found = await driver.refresh(type, name, { id: recorded.id, inputs: {}, outputs: {} });
    expect(found?.id, name).toBe(recorded.id);
    const { changes } = await driver.diff(type, name, found ?? recorded, args);
    const properties = Object.keys(changes).map((path) => path.split(/[.[]/, 1)[0] ?? path);
    if (properties.length > 0) planned[name] = [...new Set(properties)].sort();
  }
  // What the cloud does not answer an import leaves out, so the next up plans it, and most of it replaces.
  expect(planned).toEqual({ lan: ['subnetId'], server: ['publicNets', 'sshKeys', 'userData'] });
});

test('recorded with the inputs of the program and then read, nothing is planned, for every type', async () => {
  for (const [name, { type, args, recorded }] of Object.entries(made)) {
    const resource = { urn: `urn:${name}`, type, inputs: recorded.inputs as Record<string, unknown> };
    const state = withAdopted({ deployment: {} }, [{ resource, id: recorded.id }]);
    const outputs = resourcesOf(state)[0]?.outputs as Inputs;
    const found = await driver.refresh(type, name, { id: recorded.id, inputs: recorded.inputs, outputs });
    expect([name, (await driver.diff(type, name, found ?? recorded, args)).changes]).toEqual([name, {}]);
  }
});

test('control: an id that is gone is answered with nothing', async () => {
  for (const [name, { type, recorded }] of Object.entries(made)) {
    const id = recorded.id.replaceAll(/\d{4,}/g, '999999');
    expect(await driver.refresh(type, name, { id, inputs: {}, outputs: {} }), name).toBeUndefined();
  }
});
