import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNKNOWN, type Inputs } from '../../../io/rpc/types.ts';
import { parseDuration } from '../../../lab/plugins/hcloud/client.ts';
import { HCLOUD } from '../../../lab/plugins/hcloud/definition.ts';
import { TOKENS, startCloud, type Cloud } from './cloud.ts';
import { startDriver, type Driver } from './hcloud-driver.ts';

let cloud: Cloud;
let driver: Driver;
beforeEach(async () => {
  cloud = await startCloud();
  driver = await startDriver(cloud);
});
afterEach(() => cloud.close());

const ROUTER = { serverType: 'cx23', image: 'debian-12', location: 'fsn1' };
const RULE = { direction: 'in', protocol: 'tcp', port: '22', sourceIps: ['198.51.100.0/28'] };

describe('check', () => {
  it.each([
    ['Server', { image: 'debian-12' }, 'serverType: The argument "serverType" is required'],
    ['Server', { ...ROUTER, datacenter: 'fsn1-dc14' }, 'datacenter: The datacenter attribute is marked for removal'],
    ['Server', { ...ROUTER, size: 'big' }, 'size: An argument named "size" is not expected here'],
    ['PrimaryIp', { type: 'ipv4' }, 'location: Exactly one of'],
    ['PrimaryIp', { type: 'ipv4', assigneeId: 1 }, 'assigneeId: These attributes must be configured together'],
    ['ServerNetwork', { serverId: 1 }, 'networkId: Exactly one of'],
    ['PlacementGroup', { type: 'cluster' }, 'type: cluster is not a valid placement group type'],
    ['Network', { ipRange: 'wide' }, 'ipRange: expected a CIDR value'],
    ['Firewall', { rules: [{ ...RULE, protocol: 'sctp' }] }, 'rules: sctp is not a valid protocol'],
  ])('refuses %s %j', async (type, args, reason) => {
    await expect(driver.check(type, 'x', args as unknown as Inputs)).rejects.toThrow(reason);
  });

  it('makes up a name once and keeps it', async () => {
    const first = await driver.check('Server', 'edge', ROUTER);
    expect(first.name).toMatch(/^edge-[0-9a-f]{7}$/);
    expect((await driver.check('Server', 'edge', ROUTER, first)).name).toBe(first.name);
    const mine = await driver.check('Server', 'edge', { ...ROUTER, name: 'mine' }, first);
    expect(mine).toMatchObject({ name: 'mine', __defaults: [] });
    // Taken out of the program again it stays, and counts as made up from then on.
    expect(await driver.check('Server', 'edge', ROUTER, mine)).toMatchObject({ name: 'mine', __defaults: ['name'] });
  });

  it('records no default that means nothing, and of framework types none at all', async () => {
    expect(await driver.check('Server', 'edge', { ...ROUTER, name: 'a' })).toEqual({
      ...ROUTER,
      name: 'a',
      __defaults: [],
    });
    expect(await driver.check('SshKey', 'key', { name: 'a', publicKey: 'ssh-ed25519 A' })).toEqual({
      name: 'a',
      publicKey: 'ssh-ed25519 A',
    });
  });

  it('takes ids as text, and unknowns for anything', async () => {
    expect(await driver.check('ServerNetwork', 'lan', { serverId: '12', networkId: UNKNOWN })).toMatchObject({
      serverId: 12,
      networkId: UNKNOWN,
    });
  });
});

describe('configuration', () => {
  const endpoint = 'http://127.0.0.1:9/v1';
  it.each([
    [{ token: 'short', endpoint }, 'exactly 64 characters'],
    [{ endpoint }, 'exactly 64 characters'],
    [{ token: TOKENS.staging }, 'hcloud:endpoint is not set'],
    [{ token: TOKENS.staging, endpoint, pollInterval: 'soon' }, 'not a duration'],
    [{ token: TOKENS.staging, endpoint, pollFunction: 'linear' }, 'constant exponential'],
  ])('refuses %j', (config, reason) => {
    expect(() => HCLOUD.configure(config)).toThrow(reason);
  });

  it('is accepted with 64 characters, and while the token is still unknown', () => {
    expect(() => HCLOUD.configure({ token: TOKENS.staging, endpoint })).not.toThrow();
    expect(() => HCLOUD.configure({ token: UNKNOWN, endpoint })).not.toThrow();
  });

  it('reads durations as Go writes them', () => {
    expect(['500ms', '2s', '1m30s', '1.5s'].map(parseDuration)).toEqual([500, 2000, 90_000, 1500]);
  });
});
