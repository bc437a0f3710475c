import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_A, at, startCloud, type Cloud } from './cloud.ts';
import { DROPLET, makeOcean, makeVpc } from './ocean.ts';

let cloud: Cloud;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  cloud = await startCloud({ actionMs: 40, clock: () => now });
});
afterEach(() => cloud.close());
const settle = () => (now += 1000);

const get = async (id: string) => at((await cloud.ocean('GET', `/droplets/${id}`)).json, 'droplet');
const act = async (id: string, body: object) => {
  const answer = await cloud.ocean('POST', `/droplets/${id}/actions`, body);
  settle();
  return answer.status === 201 ? 'ok' : String(answer.json.message);
};
const address = async (id: string, type: string) =>
  (at(await get(id), 'networks.v4') as { ip_address: string; type: string }[])
    .filter((entry) => entry.type === type)
    .map((entry) => entry.ip_address);

describe('POST /droplets', () => {
  it('answers a new, locked droplet without addresses, active by the clock', async () => {
    const answer = await cloud.ocean('POST', '/droplets', DROPLET);
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      droplet: { status: 'new', locked: true, networks: { v4: [], v6: [] }, region: { slug: 'sgp1' }, tags: [] },
      links: { actions: [{ rel: 'create' }] },
    });
    const id = String(at(answer.json, 'droplet.id'));
    const action = String(at(answer.json, 'links.actions.0.id'));
    const state = async () => at((await cloud.ocean('GET', `/actions/${action}`)).json, 'action.status');
    expect(await state()).toBe('in-progress');
    now += 40;
    expect(await state()).toBe('completed');
    expect(await get(id)).toMatchObject({
      status: 'active',
      locked: false,
      features: ['droplet_agent', 'private_networking'],
      size: { slug: 's-1vcpu-1gb', price_monthly: 6 },
      image: { slug: 'debian-12-x64' },
    });
  });

  it.each([
    [{ name: 'not a host name' }, 'hostname characters'],
    [{ size: 's-99vcpu' }, 'invalid size'],
    [{ image: 'windows' }, 'invalid image'],
    [{ image: 'debian-11-x64' }, 'invalid image'],
    [{ region: 'moon' }, 'invalid region'],
    [{ region: 'nyc2' }, 'invalid region'],
    [{ region: 'lon1', size: 's-1vcpu-512mb-10gb' }, 'not available in this region'],
    [{ ssh_keys: [4711] }, '4711 are invalid key identifiers for Droplet creation.'],
    [{ vpc_uuid: 'nowhere' }, 'invalid VPC'],
    [{ tags: ['no blanks'] }, 'may contain letters'],
    [{ user_data: 'x'.repeat(64 * 1024 + 1) }, '64 KiB'],
    [{ public_networking: false, ipv6: true }, 'ipv6 must be false'],
    [{ volumes: ['v'] }, 'invalid volume'],
    [{ gpu_partition_mode: 'PARTITION_MODE_SPX_NPS1' }, 'not supported'],
  ])('refuses %j', async (part, reason) => {
    const answer = await cloud.ocean('POST', '/droplets', { ...DROPLET, ...part });
    expect([answer.status, String(answer.json.message)]).toEqual([422, expect.stringContaining(reason)]);
  });

  it.each([
    [{}],
    [{ image: 140769571 }],
    [{ image: 'ubuntu-24-04-x64', region: 'nyc3' }],
    [{ user_data: 'x'.repeat(64 * 1024), tags: ['role:router'], ipv6: true, monitoring: true, backups: false }],
    [{ region: undefined }],
  ])('takes %j', async (part) => {
    expect((await cloud.ocean('POST', '/droplets', { ...DROPLET, ...part })).status).toBe(202);
  });

  it('lets names repeat, and finds droplets by name', async () => {
    await makeOcean(cloud, 'droplets', DROPLET);
    await makeOcean(cloud, 'droplets', DROPLET);
    await makeOcean(cloud, 'droplets', { ...DROPLET, name: 'other' });
    const found = async (name: string) =>
      ((await cloud.ocean('GET', `/droplets?name=${name}`)).json.droplets as object[]).length;
    expect([await found('sin-app-01'), await found('other'), await found('nobody')]).toEqual([2, 1, 0]);
  });

  it('stops at the limit of the account', async () => {
    for (let n = 0; n < 25; n++) await makeOcean(cloud, 'droplets', DROPLET);
    expect((await cloud.ocean('POST', '/droplets', DROPLET)).status).toBe(422);
  });

  it('takes LAN addresses from the VPC’s range behind the gateway, and no address twice in a row', async () => {
    const vpc_uuid = await makeVpc(cloud, { ip_range: '10.77.20.0/28' });
    const refused = await cloud.ocean('POST', '/droplets', { ...DROPLET, region: 'fra1', vpc_uuid });
    expect(refused.json.message).toBe('Droplet and VPC must be in the same region.');
    const make = async () => {
      const id = await makeOcean(cloud, 'droplets', { ...DROPLET, vpc_uuid });
      settle();
      return id;
    };
    const [first, second] = [await make(), await make()];
    expect([await address(first, 'private'), await address(second, 'private')]).toEqual([
      ['10.77.20.2'],
      ['10.77.20.3'],
    ]);
    await cloud.ocean('DELETE', `/droplets/${first}`);
    settle();
    expect(await address(await make(), 'private')).toEqual(['10.77.20.4']);
    for (let n = 0; n < 11; n++) await make();
    expect((await cloud.ocean('POST', '/droplets', { ...DROPLET, vpc_uuid })).status).toBe(422);
    await cloud.ocean('DELETE', `/droplets/${second}`);
    settle();
    expect(await address(await make(), 'private')).toEqual(['10.77.20.3']);
  });

  it('leaves a droplet that is off behind when the create event ends in error', async () => {
    cloud.faults.set('action-error', 'sin-app-01');
    const bad = await makeOcean(cloud, 'droplets', DROPLET);
    const good = await makeOcean(cloud, 'droplets', { ...DROPLET, name: 'sin-app-02' });
    settle();
    expect([at(await get(bad), 'status'), at(await get(good), 'status')]).toEqual(['off', 'active']);
    const actions = (await cloud.ocean('GET', `/droplets/${bad}/actions`)).json.actions;
    expect(actions).toMatchObject([{ type: 'create', status: 'errored' }]);
  });

  it('never shows user_data again, and hands it to the machine with the keys', async () => {
    const key = await makeOcean(cloud, 'account/keys', { name: 'deploy', public_key: KEY_A });
    const id = await makeOcean(cloud, 'droplets', { ...DROPLET, ssh_keys: [Number(key)], user_data: 'sentinel' });
    expect(JSON.stringify(await get(id))).not.toContain('sentinel');
    expect(cloud.compute.all()).toMatchObject([
      { id: `digitalocean-${id}`, name: 'sin-app-01', userData: 'sentinel', authorizedKeys: [KEY_A], running: false },
    ]);
    settle();
    const [own = ''] = await address(id, 'public');
    expect(own).toMatch(/^192\.0\.2\./);
    expect(cloud.compute.byPublicAddress(own, 22)).toMatchObject({ running: true, lanAddress: '10.104.0.2' });
    expect(cloud.compute.byPublicAddress('192.0.2.199', 22)).toBeUndefined();
  });

  it('without public networking has a LAN address only', async () => {
    const id = await makeOcean(cloud, 'droplets', { ...DROPLET, public_networking: false });
    settle();
    expect([await address(id, 'public'), (await address(id, 'private')).length]).toEqual([[], 1]);
    expect(cloud.compute.byPublicAddress('', 22)).toBeUndefined();
  });
});

describe('a droplet', () => {
  let id: string;
  beforeEach(async () => {
    id = await makeOcean(cloud, 'droplets', DROPLET);
  });

  it('is locked while an event runs', async () => {
    const refused = await cloud.ocean('POST', `/droplets/${id}/actions`, { type: 'power_off' });
    expect([refused.status, refused.json.message]).toEqual([422, 'Droplet already has a pending event.']);
    expect((await cloud.ocean('DELETE', `/droplets/${id}`)).status).toBe(422);
    settle();
    expect(await act(id, { type: 'power_off' })).toBe('ok');
    expect((await cloud.ocean('DELETE', `/droplets/${id}`)).status).toBe(204);
  });

  it('is powered and renamed, and says so when there is nothing to do', async () => {
    settle();
    expect(await act(id, { type: 'power_on' })).toBe('Droplet is already powered on.');
    expect(await act(id, { type: 'power_off' })).toBe('ok');
    expect(at(await get(id), 'status')).toBe('off');
    expect(await act(id, { type: 'power_off' })).toBe('Droplet is already powered off.');
    expect(await act(id, { type: 'shutdown' })).toBe('ok');
    expect(await act(id, { type: 'reboot' })).toBe('Droplet is currently powered off.');
    expect(await act(id, { type: 'power_on' })).toBe('ok');
    expect(await act(id, { type: 'rename', name: 'no blanks' })).toContain('hostname characters');
    expect(await act(id, { type: 'rename', name: 'sin-app-09' })).toBe('ok');
    expect(await get(id)).toMatchObject({ name: 'sin-app-09', status: 'active' });
    expect(await act(id, { type: 'explode' })).not.toBe('ok');
  });

  it('tells the machine when it booted: after off and on and after a reboot, not otherwise', async () => {
    settle();
    const booted = () => cloud.compute.all()[0]?.bootedAt;
    const first = booted();
    expect(first).toBeDefined();
    await act(id, { type: 'rename', name: 'other' });
    expect(booted()).toBe(first);
    await act(id, { type: 'power_off' });
    expect([booted(), cloud.compute.all()[0]?.running]).toEqual([undefined, false]);
    await act(id, { type: 'power_on' });
    const second = booted();
    expect(second).toBeGreaterThan(first ?? Infinity);
    await cloud.ocean('POST', `/droplets/${id}/actions`, { type: 'reboot' });
    expect([at(await get(id), 'status'), cloud.compute.all()[0]?.running]).toEqual(['active', false]);
    settle();
    expect(booted()).toBeGreaterThan(second ?? Infinity);
  });

  it('is resized while it is off, and its disk never shrinks', async () => {
    settle();
    const resize = (size: string, disk = true) => act(id, { type: 'resize', size, disk });
    expect(await resize('s-1vcpu-2gb')).toContain('must be powered off');
    await act(id, { type: 'power_off' });
    expect(await resize('s-1vcpu-1gb')).toBe('Droplet is already this size.');
    expect(await resize('huge')).toContain('invalid size');
    expect(await resize('s-1vcpu-512mb-10gb')).toContain('smaller disk');
    expect(await resize('s-2vcpu-2gb', false)).toBe('ok');
    expect(await get(id)).toMatchObject({ status: 'off', size_slug: 's-2vcpu-2gb', disk: 25, vcpus: 2 });
    expect(await resize('s-1vcpu-2gb')).toBe('ok');
    expect(at(await get(id), 'disk')).toBe(50);
    expect(await resize('s-1vcpu-1gb')).toContain('smaller disk');
    cloud.faults.set('action-error', 'sin-app-01');
    expect(await resize('s-2vcpu-4gb')).toBe('ok');
    expect(at(await get(id), 'size_slug')).toBe('s-1vcpu-2gb');
  });

  it('is visible until its destroy event is over', async () => {
    settle();
    const [own = ''] = await address(id, 'public');
    await cloud.ocean('DELETE', `/droplets/${id}`);
    expect(await get(id)).toMatchObject({ locked: true });
    expect(cloud.compute.byPublicAddress(own, 22)?.running).toBe(false);
    settle();
    expect((await cloud.ocean('GET', `/droplets/${id}`)).status).toBe(404);
    expect((await cloud.ocean('DELETE', `/droplets/${id}`)).status).toBe(404);
    expect(cloud.compute.all()).toEqual([]);
  });

  it('turns on IPv6 and backups', async () => {
    settle();
    for (const type of ['enable_ipv6', 'enable_backups', 'disable_backups', 'enable_backups'])
      expect(await act(id, { type })).toBe('ok');
    expect(at(await get(id), 'features')).toEqual(expect.arrayContaining(['ipv6', 'backups']));
    expect(at(await get(id), 'networks.v6.0.ip_address')).toMatch(/^2001:db8:d0::/);
  });
});
