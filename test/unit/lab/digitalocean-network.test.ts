import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_A, KEY_B, at, startCloud, type Cloud } from './cloud.ts';
import { DROPLET, RULE, makeOcean, makeVpc } from './ocean.ts';

let cloud: Cloud;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  cloud = await startCloud({ actionMs: 40, clock: () => now });
});
afterEach(() => cloud.close());
const settle = () => (now += 1000);

const status = async (method: string, path: string, body?: unknown) => (await cloud.ocean(method, path, body)).status;

describe('the account', () => {
  it('is told by its token, and another token sees another account', async () => {
    const id = await makeVpc(cloud);
    expect(await status('GET', `/vpcs/${id}`)).toBe(200);
    const { ask } = cloud;
    expect((await ask(`dop_v1_${'b'.repeat(64)}`, 'GET', `/v2/vpcs/${id}`)).status).toBe(404);
    const stranger = await ask('nobody', 'GET', '/v2/account');
    expect([stranger.status, stranger.json.id, stranger.json.message]).toEqual([
      401,
      'Unauthorized',
      'Unable to authenticate you',
    ]);
    expect((await cloud.ocean('GET', '/account')).json).toMatchObject({ account: { status: 'active' } });
  });

  it('answers errors in the service’s shape, and unknown routes too', async () => {
    const answer = await cloud.ocean('GET', '/load_balancers');
    expect(answer.status).toBe(404);
    expect(Object.keys(answer.json).sort()).toEqual(['id', 'message', 'request_id']);
    expect(await status('POST', '/vpcs', 'no json')).toBe(400);
  });

  it('has a catalogue with prices', async () => {
    const { json } = await cloud.ocean('GET', '/sizes?per_page=200');
    const sizes = json.sizes as { slug: string; price_monthly: number; price_hourly: number; regions: string[] }[];
    expect(sizes.find((size) => size.slug === 's-1vcpu-1gb')).toMatchObject({
      price_monthly: 6,
      price_hourly: 0.00893,
    });
    const regions = (await cloud.ocean('GET', '/regions?per_page=200')).json.regions as {
      slug: string;
      sizes: string[];
    }[];
    expect(regions.find((region) => region.slug === 'sgp1')?.sizes).toContain('s-1vcpu-512mb-10gb');
    expect(regions.find((region) => region.slug === 'lon1')?.sizes).not.toContain('s-1vcpu-512mb-10gb');
  });

  it('lists page by page', async () => {
    for (let n = 0; n < 5; n++) await makeOcean(cloud, 'tags', { name: `t${n}` });
    const names = async (query: string) => {
      const { json } = await cloud.ocean('GET', `/tags?${query}`);
      return {
        names: (json.tags as { name: string }[]).map((tag) => tag.name),
        next: at(json, 'links.pages.next'),
        meta: json.meta,
      };
    };
    expect(await names('per_page=2&page=2')).toEqual({
      names: ['t2', 't3'],
      next: expect.stringContaining('page=3') as unknown,
      meta: { total: 5 },
    });
    expect(await names('per_page=2&page=3')).toMatchObject({ names: ['t4'], next: undefined });
    expect(await status('GET', '/tags?page=0')).toBe(400);
  });
});

describe('SSH keys', () => {
  it('may share a name, not a fingerprint, and answer to both id and fingerprint', async () => {
    const id = await makeOcean(cloud, 'account/keys', { name: 'deploy', public_key: KEY_A });
    await makeOcean(cloud, 'account/keys', { name: 'deploy', public_key: KEY_B });
    const again = await cloud.ocean('POST', '/account/keys', { name: 'other', public_key: KEY_A });
    expect([again.status, again.json.message]).toEqual([422, 'SSH Key is already in use on your account']);
    const { json } = await cloud.ocean('GET', `/account/keys/${id}`);
    const fingerprint = String(at(json, 'ssh_key.fingerprint'));
    expect(fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect((await cloud.ocean('GET', `/account/keys/${fingerprint}`)).json).toEqual(json);
    expect((await cloud.ocean('PUT', `/account/keys/${id}`, { name: 'new' })).json).toMatchObject({
      ssh_key: { name: 'new' },
    });
    expect(await status('DELETE', `/account/keys/${id}`)).toBe(204);
    expect(await status('GET', `/account/keys/${id}`)).toBe(404);
  });

  it('must be public keys', async () => {
    expect(await status('POST', '/account/keys', { name: 'x', public_key: 'ssh-ed25519 nonsense' })).toBe(422);
    expect(await status('POST', '/account/keys', { name: 'x', public_key: KEY_A })).toBe(201);
  });
});

describe('VPCs', () => {
  it.each([
    [{ region: 'moon' }, 422],
    [{ region: 'nyc2' }, 422],
    [{ name: 'no blanks' }, 422],
    [{ name: 'under_score' }, 422],
    [{ name: 'taken' }, 422],
    [{ ip_range: '10.77.30.128/25' }, 422],
    [{ ip_range: '10.77.0.0/16' }, 422],
    [{ ip_range: '100.64.0.0/24' }, 422],
    [{ ip_range: '10.77.20.1/24' }, 422],
    [{ ip_range: '10.0.0.0/15' }, 422],
    [{ ip_range: '10.77.20.0/29' }, 422],
    [{ ip_range: '10.244.3.0/24' }, 422],
    [{ ip_range: '10.10.0.0/24', region: 'nyc1' }, 422],
    [{ ip_range: '10.110.0.0/24' }, 422],
    [{ description: 'x'.repeat(256) }, 422],
    [{ ip_range: '10.10.0.0/24', region: 'fra1' }, 201],
    [{ ip_range: '10.77.20.0/28' }, 201],
    [{ name: 'env.prod-vpc', description: 'x'.repeat(255) }, 201],
  ])('judges %j as %i', async (part, code) => {
    await makeVpc(cloud, { name: 'taken', ip_range: '10.77.30.0/24' });
    const body = { name: 'ap-sin', region: 'sgp1', ip_range: '10.77.20.0/24', ...part };
    expect(await status('POST', '/vpcs', body)).toBe(code);
  });

  it('get a free /20 when they name no range', async () => {
    const ranges = [];
    for (const name of ['a', 'b'])
      ranges.push(at((await cloud.ocean('POST', '/vpcs', { name, region: 'fra1' })).json, 'vpc.ip_range'));
    expect(new Set(ranges).size).toBe(2);
    expect(ranges.every((range) => String(range).endsWith('/20'))).toBe(true);
  });

  it('are changed in name and description, and go when nobody is in them', async () => {
    const vpc_uuid = await makeVpc(cloud);
    const droplet = await makeOcean(cloud, 'droplets', { ...DROPLET, vpc_uuid });
    const changed = await cloud.ocean('PUT', `/vpcs/${vpc_uuid}`, { name: 'sin', description: 'd', default: false });
    expect(changed.json).toMatchObject({ vpc: { name: 'sin', description: 'd', ip_range: '10.77.20.0/24' } });
    expect((await cloud.ocean('GET', `/vpcs/${vpc_uuid}/members`)).json.members).toMatchObject([
      { urn: `do:droplet:${droplet}` },
    ]);
    const refused = await cloud.ocean('DELETE', `/vpcs/${vpc_uuid}`);
    expect([refused.status, refused.json.message]).toEqual([409, 'Can not delete VPC with members']);
    settle();
    await cloud.ocean('DELETE', `/droplets/${droplet}`);
    expect(await status('DELETE', `/vpcs/${vpc_uuid}`)).toBe(409);
    settle();
    expect(await status('DELETE', `/vpcs/${vpc_uuid}`)).toBe(204);
    expect(await status('DELETE', `/vpcs/${vpc_uuid}`)).toBe(404);
  });

  it('of a region include a default that cannot be deleted, until another one takes over', async () => {
    const vpcs = (await cloud.ocean('GET', '/vpcs?per_page=200')).json.vpcs as { id: string; region: string }[];
    const standard = vpcs.find((vpc) => vpc.region === 'sgp1')?.id ?? '';
    expect(await status('DELETE', `/vpcs/${standard}`)).toBe(403);
    const own = await makeVpc(cloud);
    await cloud.ocean('PATCH', `/vpcs/${own}`, { default: true });
    expect(await status('DELETE', `/vpcs/${own}`)).toBe(403);
    expect(await status('DELETE', `/vpcs/${standard}`)).toBe(204);
  });
});

describe('tags', () => {
  it('are made by whoever names them first, whose spelling stays', async () => {
    expect((await cloud.ocean('POST', '/tags', { name: 'Role:Router' })).status).toBe(201);
    expect((await cloud.ocean('POST', '/tags', { name: 'role:router' })).json).toMatchObject({
      tag: { name: 'Role:Router' },
    });
    expect(await status('GET', '/tags/role:router')).toBe(404);
    expect(await status('GET', '/tags/Role:Router')).toBe(200);
  });

  it.each(['no blanks', 'semi;colon', '', 'x'.repeat(256)])('refuse %j', async (name) => {
    expect(await status('POST', '/tags', { name })).toBe(422);
    expect(await status('POST', '/tags', { name: 'site_a:role-b' })).toBe(201);
  });

  it('are put on droplets and taken off, count them, and leave them when deleted', async () => {
    await makeOcean(cloud, 'tags', { name: 'db' });
    const id = await makeOcean(cloud, 'droplets', { ...DROPLET, tags: ['app', 'DB'] });
    const tags = async () => at((await cloud.ocean('GET', `/droplets/${id}`)).json, 'droplet.tags');
    expect(await tags()).toEqual(['app', 'db']);
    const resources = [{ resource_id: id, resource_type: 'droplet' }];
    expect(await status('DELETE', '/tags/app/resources', { resources })).toBe(204);
    expect(await tags()).toEqual(['db']);
    expect(await status('POST', '/tags/nobody/resources', { resources })).toBe(404);
    expect(await status('POST', '/tags/app/resources', { resources })).toBe(204);
    expect((await cloud.ocean('GET', '/tags/app')).json).toMatchObject({
      tag: { resources: { count: 1, droplets: { count: 1 }, images: { count: 0 } } },
    });
    expect(((await cloud.ocean('GET', '/droplets?tag_name=app')).json.droplets as object[]).length).toBe(1);
    expect(await status('DELETE', '/tags/app')).toBe(204);
    expect(await tags()).toEqual(['db']);
    expect((await cloud.ocean('GET', '/droplets?tag_name=app')).json.droplets).toEqual([]);
    expect(await status('DELETE', '/tags/app')).toBe(404);
  });
});

describe('firewalls', () => {
  const firewall = (part: object = {}) => ({ name: 'routers', inbound_rules: [RULE], ...part });
  beforeEach(async () => {
    for (let n = 0; n < 6; n++) await makeOcean(cloud, 'tags', { name: `t${n}` });
  });

  it.each([
    [{ inbound_rules: [] }, 422],
    [{ inbound_rules: null }, 422],
    [{ name: 'no blanks' }, 422],
    [{ name: '-x' }, 422],
    [{ inbound_rules: [{ ...RULE, ports: '0-70000' }] }, 422],
    [{ inbound_rules: [{ ...RULE, ports: undefined }] }, 422],
    [{ inbound_rules: [{ ...RULE, protocol: 'gre' }] }, 422],
    [{ inbound_rules: [{ ...RULE, sources: {} }] }, 422],
    [{ inbound_rules: [{ ...RULE, sources: { addresses: ['everywhere'] } }] }, 422],
    [{ inbound_rules: [{ ...RULE, sources: { tags: ['nobody'] } }] }, 422],
    [{ inbound_rules: [RULE, RULE] }, 422],
    [{ tags: ['nobody'] }, 422],
    [{ droplet_ids: [4711] }, 422],
    [{ tags: ['t0', 't1', 't2', 't3', 't4', 't5'] }, 422],
    [{ tags: ['t0', 't1', 't2', 't3', 't4'] }, 202],
    [{ inbound_rules: [{ protocol: 'icmp', sources: { addresses: ['0.0.0.0/0', '::/0', '192.0.2.1'] } }] }, 202],
    [{ inbound_rules: [], outbound_rules: [{ protocol: 'udp', ports: 'all', destinations: { tags: ['t0'] } }] }, 202],
  ])('judge %j as %i', async (part, code) => {
    expect(await status('POST', '/firewalls', firewall(part))).toBe(code);
  });

  it('hold at most fifty rules', async () => {
    const rules = (count: number) => Array.from({ length: count }, (_, n) => ({ ...RULE, ports: String(1000 + n) }));
    expect(await status('POST', '/firewalls', firewall({ inbound_rules: rules(51) }))).toBe(422);
    expect(await status('POST', '/firewalls', firewall({ inbound_rules: rules(50) }))).toBe(202);
  });

  it('have names of their own', async () => {
    const id = await makeOcean(cloud, 'firewalls', firewall());
    const again = await cloud.ocean('POST', '/firewalls', firewall());
    expect([again.status, again.json.message]).toEqual([409, 'duplicate name']);
    expect(await status('PUT', `/firewalls/${id}`, firewall())).toBe(200);
    await makeOcean(cloud, 'firewalls', firewall({ name: 'other' }));
    expect(await status('PUT', `/firewalls/${id}`, firewall({ name: 'other' }))).toBe(409);
    await cloud.ocean('DELETE', `/firewalls/${id}`);
    cloud.faults.set('name-taken', 'routers');
    expect(await status('POST', '/firewalls', firewall())).toBe(409);
    cloud.faults.clear();
    expect(await status('POST', '/firewalls', firewall())).toBe(202);
  });

  it('answer all ports as 0, leave out empty sources, and say whom they still have to reach', async () => {
    const droplet = await makeOcean(cloud, 'droplets', { ...DROPLET, tags: ['t0'] });
    const id = await makeOcean(cloud, 'firewalls', {
      name: 'fw',
      tags: ['T0'],
      inbound_rules: [{ protocol: 'tcp', ports: '1-65535', sources: { tags: ['t1'], addresses: [] } }],
      outbound_rules: [{ protocol: 'icmp', destinations: { addresses: ['0.0.0.0/0'] } }],
    });
    const read = async () => (await cloud.ocean('GET', `/firewalls/${id}`)).json;
    expect(await read()).toMatchObject({
      firewall: {
        status: 'waiting',
        pending_changes: [{ droplet_id: Number(droplet), removing: false, status: 'waiting' }],
        tags: ['t0'],
        inbound_rules: [{ protocol: 'tcp', ports: '0', sources: { tags: ['t1'] } }],
        outbound_rules: [{ protocol: 'icmp', ports: '0', destinations: { addresses: ['0.0.0.0/0'] } }],
      },
    });
    settle();
    expect(await read()).toMatchObject({ firewall: { status: 'succeeded', pending_changes: [] } });
    await cloud.ocean('DELETE', '/tags/t1');
    expect(await read()).toMatchObject({ firewall: { inbound_rules: [] } });
    expect(await status('DELETE', `/firewalls/${id}`)).toBe(204);
    expect(await status('DELETE', `/firewalls/${id}`)).toBe(404);
  });
});
