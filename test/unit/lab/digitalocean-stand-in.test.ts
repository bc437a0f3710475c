import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import { startCloud, type Cloud } from './cloud.ts';
import { PACE, startDriver, type Driver } from './digitalocean-driver.ts';
import { APP, makeAll, pick } from './digitalocean-program.ts';

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

/** Calls under /v2 since the last look. */
const calls = () => cloud.log.splice(0).map((entry) => `${entry.method} ${entry.path.replace('/v2', '')}`);

describe('every type', () => {
  it('is made, found unchanged by diff and refresh without a plan, and taken away again', async () => {
    const made = await makeAll(driver);
    for (const [name, { type, args, recorded }] of Object.entries(made)) {
      expect([name, (await driver.diff(type, name, recorded, args)).changes]).toEqual([name, {}]);
      const refreshed = await driver.refresh(type, name, recorded);
      expect([name, refreshed?.id]).toEqual([name, recorded.id]);
      if (refreshed !== undefined)
        expect([name, (await driver.diff(type, name, refreshed, args)).changes]).toEqual([name, {}]);
    }
    for (const [name, { type, recorded }] of Object.entries(made).toReversed())
      await driver.remove(type, name, recorded);
    for (const kind of ['tags', 'firewalls', 'droplets', 'reserved_ips'])
      expect([kind, (await cloud.ocean('GET', `/${kind}`)).json[kind]]).toEqual([kind, []]);
    expect((await cloud.ocean('GET', '/account/keys')).json.ssh_keys).toEqual([]);
    for (const [name, { type, recorded }] of Object.entries(made)) {
      if (name === 'assignment')
        await expect(driver.refresh(type, name, recorded)).rejects.toThrow('Error retrieving reserved IP');
      else expect([name, await driver.refresh(type, name, recorded)]).toEqual([name, undefined]);
    }
  });

  it('has the ids and outputs that the plugin gives', async () => {
    const made = await makeAll(driver);
    const outputs = (name: string) => pick(made, name).recorded.outputs;
    const id = (name: string) => pick(made, name).recorded.id;
    expect(id('tag')).toBe('site:ap-sin');
    expect(id('resources')).toBe(id('project'));
    expect(id('assignment')).toMatch(new RegExp(`^${id('droplet')}-${id('ip')}-[0-9a-f]{26}$`));
    expect(outputs('vpc')).toMatchObject({
      vpcUrn: `do:vpc:${id('vpc')}`,
      default: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC$/) as unknown,
    });
    expect(outputs('droplet')).toMatchObject({
      ipv4Address: '192.0.2.1',
      ipv4AddressPrivate: '10.77.20.2',
      status: 'active',
      locked: false,
      dropletUrn: `do:droplet:${id('droplet')}`,
      priceMonthly: 6,
      privateNetworking: true,
      publicNetworking: true,
      backups: false,
      volumeIds: [],
    });
    expect(outputs('ip')).toMatchObject({ ipAddress: id('ip'), reservedIpUrn: `do:reservedip:${id('ip')}` });
    expect(outputs('fw')).toMatchObject({ status: 'succeeded', pendingChanges: [] });
    expect(outputs('project')).toMatchObject({
      environment: 'Production',
      purpose: 'one private network',
      isDefault: false,
    });
  });

  it('is imported by its id alone', async () => {
    const made = await makeAll(driver);
    for (const [name, { type, args, recorded }] of Object.entries(made)) {
      if (name === 'resources') continue;
      const id =
        name === 'assignment' ? `${pick(made, 'ip').recorded.id},${pick(made, 'droplet').recorded.id}` : recorded.id;
      const imported = await driver.adopt(type, name, id);
      // The plugin has no importer for it: what a project holds is not looked for without being named.
      if (name === 'resources') {
        expect(imported).toBeUndefined();
        continue;
      }
      if (imported === undefined) throw new Error(`${name} was not found`);
      expect([name, imported.outputs.name]).toEqual([name, recorded.outputs.name]);
      // What the service never answers is missing, and whose an address is gets recorded: as the plugin does it.
      const never = { droplet: ['userData', 'sshKeys', 'gracefulShutdown'], ip: ['dropletId'] }[name] ?? [];
      const { changes } = await driver.diff(type, name, imported, args);
      const changed = Object.keys(changes).map((path) => path.split('[')[0] ?? '');
      expect([name, changed.filter((property) => !never.includes(property))]).toEqual([name, []]);
    }
    // Whatever the reason, the plugin says that it does not exist.
    for (const [type, id] of [
      ['Droplet', '4711'],
      ['Droplet', 'sin-app-01'],
      ['ReservedIpAssignment', pick(made, 'ip').recorded.id],
      ['ProjectResources', pick(made, 'project').recorded.id],
      ['Vpc', 'nowhere'],
    ] as const)
      expect([type, await driver.adopt(type, 'x', id)]).toEqual([type, undefined]);
  });

  it('imported has inputs of what says something, and a name that stays', async () => {
    const { id } = await driver.create('Droplet', 'app', APP);
    const imported = await driver.adopt('Droplet', 'x', id);
    if (imported === undefined) throw new Error('it was not found');
    expect(imported.outputs).toMatchObject({ image: 'debian-12-x64', resizeDisk: true, ipv6: false });
    const given = Object.keys(imported.inputs).filter((key) => imported.inputs[key] !== undefined);
    const always = [
      '__defaults',
      'image',
      'name',
      'privateNetworking',
      'publicNetworking',
      'region',
      'size',
      'vpcUuid',
    ];
    expect(given.sort()).toEqual(always);
    const { region, size, image } = APP;
    expect(await driver.check('Droplet', 'x', { region, size, image }, imported.inputs)).toMatchObject({
      name: APP.name,
    });
    const chosen = await driver.check('Droplet', 'x', APP);
    expect((await driver.check('Droplet', 'x', { region, size, image }, chosen)).name).not.toBe(APP.name);
  });

  it('answers previews without a call, with unknowns for what the cloud decides', async () => {
    calls();
    const outputs = await driver.preview('Droplet', 'app', { ...APP, vpcUuid: UNKNOWN, userData: UNKNOWN });
    expect(outputs).toMatchObject({
      size: 's-1vcpu-1gb',
      ipv4Address: UNKNOWN,
      ipv4AddressPrivate: UNKNOWN,
      vpcUuid: UNKNOWN,
    });
    expect(calls()).toEqual([]);
  });
});

describe('the calls', () => {
  it('of a droplet are a POST and looks until it is active; no read follows', async () => {
    calls();
    const { id } = await driver.create('Droplet', 'app', APP);
    expect(calls()).toEqual(['POST /droplets', `GET /droplets/${id}`]);
  });

  it('of its delete wait for the lock, shut it down when state says so, and watch it go', async () => {
    const plain = await driver.create('Droplet', 'app', APP);
    const graceful = await driver.create('Droplet', 'app', { ...APP, gracefulShutdown: true });
    calls();
    await driver.remove('Droplet', 'app', plain);
    expect(calls()).toEqual([`GET /droplets/${plain.id}`, `DELETE /droplets/${plain.id}`, `GET /droplets/${plain.id}`]);
    await driver.remove('Droplet', 'app', graceful);
    expect(calls()).toEqual([
      `GET /droplets/${graceful.id}`,
      `POST /droplets/${graceful.id}/actions`,
      `GET /droplets/${graceful.id}`,
      `DELETE /droplets/${graceful.id}`,
      `GET /droplets/${graceful.id}`,
    ]);
  });

  it('of a resize turn it off and on again', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    calls();
    const resized = await driver.update('Droplet', 'app', droplet, { ...APP, size: 's-1vcpu-2gb' });
    expect(resized.outputs).toMatchObject({ size: 's-1vcpu-2gb', disk: 50, status: 'active' });
    const path = `/droplets/${droplet.id}`;
    expect(calls().map((call) => call.replace(/\/actions\/\d+$/, '/actions/N'))).toEqual([
      `POST ${path}/actions`,
      `GET ${path}`,
      `POST ${path}/actions`,
      'GET /actions/N',
      `POST ${path}/actions`,
      `GET ${path}`,
      `GET ${path}`,
    ]);
    const kept = { ...APP, size: 's-2vcpu-4gb', resizeDisk: false };
    expect((await driver.update('Droplet', 'app', resized, kept)).outputs).toMatchObject({ disk: 50, vcpus: 2 });
  });

  it('of changed tags take off, make and put on, one by one', async () => {
    const droplet = await driver.create('Droplet', 'app', { ...APP, tags: ['a', 'keep'] });
    calls();
    const changed = await driver.update('Droplet', 'app', droplet, { ...APP, tags: ['KEEP', 'b'] });
    expect(changed.outputs.tags).toEqual(['keep', 'b']);
    expect(calls()).toEqual([
      'DELETE /tags/a/resources',
      'POST /tags',
      'POST /tags/b/resources',
      `GET /droplets/${droplet.id}`,
    ]);
  });

  it('of a rename wait until the name is there', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    calls();
    const renamed = await driver.update('Droplet', 'app', droplet, { ...APP, name: 'sin-app-02' });
    expect(renamed.outputs.name).toBe('sin-app-02');
    expect(calls()).toEqual([
      `POST /droplets/${droplet.id}/actions`,
      `GET /droplets/${droplet.id}`,
      `GET /droplets/${droplet.id}`,
    ]);
  });

  it('of an assignment wait for the droplet’s events and for the action', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    const ip = await driver.create('ReservedIp', 'ip', { region: 'SGP1' });
    calls();
    const made = await driver.create('ReservedIpAssignment', 'a', { ipAddress: ip.id, dropletId: droplet.id });
    const short = () => calls().map((call) => call.replace(/\/actions\/\d+$/, '/actions/N'));
    expect(short()).toEqual([
      `GET /droplets/${droplet.id}/actions`,
      `POST /reserved_ips/${ip.id}/actions`,
      `GET /reserved_ips/${ip.id}/actions/N`,
      `GET /reserved_ips/${ip.id}`,
    ]);
    await driver.remove('ReservedIpAssignment', 'a', made);
    expect(short()).toEqual([
      `GET /reserved_ips/${ip.id}`,
      `POST /reserved_ips/${ip.id}/actions`,
      `GET /reserved_ips/${ip.id}/actions/N`,
    ]);
  });

  it('of an unchanged second round are none', async () => {
    const made = await makeAll(driver);
    calls();
    for (const [name, { type, args, recorded }] of Object.entries(made)) await driver.diff(type, name, recorded, args);
    expect(calls()).toEqual([]);
  });

  it('of project resources move what leaves to the default project', async () => {
    const made = await makeAll(driver);
    const { recorded, args } = pick(made, 'resources');
    const droplet = await driver.create('Droplet', 'b', { ...APP, name: 'b' });
    calls();
    const moved = await driver.update('ProjectResources', 'resources', recorded, {
      ...args,
      resources: [`do:droplet:${droplet.id}`],
    });
    expect(moved.outputs.resources).toEqual([`do:droplet:${droplet.id}`]);
    const posts = calls().filter((call) => call.startsWith('POST'));
    expect(posts.length).toBe(2);
    const standard = (await cloud.ocean('GET', '/projects/default/resources')).json.resources;
    expect(standard).toMatchObject([
      { urn: `do:droplet:${pick(made, 'droplet').recorded.id}` },
      { urn: `do:floatingip:${pick(made, 'ip').recorded.id}` },
    ]);
  });
});
