import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { KEY_A, KEY_B, startCloud, type Cloud } from './cloud.ts';
import { PACE, startDriver, type Driver } from './digitalocean-driver.ts';
import { APP, makeAll, pick, SSH } from './digitalocean-program.ts';

let cloud: Cloud;
let driver: Driver;
beforeEach(async () => {
  vi.stubEnv('MESH_LAB_PACE', PACE);
  cloud = await startCloud();
  driver = await startDriver(cloud);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cloud.close();
});

describe('what a change means', () => {
  it.each([
    ['userData', '#cloud-config\nother', true],
    ['sshKeys', ['4711'], true],
    ['image', 'debian-13-x64', true],
    ['region', 'fra1', true],
    ['vpcUuid', 'another', true],
    ['monitoring', true, true],
    ['dropletAgent', true, true],
    ['publicNetworking', false, true],
    ['size', 's-1vcpu-2gb', false],
    ['name', 'sin-app-09', false],
    ['tags', ['b'], false],
    ['ipv6', true, false],
    ['gracefulShutdown', true, false],
    ['backups', true, false],
    ['resizeDisk', false, false],
  ] as const)('%s of a droplet', async (property, value, replaces) => {
    const droplet = await driver.create('Droplet', 'app', { ...APP, userData: '#cloud-config\n' });
    const next = { ...APP, userData: '#cloud-config\n', [property]: value as unknown as string };
    const answer = await driver.diff('Droplet', 'app', droplet, next);
    const kinds = Object.entries(answer.changes).map(([path, kind]) => [path.split('[')[0], kind.endsWith('-replace')]);
    expect(kinds).toEqual([[property, replaces]]);
    // A name of the program is taken: the old one goes first. One that was made up is not.
    expect(answer.deleteBeforeReplace).toBe(replaces);
  });

  it('no case and no order of slugs and tags is one', async () => {
    const droplet = await driver.create('Droplet', 'app', { ...APP, tags: ['a', 'b'] });
    const same = { ...APP, region: 'SGP1', size: 'S-1vcpu-1gb', tags: ['B', 'A'] };
    expect((await driver.diff('Droplet', 'app', droplet, same)).changes).toEqual({});
    const other = { ...APP, tags: ['A', 'c'] };
    expect((await driver.diff('Droplet', 'app', droplet, other)).changes).not.toEqual({});
  });

  it('IPv6 is turned on in place and off by replacement', async () => {
    const off = await driver.create('Droplet', 'app', APP);
    const on = await driver.update('Droplet', 'app', off, { ...APP, ipv6: true });
    expect(on.outputs).toMatchObject({ ipv6: true, ipv6Address: '2001:db8:d0::1' });
    expect(driver.logged.some((line) => line.startsWith('warning: Enabling IPv6'))).toBe(true);
    expect((await driver.diff('Droplet', 'app', on, APP)).changes).toEqual({ ipv6: 'update-replace' });
  });

  it('a made-up name creates before the old one goes', async () => {
    const { region, size, image } = APP;
    const nameless = { region, size, image };
    const droplet = await driver.create('Droplet', 'app', nameless);
    expect(droplet.outputs.name).toMatch(/^app-[0-9a-f]{7}$/);
    const answer = await driver.diff('Droplet', 'app', droplet, { ...nameless, region: 'fra1' });
    expect(answer).toEqual({ changes: { region: 'update-replace' }, deleteBeforeReplace: false });
  });

  it.each([
    ['key', { publicKey: KEY_B }, true],
    ['key', { name: 'other' }, false],
    ['vpc', { ipRange: '10.77.21.0/24' }, true],
    ['vpc', { region: 'fra1' }, true],
    ['vpc', { description: 'other' }, false],
    ['tag', { name: 'other' }, true],
    ['fw', { name: 'other' }, false],
    ['fw', { tags: [] }, false],
    ['ip', { region: 'fra1' }, true],
    ['ip', { dropletId: 4711 }, false],
    ['assignment', { dropletId: 4711 }, true],
    ['assignment', { ipAddress: '192.0.2.254' }, true],
    ['project', { description: 'other' }, false],
    ['project', { environment: 'Staging' }, false],
    ['resources', { project: 'other' }, true],
    ['resources', { resources: [] }, false],
  ] as const)('%s with %j', async (name, part, replaces) => {
    const { type, args, recorded } = pick(await makeAll(driver), name);
    const { changes } = await driver.diff(type, name, recorded, { ...args, ...(part as unknown as Inputs) });
    expect(Object.values(changes).map((kind) => kind.endsWith('-replace'))).toEqual([replaces]);
  });

  it('only layout of a key and case of an environment are none', async () => {
    const made = await makeAll(driver);
    const [key, project] = [pick(made, 'key'), pick(made, 'project')];
    expect(
      (await driver.diff('SshKey', 'key', key.recorded, { ...key.args, publicKey: `${KEY_A}\n` })).changes,
    ).toEqual({});
    const lower = { ...project.args, environment: 'production' };
    expect((await driver.diff('Project', 'project', project.recorded, lower)).changes).toEqual({});
  });

  it('rules are a set, found by refresh when somebody else edited them', async () => {
    const args = { name: 'fw', inboundRules: [SSH, { protocol: 'icmp', sourceAddresses: ['10.0.0.0/8'] }] };
    const firewall = await driver.create('Firewall', 'fw', args);
    const turned = { ...args, inboundRules: args.inboundRules.toReversed() };
    expect((await driver.diff('Firewall', 'fw', firewall, turned)).changes).toEqual({});
    await cloud.ocean('PUT', `/firewalls/${firewall.id}`, {
      name: 'fw',
      inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }],
    });
    const refreshed = await driver.refresh('Firewall', 'fw', firewall);
    if (refreshed === undefined) throw new Error('gone');
    expect((await driver.diff('Firewall', 'fw', refreshed, args)).changes).not.toEqual({});
    const repaired = await driver.update('Firewall', 'fw', refreshed, args);
    expect((await driver.diff('Firewall', 'fw', repaired, args)).changes).toEqual({});
  });

  it('all tcp ports written as a range never settle, as with the plugin', async () => {
    const args = { name: 'fw', inboundRules: [{ ...SSH, portRange: '1-65535' }] };
    const firewall = await driver.create('Firewall', 'fw', args);
    expect((await driver.diff('Firewall', 'fw', firewall, args)).changes).not.toEqual({});
    const written = { name: 'fw', inboundRules: [{ ...SSH, portRange: 'all' }] };
    expect((await driver.diff('Firewall', 'fw', firewall, written)).changes).toEqual({});
  });

  it('keeps only a hash of user_data in state', async () => {
    const droplet = await driver.create('Droplet', 'app', { ...APP, userData: 'sentinel' });
    expect(droplet.outputs.userData).toBe(createHash('sha1').update('sentinel').digest('hex'));
    expect(JSON.stringify(droplet.outputs)).not.toContain('sentinel');
  });
});
