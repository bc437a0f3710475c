import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PartialFailure, UNKNOWN, type Inputs } from '../../../io/rpc/types.ts';
import { DIGITALOCEAN } from '../../../lab/plugins/digitalocean/definition.ts';
import { paceOf, RHYTHM } from '../../../lab/plugins/digitalocean/rhythm.ts';
import { Deadline, waitFor } from '../../../lab/plugins/digitalocean/wait.ts';
import { KEY_A, startCloud, type Cloud } from './cloud.ts';
import { PACE, startDriver, type Driver } from './digitalocean-driver.ts';
import { makeVpc } from './ocean.ts';

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

const APP = { name: 'sin-app-01', region: 'sgp1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
const SSH = { protocol: 'tcp', portRange: '22', sourceAddresses: ['198.51.100.0/28'] };
const calls = () => cloud.log.splice(0).map((entry) => `${entry.method} ${entry.path.replace('/v2', '')}`);

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('check', () => {
  it.each([
    ['Droplet', { ...APP, size: undefined }, 'size: The argument "size" is required'],
    ['Droplet', { ...APP, lan: '10.77.20.2' }, 'lan: An argument named "lan" is not expected here'],
    ['Droplet', { ...APP, image: '' }, 'image: must not be empty'],
    ['Droplet', { ...APP, tags: ['no blanks'] }, 'tags: tags may contain'],
    ['Droplet', { ...APP, volumeIds: ['v'] }, 'volumeIds: the lab’s cloud has no volumes'],
    ['Droplet', { ...APP, backupPolicy: { plan: 'hourly' } }, 'backupPolicy: expected one of ["daily","weekly"]'],
    ['Droplet', { ...APP, backupPolicy: { hour: 21 } }, 'backupPolicy: expected hour to be in the range (0 - 20)'],
    ['Droplet', { ...APP, gpuPartitionMode: 'all' }, 'gpuPartitionMode: expected one of'],
    ['Vpc', { name: 'a' }, 'region: The argument "region" is required'],
    ['Vpc', { region: 'fra1', ipRange: 'wide' }, 'ipRange: expected to be a valid IPv4 Value'],
    ['Vpc', { region: 'fra1', description: 'x'.repeat(256) }, 'description: expected length'],
    ['Tag', { name: 'no blanks' }, 'name: tags may contain'],
    ['Firewall', { name: 'fw' }, 'At least one rule must be specified'],
    ['Firewall', { inboundRules: [{ protocol: 'tcp', sourceAddresses: ['::/0'] }] }, '`port_range` of inbound rules'],
    ['Firewall', { outboundRules: [{ protocol: 'udp', destinationTags: ['a'] }] }, '`port_range` of outbound rules'],
    ['Firewall', { inboundRules: [{ ...SSH, protocol: 'gre' }] }, 'inboundRules: expected protocol to be one of'],
    ['Firewall', { inboundRules: [{ ...SSH, sourceIps: [] }] }, 'An argument named "sourceIps" is not expected here'],
    ['ReservedIp', {}, 'region: The argument "region" is required'],
    ['ReservedIpAssignment', { ipAddress: 'home', dropletId: 1 }, 'ipAddress: expected to contain a valid IPv4'],
    ['ReservedIpAssignment', { ipAddress: '192.0.2.200' }, 'dropletId: The argument "dropletId" is required'],
    ['Project', { name: 'x'.repeat(176) }, 'name: expected length'],
    ['Project', { name: 'a', environment: 'test' }, 'environment: expected one of'],
    ['ProjectResources', { project: 'a' }, 'resources: The argument "resources" is required'],
    ['SshKey', { name: '', publicKey: KEY_A }, 'name: must not be empty'],
  ])('refuses %s %j', async (type, args, reason) => {
    await expect(driver.check(type, 'x', args as unknown as Inputs)).rejects.toThrow(reason);
  });

  it('takes unknowns, ids as text, and fills in defaults', async () => {
    expect(await driver.check('Firewall', 'fw', { inboundRules: UNKNOWN })).toMatchObject({ inboundRules: UNKNOWN });
    expect(await driver.check('ReservedIpAssignment', 'a', { ipAddress: UNKNOWN, dropletId: '12' })).toMatchObject({
      dropletId: 12,
    });
    // Defaults that say nothing are not written down.
    expect(await driver.check('Droplet', 'app', APP)).toEqual({ ...APP, resizeDisk: true, __defaults: ['resizeDisk'] });
    expect(await driver.check('Project', 'p', {})).toEqual({
      purpose: 'Web Application',
      name: expect.stringMatching(/^p-[0-9a-f]{7}$/) as unknown,
      __defaults: ['name', 'purpose'],
    });
  });

  it('warns of a deprecated argument', async () => {
    await driver.check('Droplet', 'app', { ...APP, privateNetworking: true });
    expect(driver.logged).toEqual([expect.stringContaining('privateNetworking is deprecated')]);
  });
});

describe('configuration', () => {
  it.each([
    [{ token: 't' }, 'digitalocean:apiEndpoint is not set'],
    [{ token: 't', apiEndpoint: 'https://api.digitalocean.com' }, 'talks to the lab only'],
    [{ token: 't', apiEndpoint: 'http://127.0.0.1.example.com:1' }, 'talks to the lab only'],
    [{ token: 't', apiEndpoint: 'http://127.0.0.1:1', httpRetryMax: '"many"' }, 'httpRetryMax'],
  ])('refuses %j', (config, reason) => {
    expect(() => DIGITALOCEAN.configure(config)).toThrow(reason);
  });

  it('takes a token that is still unknown; a wrong one fails at the first call', async () => {
    const open = { token: UNKNOWN, apiEndpoint: 'http://127.0.0.1:1' };
    expect(() => DIGITALOCEAN.configure(open)).not.toThrow();
    const stranger = await startDriver(cloud, { token: 'dop_v1_wrong' });
    await expect(stranger.create('Tag', 't', { name: 'a' })).rejects.toThrow(
      /^Error creating tag: POST http:\/\/127.*\/v2\/tags: 401 \(request ".+"\) Unable to authenticate you$/,
    );
  });

  it('takes a pace between 0 and 1 from the environment and nothing else', () => {
    expect(['0.01', '1', '0', '-1', '7', 'fast', undefined].map((MESH_LAB_PACE) => paceOf({ MESH_LAB_PACE }))).toEqual([
      0.01, 1, 1, 1, 1, 1, 1,
    ]);
  });
});

describe('waits', () => {
  /** Times of the looks in the official rhythm, ms, of a wait that ends at the fifth. */
  async function looks(rhythm: (typeof RHYTHM)[keyof typeof RHYTHM]): Promise<number[]> {
    const at: number[] = [];
    let clock = 0;
    const pause = (_signal: AbortSignal, ms: number) => {
      clock += ms;
      return Promise.resolve();
    };
    const run = { client: { pause }, signal: new AbortController().signal } as unknown as Parameters<typeof waitFor>[0];
    const look = () => {
      at.push(clock);
      return Promise.resolve({ state: at.length < 5 ? 'new' : 'active', value: undefined });
    };
    await waitFor(run, { rhythm, pending: ['new'], target: 'active', timeout: 3_600_000, look });
    return at;
  }

  it('have the official rhythm', async () => {
    expect(await looks(RHYTHM.droplet)).toEqual([10_000, 13_000, 19_000, 29_000, 39_000]);
    expect(await looks(RHYTHM.events)).toEqual([3000, 5000, 9000, 17_000, 27_000]);
    expect(await looks(RHYTHM.refused)).toEqual([0, 500, 1500, 3500, 7500]);
  });

  it('end with the words of the plugin', async () => {
    const wait = (state: string, timeout: number, deadline?: Deadline) =>
      waitFor(
        { client: driver.client, signal: new AbortController().signal, op: driver.operation('x') },
        {
          rhythm: RHYTHM.droplet,
          pending: ['new'],
          target: 'active',
          timeout,
          ...(deadline === undefined ? {} : { deadline }),
          look: () => Promise.resolve({ state, value: undefined }),
        },
      );
    await expect(wait('off', 60_000)).rejects.toThrow("unexpected state 'off', wanted target 'active'");
    await expect(wait('new', 60_000)).rejects.toThrow(
      "timeout while waiting for state to become 'active' (last state: 'new', timeout: 1m0s)",
    );
    await expect(wait('new', 60_000, new Deadline(15_000))).rejects.toThrow('context deadline exceeded');
    await wait('active', 60_000, new Deadline(15_000));
  });
});

describe('failures', () => {
  it('record a droplet whose create event fails, and the next operation is an update', async () => {
    cloud.faults.set('action-error', APP.name);
    const failure = await failureOf(driver.create('Droplet', 'app', APP));
    if (!(failure instanceof PartialFailure)) throw new Error(`expected a partial failure, got ${String(failure)}`);
    expect(failure.reasons[0]).toBe(
      `Error waiting for droplet (${failure.id}) to become ready: unexpected state 'off', wanted target 'active'. last error: %!s(<nil>)`,
    );
    cloud.faults.clear();
    const recorded = { id: failure.id, inputs: await driver.check('Droplet', 'app', APP), outputs: failure.outputs };
    expect((await driver.update('Droplet', 'app', recorded, APP)).outputs.status).toBe('off');
    expect((await driver.create('Droplet', 'app', APP)).outputs.status).toBe('active');
  });

  it('leave a droplet on when its resize is refused or fails', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    const status = async () => (await driver.refresh('Droplet', 'app', droplet))?.outputs.status;
    await expect(driver.update('Droplet', 'app', droplet, { ...APP, size: 's-1vcpu-512mb-10gb' })).rejects.toThrow(
      /Error resizing droplet \(\d+\): .*smaller disk/,
    );
    expect(await status()).toBe('active');
    await driver.update('Droplet', 'app', droplet, { ...APP, size: 's-1vcpu-2gb' });
    expect(await status()).toBe('active');
  });

  it('of names: VPCs and firewalls are refused, droplets are not, and nothing is adopted', async () => {
    const vpc = { name: 'ap-sin', region: 'sgp1', ipRange: '10.77.20.0/24' };
    await driver.create('Vpc', 'vpc', vpc);
    await expect(driver.create('Vpc', 'vpc', { ...vpc, ipRange: '10.77.21.0/24' })).rejects.toThrow(
      /Error creating VPC: .* 422 .* a VPC with the same name already exists in your account/,
    );
    await expect(driver.create('Vpc', 'vpc', { ...vpc, name: 'other' })).rejects.toThrow(/overlaps with another VPC/);
    const firewall = { name: 'fw', inboundRules: [SSH] };
    await driver.create('Firewall', 'fw', firewall);
    await expect(driver.create('Firewall', 'fw', firewall)).rejects.toThrow(
      /Error creating firewall: .* 409 .* duplicate name/,
    );
    const [one, two] = [await driver.create('Droplet', 'a', APP), await driver.create('Droplet', 'a', APP)];
    expect(one.id).not.toBe(two.id);
  });

  it('of a droplet that is gone: its delete fails until a refresh, that of tags, VPCs and firewalls too', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    await cloud.ocean('DELETE', `/droplets/${droplet.id}`);
    await expect(driver.remove('Droplet', 'app', droplet)).rejects.toThrow(
      /Error waiting for droplet to be unlocked for destroy \(\d+\): unexpected state 'Not Found', wanted target 'false'/,
    );
    expect(await driver.refresh('Droplet', 'app', droplet)).toBeUndefined();
    for (const [type, args, path] of [
      ['Tag', { name: 'a' }, 'tags'],
      ['Vpc', { region: 'sgp1' }, 'vpcs'],
      ['Firewall', { inboundRules: [SSH] }, 'firewalls'],
    ] as const) {
      const made = await driver.create(type, 'x', args as unknown as Inputs);
      await cloud.ocean('DELETE', `/${path}/${made.id}`);
      await expect(driver.remove(type, 'x', made)).rejects.toThrow(/: 404 /);
      expect(await driver.refresh(type, 'x', made)).toBeUndefined();
    }
  });

  it('of an assignment whose address is free already: the official panic, said in words', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    const ip = await driver.create('ReservedIp', 'ip', { region: 'sgp1' });
    const made = await driver.create('ReservedIpAssignment', 'a', { ipAddress: ip.id, dropletId: droplet.id });
    await cloud.ocean('POST', `/reserved_ips/${ip.id}/actions`, { type: 'unassign' });
    await expect(driver.remove('ReservedIpAssignment', 'a', made)).rejects.toThrow('the official plugin panics');
    expect(await driver.refresh('ReservedIpAssignment', 'a', made)).toBeUndefined();
    const again = await driver.create('ReservedIpAssignment', 'a', { ipAddress: ip.id, dropletId: droplet.id });
    await driver.remove('ReservedIpAssignment', 'a', again);
  });

  it('of an address for a droplet in another region, or with an address already', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    const far = await driver.create('ReservedIp', 'far', { region: 'fra1' });
    const near = await driver.create('ReservedIp', 'near', { region: 'sgp1' });
    const other = await driver.create('ReservedIp', 'other', { region: 'sgp1' });
    const assign = (ip: string) =>
      driver.create('ReservedIpAssignment', 'a', { ipAddress: ip, dropletId: Number(droplet.id) });
    await expect(assign(far.id)).rejects.toThrow(/Error Assigning .* same region/);
    await assign(near.id);
    await expect(assign(other.id)).rejects.toThrow(/already has a reserved IP/);
    await expect(driver.create('ReservedIp', 'fourth', { region: 'sgp1' })).rejects.toThrow(/limit of reserved IPs/);
  });

  it('of a VPC with members is waited out', async () => {
    const id = await makeVpc(cloud);
    const droplet = await driver.create('Droplet', 'app', { ...APP, vpcUuid: id });
    const recorded = { id, inputs: {}, outputs: {} };
    const removed = driver.remove('Vpc', 'vpc', recorded);
    await driver.remove('Droplet', 'app', droplet);
    await removed;
    expect(calls().filter((call) => call === `DELETE /vpcs/${id}`).length).toBeGreaterThan(1);
    const [standard] = (await cloud.ocean('GET', '/vpcs')).json.vpcs as { id: string }[];
    await expect(driver.remove('Vpc', 'vpc', { ...recorded, id: standard?.id ?? '' })).rejects.toThrow(
      /403 .* Can not delete default VPCs/,
    );
  });

  it('of a refused droplet delete are ignored, until time is up', async () => {
    const droplet = await driver.create('Droplet', 'app', APP);
    const real = globalThis.fetch;
    const refusing = vi
      .spyOn(globalThis, 'fetch')
      .mockImplementation((url, init) =>
        init?.method === 'DELETE' ? Promise.resolve(new Response('{}', { status: 422 })) : real(url, init),
      );
    try {
      await expect(driver.remove('Droplet', 'app', droplet)).rejects.toThrow(
        'Error deleting droplet: context deadline exceeded',
      );
    } finally {
      refusing.mockRestore();
    }
    await driver.remove('Droplet', 'app', droplet);
  });

  it('of the service itself are tried again, a refusal is not', async () => {
    const quick = { httpRetryWaitMin: '1' };
    const answers = [503, 429, 500];
    const real = globalThis.fetch;
    const flaky = vi.spyOn(globalThis, 'fetch').mockImplementation((...args) => {
      const status = answers.shift();
      return status === undefined ? real(...args) : Promise.resolve(new Response('busy', { status }));
    });
    try {
      const patient = await startDriver(cloud, quick);
      expect((await patient.create('Tag', 't', { name: 'a' })).id).toBe('a');
      answers.push(503, 503);
      const once = await startDriver(cloud, { ...quick, httpRetryMax: '0' });
      await expect(once.create('Tag', 't', { name: 'b' })).rejects.toThrow(/503/);
      answers.splice(0, Infinity, 422);
      await expect(patient.create('Tag', 't', { name: 'b' })).rejects.toThrow(/422/);
      answers.push(...Array.from({ length: 9 }, () => 500));
      await expect(patient.create('Tag', 't', { name: 'b' })).rejects.toThrow(/giving up after 5 attempt/);
    } finally {
      flaky.mockRestore();
    }
  });
});
