import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_A, SERVER, at, make, startCloud, type Cloud } from './cloud.ts';

let cloud: Cloud;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  cloud = await startCloud({ actionMs: 40, clock: () => now });
});
afterEach(() => cloud.close());

/** Lets every action end. */
const settle = () => (now += 1000);
const status = async (id: number) => at((await cloud.call('GET', `/servers/${id}`)).json, 'server.status');
const act = async (id: number, command: string, body?: object) => {
  const answer = await cloud.call('POST', `/servers/${id}/actions/${command}`, body);
  settle();
  return answer.code;
};

describe('POST /servers', () => {
  it('answers the real envelope, and the server starts by the clock', async () => {
    const { json } = await cloud.call('POST', '/servers', SERVER);
    expect(Object.keys(json).sort()).toEqual(['action', 'next_actions', 'root_password', 'server']);
    expect(at(json, 'action')).toMatchObject({ command: 'create_server', status: 'running', error: null });
    expect(at(json, 'next_actions.0.command')).toBe('start_server');
    const id = Number(at(json, 'server.id'));
    const actions = `/actions?id=${String(at(json, 'action.id'))}&id=${String(at(json, 'next_actions.0.id'))}&page=1&sort=status&sort=id`;
    const states = async () => {
      const answer = (await cloud.call('GET', actions)).json.actions as { status: string }[];
      return answer.map((action) => action.status);
    };
    expect([await status(id), await states()]).toEqual(['initializing', ['running', 'running']]);
    now += 40;
    expect(await states()).toEqual(['success', 'running']);
    now += 40;
    expect([await status(id), await states()]).toEqual(['running', ['success', 'success']]);
  });

  it.each([
    [{ name: 'not a host name' }, 'invalid_input'],
    [{ server_type: 'cx99' }, 'invalid_input'],
    [{ server_type: 'cx11' }, 'invalid_input'],
    [{ server_type: 'cpx11' }, 'invalid_input'],
    [{ image: 'windows' }, 'invalid_input'],
    [{ image: 'debian-11' }, 'invalid_input'],
    [{ location: 'moon' }, 'invalid_input'],
    [{ ssh_keys: [4711] }, 'invalid_input'],
    [{ firewalls: [{ firewall: 4711 }] }, 'invalid_input'],
    [{ placement_group: 4711 }, 'invalid_input'],
    [{ public_net: { ipv4: 4711 } }, 'invalid_input'],
    [{ user_data: 'x'.repeat(32 * 1024 + 1) }, 'invalid_input'],
    [{ labels: { 'no blanks': 'x' } }, 'invalid_input'],
    [{ user_data: 'x'.repeat(32 * 1024), labels: { role: 'router' } }, 'ok'],
    [{ image: 'debian-13' }, 'ok'],
    [{ image: 'ubuntu-24.04', server_type: 'cax11' }, 'ok'],
    [{ server_type: 'cpx11', location: 'ash' }, 'ok'],
  ])('judges %j as %s', async (change, code) => {
    expect((await cloud.call('POST', '/servers', { ...SERVER, ...change })).code).toBe(code);
  });

  it('names every field that is wrong', async () => {
    const { json } = await cloud.call('POST', '/servers', { name: 5, image: 'debian-12' });
    const fields = at(json, 'error.details.fields') as { name: string; messages: string[] }[];
    expect(fields.map((field) => field.name)).toEqual(['name', 'server_type']);
    expect(fields.every((field) => field.messages.length > 0)).toBe(true);
  });

  it('refuses a name that is taken, by a server or by the fault', async () => {
    const id = await make(cloud, 'servers', SERVER);
    const again = async () => (await cloud.call('POST', '/servers', SERVER)).code;
    expect(await again()).toBe('uniqueness_error');
    settle();
    await cloud.call('DELETE', `/servers/${id}`);
    cloud.faults.set('name-taken', SERVER.name);
    expect(await again()).toBe('uniqueness_error');
    cloud.faults.clear();
    expect(await again()).toBe('ok');
  });

  it('leaves a server that is off behind when the action ends in error', async () => {
    cloud.faults.set('action-error', 'fra-edge-01');
    const bad = (await cloud.call('POST', '/servers', SERVER)).json;
    const good = (await cloud.call('POST', '/servers', { ...SERVER, name: 'fra-edge-02' })).json;
    settle();
    const outcome = async (json: unknown) => {
      const answer = await cloud.call('GET', `/actions/${String(at(json, 'action.id'))}`);
      return [
        at(answer.json, 'action.status'),
        at(answer.json, 'action.error.code'),
        await status(Number(at(json, 'server.id'))),
      ];
    };
    expect(await outcome(bad)).toEqual(['error', 'action_failed', 'off']);
    expect(await outcome(good)).toEqual(['success', undefined, 'running']);
  });

  it('fills a spread placement group up to ten', async () => {
    const placement_group = await make(cloud, 'placement_groups', { name: 'pg', type: 'spread' });
    for (let n = 0; n < 10; n++) await make(cloud, 'servers', { ...SERVER, name: `s${n}`, placement_group });
    expect((await cloud.call('POST', '/servers', { ...SERVER, placement_group })).code).toBe('placement_error');
    expect((await cloud.call('POST', '/servers', SERVER)).code).toBe('ok');
    expect((await cloud.call('DELETE', `/placement_groups/${placement_group}`)).code).toBe('resource_in_use');
  });

  it('never shows user_data again, and hands it to the machine', async () => {
    await make(cloud, 'ssh_keys', { name: 'deploy', public_key: KEY_A });
    const id = await make(cloud, 'servers', { ...SERVER, ssh_keys: ['deploy'], user_data: '#cloud-config secret' });
    expect(JSON.stringify((await cloud.call('GET', `/servers/${id}`)).json)).not.toContain('secret');
    const [view] = cloud.compute.all();
    expect(view).toMatchObject({
      id: `hetzner-${id}`,
      userData: '#cloud-config secret',
      authorizedKeys: [KEY_A],
      running: false,
    });
    settle();
    const address = String(at((await cloud.call('GET', `/servers/${id}`)).json, 'server.public_net.ipv4.ip'));
    expect(cloud.compute.byPublicAddress(address, 22)).toMatchObject({ name: 'fra-edge-01', running: true });
    expect(cloud.compute.byPublicAddress('203.0.113.200', 22)).toBeUndefined();
  });
});

describe('a server', () => {
  let id: number;
  beforeEach(async () => {
    id = await make(cloud, 'servers', SERVER);
  });

  it('is locked while an action runs', async () => {
    expect((await cloud.call('POST', `/servers/${id}/actions/poweroff`)).code).toBe('locked');
    expect((await cloud.call('DELETE', `/servers/${id}`)).code).toBe('locked');
    settle();
    expect(await act(id, 'poweroff')).toBe('ok');
    expect(await status(id)).toBe('off');
    expect((await cloud.call('DELETE', `/servers/${id}`)).code).toBe('ok');
  });

  it('tells the machine when it booted: again after off and on, and after a reset, not otherwise', async () => {
    settle();
    const booted = () => cloud.compute.all()[0]?.bootedAt;
    const first = booted();
    expect(first).toBeDefined();
    await act(id, 'poweron');
    await act(id, 'enable_backup');
    expect(booted()).toBe(first);
    await act(id, 'poweroff');
    expect(booted()).toBeUndefined();
    await act(id, 'poweron');
    const second = booted();
    expect(second).toBeGreaterThan(first ?? Infinity);
    await act(id, 'reset');
    expect(booted()).toBeGreaterThan(second ?? Infinity);
  });

  it('changes its type while it is off, and stays off', async () => {
    settle();
    const change = (server_type: string, upgrade_disk = true) => act(id, 'change_type', { server_type, upgrade_disk });
    expect(await change('cx33')).toBe('server_not_stopped');
    await act(id, 'poweroff');
    expect(await change('cax11')).toBe('invalid_server_type');
    expect(await change('cpx11')).toBe('invalid_server_type');
    expect(await change('cx33')).toBe('ok');
    expect(await status(id)).toBe('off');
    expect(await change('cx23')).toBe('invalid_server_type');
    expect(await change('cx43', false)).toBe('ok');
    expect(await change('cx33')).toBe('ok');
  });

  it('is not deleted while protected, and protects both or nothing', async () => {
    settle();
    expect(await act(id, 'change_protection', { delete: true })).toBe('invalid_input');
    expect(await act(id, 'change_protection', { delete: true, rebuild: true })).toBe('ok');
    expect((await cloud.call('DELETE', `/servers/${id}`)).code).toBe('protected');
    await act(id, 'change_protection', { delete: false, rebuild: false });
    const deleted = await cloud.call('DELETE', `/servers/${id}`);
    expect([deleted.status, at(deleted.json, 'action.command')]).toEqual([200, 'delete_server']);
    expect((await cloud.call('GET', `/servers/${id}`)).code).toBe('not_found');
  });

  it('takes its own addresses with it, and leaves those that were named', async () => {
    settle();
    const ipv4 = await make(cloud, 'primary_ips', { name: 'ip', type: 'ipv4', location: 'fsn1' });
    const other = await make(cloud, 'servers', { ...SERVER, name: 'named', public_net: { ipv4, enable_ipv6: false } });
    expect((await cloud.call('DELETE', `/primary_ips/${ipv4}`)).code).toBe('must_be_unassigned');
    settle();
    await cloud.call('DELETE', `/servers/${id}`);
    await cloud.call('DELETE', `/servers/${other}`);
    const left = (await cloud.call('GET', '/primary_ips')).json.primary_ips as { id: number; assignee_id: unknown }[];
    expect(left.map((ip) => [ip.id, ip.assignee_id])).toEqual([[ipv4, null]]);
    expect((await cloud.call('DELETE', `/primary_ips/${ipv4}`)).status).toBe(204);
  });

  it('is reached by firewalls directly and by label, until they are taken off', async () => {
    const rules = [{ direction: 'in', protocol: 'tcp', port: '22', source_ips: ['198.51.100.0/28'] }];
    const firewall = await make(cloud, 'firewalls', { name: 'fw', rules });
    const selector = { type: 'label_selector', label_selector: { selector: 'role=router' } };
    const target = { type: 'server', server: { id } };
    const apply = (to: object) =>
      cloud.call('POST', `/firewalls/${firewall}/actions/apply_to_resources`, { apply_to: [to] });
    const remove = (to: object) =>
      cloud.call('POST', `/firewalls/${firewall}/actions/remove_from_resources`, { remove_from: [to] });
    const reached = async () => at((await cloud.call('GET', `/servers/${id}`)).json, 'server.public_net.firewalls');
    expect((await apply(selector)).code).toBe('ok');
    expect(await reached()).toEqual([]);
    await cloud.call('PUT', `/servers/${id}`, { labels: { role: 'router' } });
    expect(await reached()).toEqual([{ id: firewall, status: 'applied' }]);
    expect((await apply(target)).code).toBe('ok');
    expect((await apply(target)).code).toBe('firewall_already_applied');
    expect((await apply({ type: 'server', server: { id: 4711 } })).code).toBe('firewall_resource_not_found');
    expect((await cloud.call('DELETE', `/firewalls/${firewall}`)).code).toBe('resource_in_use');
    await remove(target);
    expect((await remove(target)).code).toBe('firewall_resource_not_found');
    await remove(selector);
    expect(await reached()).toEqual([]);
    expect((await cloud.call('DELETE', `/firewalls/${firewall}`)).status).toBe(204);
  });
});
