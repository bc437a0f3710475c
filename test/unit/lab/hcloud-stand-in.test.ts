import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PartialFailure, UNKNOWN, type Inputs } from '../../../io/rpc/types.ts';
import { KEY_A, KEY_B, startCloud, type Cloud } from './cloud.ts';
import { startDriver, type Driver, type Recorded } from './hcloud-driver.ts';

let cloud: Cloud;
let driver: Driver;
beforeEach(async () => {
  cloud = await startCloud();
  driver = await startDriver(cloud);
});
afterEach(() => cloud.close());

/** Paths under /v1 that were called since the last look, with their methods. */
const calls = () => cloud.log.splice(0).map((entry) => `${entry.method} ${entry.path.replace('/v1', '')}`);

const ROUTER = { serverType: 'cx23', image: 'debian-12', location: 'fsn1' };
const RULE = { direction: 'in', protocol: 'tcp', port: '22', sourceIps: ['198.51.100.0/28'] };

/** One program for every type, in order, with arguments that name what was made before. */
async function makeAll(): Promise<Record<string, { type: string; args: Inputs; recorded: Recorded }>> {
  const made: Record<string, { type: string; args: Inputs; recorded: Recorded }> = {};
  const id = (name: string) => Number(made[name]?.recorded.id);
  const add = async (name: string, type: string, args: Inputs) => {
    made[name] = { type, args, recorded: await driver.create(type, name, args) };
  };
  await add('key', 'SshKey', { name: 'deploy', publicKey: KEY_A });
  await add('net', 'Network', { name: 'acme', ipRange: '10.77.0.0/16' });
  await add('subnet', 'NetworkSubnet', {
    networkId: id('net'),
    type: 'cloud',
    networkZone: 'eu-central',
    ipRange: '10.77.10.0/24',
  });
  await add('route', 'NetworkRoute', { networkId: id('net'), destination: '10.77.20.0/24', gateway: '10.77.10.254' });
  await add('fw', 'Firewall', {
    name: 'routers',
    labels: { site: 'eu-fra' },
    rules: [RULE, { direction: 'in', protocol: 'icmp', sourceIps: ['0.0.0.0/0', '::/0'] }],
  });
  await add('pg', 'PlacementGroup', { name: 'eu-fra', type: 'spread' });
  await add('ip', 'PrimaryIp', { name: 'fra-edge-01', type: 'ipv4', location: 'fsn1', labels: { a: 'b' } });
  await add('server', 'Server', {
    ...ROUTER,
    name: 'fra-edge-01',
    sshKeys: [String(id('key'))],
    placementGroupId: id('pg'),
    publicNets: [{ ipv4Enabled: true, ipv4: id('ip'), ipv6Enabled: false }],
    userData: '#cloud-config\n',
    labels: { role: 'router' },
    shutdownBeforeDeletion: true,
  });
  await add('attachment', 'FirewallAttachment', { firewallId: id('fw'), serverIds: [id('server')] });
  await add('lan', 'ServerNetwork', { serverId: id('server'), networkId: id('net'), ip: '10.77.10.2' });
  return made;
}

describe('every type', () => {
  it('is made, found unchanged by diff and refresh without a plan, and taken away again', async () => {
    const made = await makeAll();
    for (const [name, { type, args, recorded }] of Object.entries(made)) {
      expect([name, (await driver.diff(type, name, recorded, args)).changes]).toEqual([name, {}]);
      const refreshed = await driver.refresh(type, name, recorded);
      expect([name, refreshed?.id]).toEqual([name, recorded.id]);
      if (refreshed !== undefined)
        expect([name, (await driver.diff(type, name, refreshed, args)).changes]).toEqual([name, {}]);
    }
    for (const [name, { type, recorded }] of Object.entries(made).toReversed())
      await driver.remove(type, name, recorded);
    for (const kind of ['ssh_keys', 'networks', 'firewalls', 'placement_groups', 'primary_ips', 'servers']) {
      expect([kind, (await cloud.call('GET', `/${kind}`)).json[kind]]).toEqual([kind, []]);
    }
    for (const [name, { type, recorded }] of Object.entries(made))
      expect([name, await driver.refresh(type, name, recorded)]).toEqual([name, undefined]);
  });

  it('has the ids that the plugin gives', async () => {
    const made = await makeAll();
    const id = (name: string) => made[name]?.recorded.id;
    expect(id('subnet')).toBe(`${id('net')}-10.77.10.0/24`);
    expect(id('route')).toBe(`${id('net')}-10.77.20.0/24`);
    expect(id('lan')).toBe(`${id('server')}-${id('net')}`);
    expect(id('attachment')).toBe(id('fw'));
    expect(made.subnet?.recorded.outputs.gateway).toBe('10.77.0.1');
  });

  it('answers previews without a call, with unknowns for what the cloud decides', async () => {
    const outputs = await driver.preview('Server', 'fra-edge-01', {
      ...ROUTER,
      userData: UNKNOWN,
      placementGroupId: UNKNOWN,
    });
    expect(outputs).toMatchObject({
      serverType: 'cx23',
      ipv4Address: UNKNOWN,
      status: UNKNOWN,
      placementGroupId: UNKNOWN,
    });
    expect(calls()).toEqual([]);
  });
});

describe('the calls', () => {
  it('of a server are the official ones, in their order', async () => {
    const made = await makeAll();
    calls();
    const server = made.server;
    if (server === undefined) throw new Error('no server');
    await driver.create('Server', 'fra-edge-02', { ...server.args, name: 'fra-edge-02', publicNets: [] });
    const key = made.key?.recorded.id ?? '';
    const group = made.pg?.recorded.id ?? '';
    const seen = calls().filter((call) => call !== 'GET /actions');
    expect(seen.slice(0, 5)).toEqual([
      'GET /server_types',
      'GET /images',
      `GET /ssh_keys/${key}`,
      `GET /placement_groups/${group}`,
      'POST /servers',
    ]);
    expect(seen.slice(5)).toEqual([expect.stringMatching(/^GET \/servers\/\d+$/)]);
  });

  it('of an unchanged second round are none', async () => {
    const made = await makeAll();
    calls();
    for (const [name, { type, args, recorded }] of Object.entries(made)) await driver.diff(type, name, recorded, args);
    expect(calls()).toEqual([]);
  });

  it('of a resized server power it off and leave it off', async () => {
    const server = await driver.create('Server', 'edge', ROUTER);
    calls();
    const resized = await driver.update('Server', 'edge', server, { ...ROUTER, serverType: 'cx33' });
    const posts = calls().filter((call) => call.startsWith('POST'));
    expect(posts.map((call) => call.split('/').at(-1))).toEqual(['poweroff', 'change_type']);
    expect(resized.outputs).toMatchObject({ serverType: 'cx33', status: 'off' });
  });

  it('of a primary IP end with a PUT even when it is empty', async () => {
    const args = { name: 'ip', type: 'ipv4', location: 'fsn1' };
    const ip = await driver.create('PrimaryIp', 'ip', args);
    calls();
    await driver.update('PrimaryIp', 'ip', ip, { ...args, deleteProtection: true });
    expect(calls().filter((call) => call !== 'GET /actions')).toEqual([
      `POST /primary_ips/${ip.id}/actions/change_protection`,
      `PUT /primary_ips/${ip.id}`,
    ]);
  });
});

describe('what a change means', () => {
  it.each([
    ['userData', '#cloud-config\nother', true],
    ['sshKeys', ['deploy'], true],
    ['image', 'debian-13', true],
    ['location', 'nbg1', true],
    ['serverType', 'cx33', false],
    ['name', 'fra-edge-09', false],
    ['labels', { role: 'db' }, false],
  ] as const)('%s of a server', async (property, value, replaces) => {
    await driver.create('SshKey', 'key', { name: 'deploy', publicKey: KEY_A });
    const args = { ...ROUTER, name: 'fra-edge-01', userData: '#cloud-config\n' };
    const server = await driver.create('Server', 'edge', args);
    const changed = value as unknown as Inputs[string];
    const answer = await driver.diff('Server', 'edge', server, { ...args, [property]: changed });
    expect(Object.keys(answer.changes).map((path) => path.split(/[.[]/, 1)[0])).toEqual([property]);
    expect(Object.values(answer.changes).every((kind) => kind.endsWith('-replace'))).toBe(replaces);
    // An explicit name is deleted before it is made again, one that was made up is not.
    expect(answer.deleteBeforeReplace).toBe(replaces);
    const anonymous = { ...ROUTER, userData: args.userData };
    const auto = await driver.create('Server', 'auto', anonymous);
    expect((await driver.diff('Server', 'auto', auto, { ...anonymous, image: 'debian-13' })).deleteBeforeReplace).toBe(
      false,
    );
  });

  it('makes framework types first, whatever their name', async () => {
    const args = { name: 'deploy', publicKey: KEY_A };
    const key = await driver.create('SshKey', 'key', args);
    expect(await driver.diff('SshKey', 'key', key, { ...args, publicKey: KEY_B })).toEqual({
      changes: { publicKey: 'update-replace' },
      deleteBeforeReplace: false,
    });
    await expect(driver.create('SshKey', 'key', { ...args, publicKey: KEY_B })).rejects.toThrow(/uniqueness_error/);
  });

  it('does not see the order of rules, and shows the one that changed', async () => {
    const other = { direction: 'in', protocol: 'udp', port: '41641', sourceIps: ['0.0.0.0/0'] };
    const firewall = await driver.create('Firewall', 'fw', { name: 'fw', rules: [RULE, other] });
    expect((await driver.diff('Firewall', 'fw', firewall, { name: 'fw', rules: [other, RULE] })).changes).toEqual({});
    const changed = await driver.diff('Firewall', 'fw', firewall, {
      name: 'fw',
      rules: [other, { ...RULE, port: '2222' }],
    });
    expect(Object.keys(changed.changes).every((path) => path.startsWith('rules['))).toBe(true);
    expect(Object.keys(changed.changes).length).toBeGreaterThan(0);
    const updated = await driver.update('Firewall', 'fw', firewall, {
      name: 'fw',
      rules: [other, { ...RULE, port: '2222' }],
    });
    expect(JSON.stringify(updated.outputs.rules)).toContain('2222');
  });

  it('is found by refresh when somebody else edited the firewall', async () => {
    const args = { name: 'fw', rules: [RULE] };
    const firewall = await driver.create('Firewall', 'fw', args);
    await cloud.call('POST', `/firewalls/${firewall.id}/actions/set_rules`, {
      rules: [{ direction: 'in', protocol: 'tcp', port: '22', source_ips: ['0.0.0.0/0'] }],
    });
    expect((await driver.diff('Firewall', 'fw', firewall, args)).changes).toEqual({});
    const refreshed = await driver.refresh('Firewall', 'fw', firewall);
    if (refreshed === undefined) throw new Error('gone');
    expect((await driver.diff('Firewall', 'fw', refreshed, args)).changes).not.toEqual({});
    const repaired = await driver.update('Firewall', 'fw', refreshed, args);
    expect((await driver.diff('Firewall', 'fw', repaired, args)).changes).toEqual({});
  });

  it('keeps only a hash of user_data in state', async () => {
    const server = await driver.create('Server', 'edge', { ...ROUTER, userData: 'sentinel' });
    expect(server.outputs.userData).toBe(createHash('sha1').update('sentinel').digest('base64'));
    expect(JSON.stringify(server.outputs)).not.toContain('sentinel');
  });

  it('plans an update when assigneeType is given for an address without a server', async () => {
    const args = { name: 'ip', type: 'ipv4', location: 'fsn1' };
    const plain = await driver.create('PrimaryIp', 'ip', args);
    expect((await driver.diff('PrimaryIp', 'ip', plain, args)).changes).toEqual({});
    expect((await driver.diff('PrimaryIp', 'ip', plain, { ...args, assigneeType: 'server' })).changes).toEqual({
      assigneeType: 'update',
    });
    expect(driver.logged.some((line) => line.startsWith('warning: assigneeType'))).toBe(true);
  });

  it('moves alias addresses in place, and replaces for another address', async () => {
    const made = await makeAll();
    const lan = made.lan;
    if (lan === undefined) throw new Error('no attachment');
    const alias = { ...lan.args, aliasIps: ['10.77.10.254'] };
    expect((await driver.diff('ServerNetwork', 'lan', lan.recorded, alias)).changes).toEqual({ 'aliasIps[0]': 'add' });
    expect((await driver.update('ServerNetwork', 'lan', lan.recorded, alias)).outputs.aliasIps).toEqual([
      '10.77.10.254',
    ]);
    expect(
      (await driver.diff('ServerNetwork', 'lan', lan.recorded, { ...lan.args, ip: '10.77.10.9' })).changes,
    ).toEqual({ ip: 'update-replace' });
  });
});

describe('failures', () => {
  it('record a server whose action fails, and the next operation is an update', async () => {
    cloud.faults.set('action-error', 'fra-edge-01');
    const args = { ...ROUTER, name: 'fra-edge-01' };
    const failure = await driver.create('Server', 'edge', args).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof PartialFailure)) throw new Error(`expected a partial failure, got ${String(failure)}`);
    expect(failure.reasons[0]).toMatch(/^Action failed \(action_failed, \d+\)$/);
    cloud.faults.clear();
    const recorded = { id: failure.id, inputs: await driver.check('Server', 'edge', args), outputs: failure.outputs };
    expect((await driver.update('Server', 'edge', recorded, args)).outputs.status).toBe('off');
    await driver.create('Server', 'other', { ...ROUTER, name: 'fra-edge-02' });
  });

  it('never adopt by name', async () => {
    await driver.create('Network', 'net', { name: 'acme', ipRange: '10.77.0.0/16' });
    await expect(driver.create('Network', 'net', { name: 'acme', ipRange: '10.77.0.0/16' })).rejects.toThrow(
      'network name is already used (uniqueness_error)',
    );
    await driver.create('Network', 'net', { name: 'acme-2', ipRange: '10.77.0.0/16' });
  });

  it('refuse what can no longer be ordered before any POST', async () => {
    await expect(driver.create('Server', 's', { ...ROUTER, image: 'debian-11' })).rejects.toThrow(/Image Unavailable/);
    await expect(driver.create('Server', 's', { ...ROUTER, serverType: 'cx11' })).rejects.toThrow(
      /can no longer be ordered/,
    );
    await expect(driver.create('Server', 's', { ...ROUTER, sshKeys: ['nobody'] })).rejects.toThrow(
      'SSH key not found: nobody',
    );
    expect(calls().filter((call) => call.startsWith('POST'))).toEqual([]);
    await driver.create('Server', 's', ROUTER);
  });

  it('print the fields of invalid input', async () => {
    await expect(driver.create('Network', 'net', { name: 'acme', ipRange: '100.64.0.0/16' })).rejects.toThrow(
      /\(invalid_input\): \[ip_range => \[must be inside/,
    );
  });

  it('keep a protected server', async () => {
    const args = { ...ROUTER, deleteProtection: true, rebuildProtection: true };
    const server = await driver.create('Server', 's', args);
    await expect(driver.remove('Server', 's', server)).rejects.toThrow(/protected/);
    const open = await driver.update('Server', 's', server, ROUTER);
    await driver.remove('Server', 's', open);
  });
});
