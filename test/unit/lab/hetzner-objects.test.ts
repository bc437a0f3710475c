import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_A, KEY_B, LAB_TOKEN, SERVER, TOKENS, at, make, startCloud, type Cloud } from './cloud.ts';

let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.close());

const ids = (json: Record<string, unknown>, plural: string) =>
  (json[plural] as { id: number }[]).map((entry) => entry.id);

describe('tenants', () => {
  it('are told apart by token, and strangers are refused', async () => {
    const id = await make(cloud, 'ssh_keys', { name: 'deploy', public_key: KEY_A });
    expect((await cloud.ask(TOKENS.staging, 'GET', `/v1/ssh_keys/${id}`)).code).toBe('ok');
    expect((await cloud.ask(TOKENS.prod, 'GET', `/v1/ssh_keys/${id}`)).code).toBe('not_found');
    expect(ids((await cloud.ask(TOKENS.prod, 'GET', '/v1/ssh_keys')).json, 'ssh_keys')).toEqual([]);
    const stranger = await cloud.ask('x'.repeat(64), 'GET', '/v1/ssh_keys');
    expect([stranger.status, stranger.code]).toEqual([401, 'unauthorized']);
  });

  it('have names of their own, but never the same public address', async () => {
    const body = { name: 'ip', type: 'ipv4', location: 'fsn1' };
    const answers = [
      await cloud.ask(TOKENS.staging, 'POST', '/v1/primary_ips', body),
      await cloud.ask(TOKENS.prod, 'POST', '/v1/primary_ips', body),
    ];
    const addresses = answers.map((answer) => String(at(answer.json, 'primary_ip.ip')));
    expect(addresses.every((address) => address.startsWith('203.0.113.'))).toBe(true);
    expect(new Set(addresses).size).toBe(2);
  });

  it('appear in the log by name, and their tokens and bodies never do', async () => {
    await cloud.call('POST', '/ssh_keys', { name: 'deploy', public_key: KEY_A });
    expect(cloud.log.at(-1)).toMatchObject({ method: 'POST', path: '/v1/ssh_keys', status: 201, tenant: 'staging' });
    expect(JSON.stringify(cloud.log)).not.toMatch(new RegExp(`${TOKENS.staging}|AAAAC3`));
  });
});

describe('SSH keys', () => {
  it('must be keys, and unique by name and by key', async () => {
    const post = async (name: string, public_key: string) =>
      (await cloud.call('POST', '/ssh_keys', { name, public_key })).code;
    expect(await post('a', 'ssh-ed25519 garbage')).toBe('invalid_input');
    expect(await post('a', KEY_A)).toBe('ok');
    expect(await post('a', KEY_B)).toBe('uniqueness_error');
    expect(await post('b', KEY_A)).toBe('uniqueness_error');
    expect(await post('b', KEY_B)).toBe('ok');
  });
});

describe('lists', () => {
  it('filter by name and label, sort, and page', async () => {
    for (const name of ['b', 'a', 'c'])
      await make(cloud, 'placement_groups', { name, type: 'spread', labels: { odd: name === 'b' ? 'no' : 'yes' } });
    const names = async (query: string) => {
      const { json } = await cloud.call('GET', `/placement_groups?${query}`);
      return (json.placement_groups as { name: string }[]).map((group) => group.name);
    };
    expect(await names('')).toEqual(['b', 'a', 'c']);
    expect(await names('name=a')).toEqual(['a']);
    expect(await names('label_selector=odd%3Dyes')).toEqual(['a', 'c']);
    expect(await names('label_selector=odd!%3Dyes')).toEqual(['b']);
    expect(await names('label_selector=odd%20in%20(no,maybe)')).toEqual(['b']);
    expect(await names('label_selector=!odd')).toEqual([]);
    expect(await names('sort=name:desc')).toEqual(['c', 'b', 'a']);
    expect(await names('page=2&per_page=2')).toEqual(['c']);
    const { json } = await cloud.call('GET', '/placement_groups?page=1&per_page=2');
    expect(at(json, 'meta.pagination')).toEqual({
      page: 1,
      per_page: 2,
      previous_page: null,
      next_page: 2,
      last_page: 2,
      total_entries: 3,
    });
    expect((await cloud.call('GET', '/placement_groups?label_selector=a%20b')).code).toBe('invalid_input');
  });

  it('answer the catalogue by name, deprecated images only when asked', async () => {
    const images = async (query: string) => ids((await cloud.call('GET', `/images?${query}`)).json, 'images').length;
    expect(await images('name=debian-12&architecture=x86')).toBe(1);
    expect(await images('name=debian-11&architecture=x86')).toBe(0);
    expect(await images('name=debian-11&architecture=x86&include_deprecated=true')).toBe(1);
    expect(ids((await cloud.call('GET', '/server_types?name=cx23')).json, 'server_types')).toEqual([114]);
    expect(at((await cloud.call('GET', '/locations/1')).json, 'location.network_zone')).toBe('eu-central');
    expect((await cloud.call('GET', '/locations/99')).code).toBe('not_found');
  });
});

describe('firewall rules', () => {
  const rule = { direction: 'in', protocol: 'tcp', port: '22', source_ips: ['198.51.100.0/28', '2001:db8::/32'] };
  it.each([
    [{}, 'ok'],
    [{ port: '80-443' }, 'ok'],
    [{ port: 'any' }, 'ok'],
    [{ protocol: 'icmp', port: undefined }, 'ok'],
    [{ direction: 'out', source_ips: [], destination_ips: ['0.0.0.0/0'] }, 'ok'],
    [{ port: undefined }, 'invalid_input'],
    [{ port: '0' }, 'invalid_input'],
    [{ port: '443-80' }, 'invalid_input'],
    [{ protocol: 'icmp' }, 'invalid_input'],
    [{ protocol: 'sctp' }, 'invalid_input'],
    [{ source_ips: [] }, 'invalid_input'],
    [{ source_ips: ['198.51.100.1/28'] }, 'invalid_input'],
    [{ source_ips: ['2001:db8::1/32'] }, 'invalid_input'],
    [{ destination_ips: ['0.0.0.0/0'] }, 'invalid_input'],
  ])('with %j are judged %s', async (change, code) => {
    expect((await cloud.call('POST', '/firewalls', { name: 'fw', rules: [{ ...rule, ...change }] })).code).toBe(code);
  });

  it('keep the old ones when the action ends in error', async () => {
    const id = await make(cloud, 'firewalls', { name: 'fw', rules: [rule] });
    const set = (port: string) =>
      cloud.call('POST', `/firewalls/${id}/actions/set_rules`, { rules: [{ ...rule, port }] });
    const port = async () => at((await cloud.call('GET', `/firewalls/${id}`)).json, 'firewall.rules.0.port');
    cloud.faults.set('action-error', 'fw');
    expect(at((await set('23')).json, 'actions.0.status')).toBe('error');
    expect(await port()).toBe('22');
    cloud.faults.clear();
    expect(at((await set('23')).json, 'actions.0.status')).toBe('success');
    expect(await port()).toBe('23');
  });
});

describe('primary IPs', () => {
  it('are assigned to stopped servers of their location that lack one', async () => {
    const ip = await make(cloud, 'primary_ips', { name: 'ip', type: 'ipv4', location: 'fsn1' });
    const far = await make(cloud, 'primary_ips', { name: 'far', type: 'ipv4', location: 'hel1' });
    const server = await make(cloud, 'servers', { ...SERVER, public_net: { enable_ipv4: false } });
    const post = async (path: string, body?: object) => (await cloud.call('POST', path, body)).code;
    const assign = (id: number) =>
      post(`/primary_ips/${id}/actions/assign`, { assignee_id: server, assignee_type: 'server' });
    expect(await assign(ip)).toBe('server_not_stopped');
    await post(`/servers/${server}/actions/poweroff`);
    expect(await assign(far)).toBe('primary_ip_location_mismatch');
    expect(await assign(ip)).toBe('ok');
    expect(await assign(ip)).toBe('primary_ip_assigned');
    expect(at((await cloud.call('GET', `/servers/${server}`)).json, 'server.public_net.ipv4.id')).toBe(ip);
    await post(`/servers/${server}/actions/poweron`);
    expect(await post(`/primary_ips/${ip}/actions/unassign`)).toBe('server_not_stopped');
    await post(`/servers/${server}/actions/poweroff`);
    expect(await post(`/primary_ips/${ip}/actions/unassign`)).toBe('ok');
    expect(await post(`/primary_ips/${ip}/actions/unassign`)).toBe('primary_ip_not_assigned');
  });

  it('go into servers of their own family and location only', async () => {
    const create = async (name: string, public_net: object) =>
      (await cloud.call('POST', '/servers', { ...SERVER, name, public_net })).code;
    const ipv6 = await make(cloud, 'primary_ips', { name: 'six', type: 'ipv6', location: 'fsn1' });
    const far = await make(cloud, 'primary_ips', { name: 'far', type: 'ipv4', location: 'hel1' });
    expect(await create('a', { ipv4: ipv6 })).toBe('primary_ip_version_mismatch');
    expect(await create('a', { ipv4: far })).toBe('primary_ip_location_mismatch');
    expect(await create('a', { enable_ipv6: false, ipv6 })).toBe('invalid_input');
    expect(await create('a', { ipv6 })).toBe('ok');
    expect(await create('b', { ipv6 })).toBe('primary_ip_assigned');
  });

  it('are protected on demand, and need a location', async () => {
    const ip = await make(cloud, 'primary_ips', { name: 'ip', type: 'ipv4', location: 'fsn1' });
    const protect = (value: boolean) =>
      cloud.call('POST', `/primary_ips/${ip}/actions/change_protection`, { delete: value });
    await protect(true);
    expect((await cloud.call('DELETE', `/primary_ips/${ip}`)).code).toBe('protected');
    await protect(false);
    expect((await cloud.call('DELETE', `/primary_ips/${ip}`)).status).toBe(204);
    expect((await cloud.call('POST', '/primary_ips', { name: 'x', type: 'ipv4' })).code).toBe('invalid_input');
  });
});

describe('the surface', () => {
  it('answers malformed JSON and unknown routes in its own error shape', async () => {
    expect((await cloud.call('POST', '/ssh_keys', '{')).code).toBe('json_error');
    expect((await cloud.call('GET', '/volumes')).code).toBe('not_found');
    expect((await cloud.call('GET', '/actions')).code).toBe('invalid_input');
    expect((await cloud.call('GET', '/servers/abc')).code).toBe('not_found');
  });

  it('is controlled with the lab token alone', async () => {
    const control = (token: string, method: string, path: string, body?: object) =>
      cloud.ask(token, method, `/lab${path}`, body);
    expect((await control(TOKENS.staging, 'GET', '/status')).status).toBe(401);
    expect((await control(LAB_TOKEN, 'GET', '/status')).json).toMatchObject({
      lab: 'site-mesh',
      pid: process.pid,
      faults: [],
    });
    expect((await control(LAB_TOKEN, 'POST', '/faults', { fault: 'unheard-of', target: 'x' })).status).toBe(422);
    await control(LAB_TOKEN, 'POST', '/faults', { fault: 'name-taken', target: 'net' });
    expect((await cloud.call('POST', '/networks', { name: 'net', ip_range: '10.77.0.0/16' })).code).toBe(
      'uniqueness_error',
    );
    await control(LAB_TOKEN, 'DELETE', '/faults?fault=name-taken');
    expect((await cloud.call('POST', '/networks', { name: 'net', ip_range: '10.77.0.0/16' })).code).toBe('ok');
    expect((await control(LAB_TOKEN, 'GET', '/unexecuted')).json.unexecuted).toHaveLength(1);
    await control(LAB_TOKEN, 'POST', '/reset');
    expect(ids((await cloud.call('GET', '/networks')).json, 'networks')).toEqual([]);
  });
});
