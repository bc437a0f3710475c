import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SERVER, at, make, makeNetwork, startCloud, type Cloud } from './cloud.ts';

let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.close());

const subnet = (ip_range: string, network_zone = 'eu-central') => ({ type: 'cloud', ip_range, network_zone });

describe('networks', () => {
  it('take private ranges in canonical form only', async () => {
    for (const [range, code] of [
      ['10.77.0.0/16', 'ok'],
      ['10.77.1.0/16', 'invalid_input'],
      ['100.64.0.0/16', 'invalid_input'],
      ['10.0.0.0/7', 'invalid_input'],
      ['10.0.0.0/25', 'invalid_input'],
      ['nonsense', 'invalid_input'],
    ] as const) {
      expect([range, (await cloud.call('POST', '/networks', { name: range, ip_range: range })).code]).toEqual([
        range,
        code,
      ]);
    }
  });

  it('take subnets that are inside and apart, in zones that exist', async () => {
    const id = await makeNetwork(cloud);
    const add = async (body: object) => (await cloud.call('POST', `/networks/${id}/actions/add_subnet`, body)).code;
    expect(await add(subnet('10.77.11.0/24'))).toBe('ok');
    expect(await add(subnet('10.77.10.128/25'))).toBe('invalid_input');
    expect(await add(subnet('10.78.0.0/24'))).toBe('invalid_input');
    expect(await add(subnet('10.77.12.0/24', 'mars'))).toBe('invalid_input');
    expect(await add({ ...subnet('10.77.12.0/24'), type: 'vswitch', vswitch_id: 1 })).toBe('invalid_input');
    expect(await add(subnet('10.77.12.0/24'))).toBe('ok');
    const { json } = await cloud.call('GET', `/networks/${id}`);
    expect(at(json, 'network.subnets.0.gateway')).toBe('10.77.0.1');
  });

  it('route to ranges that no subnet has, by a gateway of theirs', async () => {
    const id = await makeNetwork(cloud);
    const add = async (destination: string, gateway: string) =>
      (await cloud.call('POST', `/networks/${id}/actions/add_route`, { destination, gateway })).code;
    expect(await add('10.77.20.0/24', '10.77.10.254')).toBe('ok');
    expect(await add('10.77.20.0/24', '10.77.10.253')).toBe('invalid_input');
    expect(await add('10.77.20.0/23', '10.77.10.254'), 'overlaps another route').toBe('invalid_input');
    expect(await add('10.77.10.0/24', '10.77.10.254')).toBe('invalid_input');
    expect(await add('10.77.21.0/24', '10.77.0.1')).toBe('invalid_input');
    expect(await add('10.77.21.0/24', '192.168.0.1')).toBe('invalid_input');
    expect(await add('100.64.0.0/10', '10.77.10.254')).toBe('invalid_input');
    const remove = (gateway: string) =>
      cloud.call('POST', `/networks/${id}/actions/delete_route`, { destination: '10.77.20.0/24', gateway });
    expect((await remove('10.77.10.1')).code).toBe('not_found');
    expect((await remove('10.77.10.254')).code).toBe('ok');
  });

  it('keep a subnet while a server is in it, and are deleted with servers in them', async () => {
    const id = await makeNetwork(cloud);
    const server = await make(cloud, 'servers', { ...SERVER, networks: [id] });
    const remove = async () =>
      cloud.call('POST', `/networks/${id}/actions/delete_subnet`, { ip_range: '10.77.10.0/24' });
    const refused = await remove();
    expect([refused.code, at(refused.json, 'error.message')]).toEqual([
      'service_error',
      'cannot remove subnet because servers are attached to it',
    ]);
    expect((await cloud.call('POST', `/servers/${server}/actions/detach_from_network`, { network: id })).code).toBe(
      'ok',
    );
    expect((await remove()).code).toBe('ok');
    expect((await remove()).code).toBe('not_found');

    const other = await makeNetwork(cloud, 'other');
    expect((await cloud.call('POST', `/servers/${server}/actions/attach_to_network`, { network: other })).code).toBe(
      'ok',
    );
    expect((await cloud.call('DELETE', `/networks/${other}`)).status).toBe(204);
    expect(at((await cloud.call('GET', `/servers/${server}`)).json, 'server.private_net')).toEqual([]);
  });

  it('are not deleted while protected', async () => {
    const id = await makeNetwork(cloud);
    const protect = (value: boolean) =>
      cloud.call('POST', `/networks/${id}/actions/change_protection`, { delete: value });
    await protect(true);
    expect((await cloud.call('DELETE', `/networks/${id}`)).code).toBe('protected');
    await protect(false);
    expect((await cloud.call('DELETE', `/networks/${id}`)).status).toBe(204);
    expect((await cloud.call('DELETE', `/networks/${id}`)).code).toBe('not_found');
  });

  it('refuse a second change while one is running', async () => {
    let now = 1_000_000;
    const slow = await startCloud({ actionMs: 40, clock: () => now });
    try {
      const id = await makeNetwork(slow);
      const add = async (range: string) =>
        (await slow.call('POST', `/networks/${id}/actions/add_subnet`, subnet(range))).code;
      expect(await add('10.77.11.0/24')).toBe('ok');
      expect(await add('10.77.12.0/24')).toBe('conflict');
      now += 40;
      expect(await add('10.77.12.0/24')).toBe('ok');
    } finally {
      await slow.close();
    }
  });
});

describe('a server in a network', () => {
  let network: number;
  let server: number;
  const attach = async (body: object, id = server) =>
    cloud.call('POST', `/servers/${id}/actions/attach_to_network`, { network, ...body });
  beforeEach(async () => {
    network = await makeNetwork(cloud);
    server = await make(cloud, 'servers', SERVER);
  });

  it('gets the address it asks for, once', async () => {
    expect((await attach({ ip: '10.77.10.2' })).code).toBe('ok');
    expect((await attach({ ip: '10.77.10.2' })).code).toBe('server_already_attached');
    const second = await make(cloud, 'servers', { ...SERVER, name: 'fra-edge-02' });
    expect((await attach({ ip: '10.77.10.2' }, second)).code).toBe('ip_not_available');
    expect((await attach({ ip: '10.77.10.3' }, second)).code).toBe('ok');
  });

  it('never gets an address outside the subnets, nor one that belongs to the network itself', async () => {
    expect((await attach({ ip: '10.77.99.2' })).code).toBe('invalid_input');
    expect((await attach({ ip: '10.77.10.0' })).code).toBe('ip_not_available');
    expect((await attach({ ip: '10.77.10.255' })).code).toBe('ip_not_available');
    expect((await attach({ ip: 'here' })).code).toBe('invalid_input');
    expect((await attach({ ip: '10.77.10.1' })).code).toBe('ok');
  });

  it('needs a subnet in its own zone', async () => {
    const far = await make(cloud, 'servers', { ...SERVER, name: 'far', server_type: 'cpx11', location: 'ash' });
    expect((await attach({}, far)).code).toBe('no_subnet_available');
    expect((await attach({})).code).toBe('ok');
  });

  it('holds alias addresses that nobody else has', async () => {
    await attach({ ip: '10.77.10.2' });
    const second = await make(cloud, 'servers', { ...SERVER, name: 'fra-edge-02' });
    await attach({ ip: '10.77.10.3' }, second);
    const alias = async (id: number, alias_ips: string[]) =>
      (await cloud.call('POST', `/servers/${id}/actions/change_alias_ips`, { network, alias_ips })).code;
    expect(await alias(server, ['10.77.10.254'])).toBe('ok');
    expect(await alias(second, ['10.77.10.254'])).toBe('ip_not_available');
    expect(await alias(server, [])).toBe('ok');
    expect(await alias(second, ['10.77.10.254'])).toBe('ok');
    expect(await alias(second, ['10.77.10.2'])).toBe('ip_not_available');
  });

  it('leaves only networks that it is in', async () => {
    const detach = async () =>
      (await cloud.call('POST', `/servers/${server}/actions/detach_from_network`, { network })).code;
    expect(await detach()).toBe('not_found');
    await attach({});
    expect(await detach()).toBe('ok');
  });
});
