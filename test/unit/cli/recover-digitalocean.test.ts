import { describe, expect, test } from 'vitest';
import { digitalocean } from '../../../cli/recover/digitalocean.ts';
import type { Found, Wanted } from '../../../cli/recover/wanted.ts';
import { OceanLookup, type OceanKind } from '../../../io/digitalocean/lookup.ts';
import { survey } from '../../../cli/recover/survey.ts';
import { DO_TOKENS, startCloud } from '../lab/cloud.ts';
import { DROPLET, makeOcean, makeVpc } from '../lab/ocean.ts';
import { child, cloudsAt, resource, stateOf } from './recover-fixtures.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
const type = (name: string): string => `digitalocean:index/${name}:${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;

/** Answers as the service gave them, cut to what is read. */
const RECORDED: Record<OceanKind, unknown[]> = {
  ssh_keys: [
    { id: 512189, name: 'acme-staging-deploy', public_key: `${KEY} deploy@example.com`, fingerprint: '3b:16' },
  ],
  vpcs: [
    {
      id: 'a1b2',
      name: 'acme-staging-ap-sin',
      description: 'Made by site-mesh',
      region: 'sgp1',
      ip_range: '10.78.20.0/24',
      default: false,
    },
    { id: 'dead', name: 'default-sgp1', description: '', region: 'sgp1', ip_range: '10.104.0.0/20', default: true },
  ],
  tags: [{ name: 'acme-staging-ap-sin-hosts', resources: { count: 1 } }],
  firewalls: [
    { id: 'f1', name: 'acme-staging-ap-sin-hosts', tags: ['acme-staging-ap-sin-hosts'], status: 'succeeded' },
    { id: 'f2', name: 'acme-staging-ap-sin-routers', tags: [], status: 'succeeded' },
  ],
  droplets: [
    { id: 1, name: 'sin-app-01', tags: ['managed-by:site-mesh'], created_at: '2026-11-20T10:00:00Z' },
    { id: 2, name: 'sin-twin', tags: ['site-mesh'], created_at: '2026-11-20T10:00:00Z' },
    { id: 3, name: 'sin-twin', tags: ['managed-by:site-mesh'], created_at: '2026-11-20T10:00:01Z' },
    { id: 4, name: 'sin-other', tags: [], created_at: null },
  ],
  reserved_ips: [
    { ip: '203.0.113.7', region: { slug: 'sgp1' }, droplet: { id: 1 } },
    { ip: '203.0.113.8', region: { slug: 'sgp1' }, droplet: null },
    { ip: '203.0.113.9', region: { slug: 'nyc3' }, droplet: null },
  ],
  projects: [{ id: 'p1', name: 'acme-staging', description: 'Made by site-mesh', is_default: false }],
};

/** A look-up that answers what was recorded. */
const recorded = { list: (kind: OceanKind) => Promise.resolve(RECORDED[kind]) } as unknown as OceanLookup;

function look(name: string, inputs: Record<string, unknown>, part: Partial<Wanted> = {}): Promise<Found> {
  const finder = digitalocean[type(name)];
  if (finder === undefined) throw new Error(`no finder for ${name}`);
  return finder.find(recorded, {
    urn: 'urn:x',
    type: type(name),
    inputs,
    idFrom: () => undefined,
    recorded: new Set(),
    ...part,
  });
}

const VPC = { name: 'acme-staging-ap-sin', region: 'sgp1', ipRange: '10.78.20.0/24', description: 'Made by site-mesh' };

describe('found by name and mark', () => {
  test.each([
    ['sshKey', { name: 'acme-staging-deploy', publicKey: `${KEY} other-comment` }, '512189'],
    ['vpc', VPC, 'a1b2'],
    ['tag', { name: 'acme-staging-ap-sin-hosts' }, 'acme-staging-ap-sin-hosts'],
    ['firewall', { name: 'acme-staging-ap-sin-hosts', tags: ['acme-staging-ap-sin-hosts'] }, 'f1'],
    ['droplet', { name: 'sin-app-01' }, '1'],
    ['project', { name: 'acme-staging', description: 'Made by site-mesh' }, 'p1'],
  ])('%s', async (name, inputs, id) => expect(await look(name, inputs)).toMatchObject({ is: 'ours', id }));
});

describe('there, but not ours', () => {
  test.each([
    ['sshKey under another name', 'sshKey', { name: 'mine', publicKey: KEY }, 'SSH key acme-staging-deploy, id 512189'],
    ['VPC of another range', 'vpc', { ...VPC, ipRange: '10.79.20.0/24' }, 'VPC acme-staging-ap-sin, id a1b2'],
    ['firewall without our tag', 'firewall', { name: 'acme-staging-ap-sin-routers', tags: ['x'] }, 'id f2'],
    ['droplet without our tag', 'droplet', { name: 'sin-other' }, 'droplet sin-other, id 4'],
    ['project of somebody', 'project', { name: 'acme-staging', description: 'mine' }, 'project acme-staging'],
  ])('%s', async (_, name, inputs, what) => {
    const found = await look(name, inputs);
    expect(found.is).toBe('foreign');
    expect(found).toHaveProperty('what', expect.stringContaining(what));
  });
});

test.each([
  ['sshKey', { name: 'acme-staging-deploy', publicKey: 'ssh-ed25519 OTHER' }, 'foreign'],
  ['droplet', { name: 'sin-app-02' }, 'absent'],
  ['tag', { name: 'other' }, 'absent'],
  ['projectResources', {}, 'absent'],
])('control: %s', async (name, inputs, is) => expect((await look(name, inputs)).is).toBe(is));

test('two droplets of one name are listed, and none is chosen', async () => {
  expect(await look('droplet', { name: 'sin-twin' })).toMatchObject({
    is: 'ambiguous',
    which: ['droplet sin-twin, id 2', 'droplet sin-twin, id 3'],
  });
});

describe('reserved addresses', () => {
  test('a free one of the region may be the one, but nobody can tell', async () => {
    expect(await look('reservedIp', { region: 'sgp1' })).toMatchObject({ is: 'ambiguous', which: ['203.0.113.8'] });
    const known = { recorded: new Set(['203.0.113.8']) };
    expect(await look('reservedIp', { region: 'sgp1' }, known)).toEqual({ is: 'absent' });
    expect(await look('reservedIp', { region: 'fra1' })).toEqual({ is: 'absent' });
  });

  test('is a question only after a crash', async () => {
    const cloud = await startCloud();
    try {
      await makeOcean(cloud, 'reserved_ips', { region: 'sgp1' });
      const access = () => cloudsAt({ token: DO_TOKENS.staging, endpoint: cloud.base });
      const wanted = resource(type('reservedIp'), 'sin-edge-01', { inputs: { region: 'sgp1' } });
      expect((await survey(stateOf([]), [wanted], access())).questions).toEqual([]);
      const cutOff = stateOf([], [{ type: 'creating', resource: wanted }]);
      expect((await survey(cutOff, [wanted], access())).questions).toHaveLength(1);
    } finally {
      await cloud.close();
    }
  });

  test('an assignment is the pair of address and droplet', async () => {
    const of = (ipAddress: string, dropletId: number) => look('reservedIpAssignment', { ipAddress, dropletId });
    expect(await of('203.0.113.7', 1)).toMatchObject({
      is: 'ours',
      outputs: { ipAddress: '203.0.113.7', dropletId: 1 },
    });
    expect(await of('203.0.113.7', 9)).toMatchObject({ is: 'foreign' });
    expect(await of('203.0.113.8', 1)).toEqual({ is: 'absent' });
    expect(await look('reservedIpAssignment', {})).toEqual({ is: 'unknown' });
  });
});

test('over the API itself: what is there is adopted, and what is recorded and gone is noticed', async () => {
  const cloud = await startCloud();
  try {
    const vpc = await makeVpc(cloud, { name: VPC.name, ip_range: VPC.ipRange, description: VPC.description });
    const tags = ['managed-by:site-mesh', 'acme-staging-ap-sin-hosts'];
    const id = await makeOcean(cloud, 'droplets', { ...DROPLET, vpc_uuid: vpc, tags });
    const wanted = resource(type('vpc'), 'ap-sin', { inputs: VPC });
    const droplet = child(type('droplet'), 'sin-app-01', { name: 'sin-app-01' }, { vpcUuid: wanted });
    const gone = resource(type('firewall'), 'gone', { id: 'f0' });
    const access = cloudsAt({ token: DO_TOKENS.staging, endpoint: cloud.base });
    const found = await survey(stateOf([gone]), [wanted, droplet], access);
    expect(found.adoptions).toMatchObject([{ id: vpc }]);
    expect(found.later, 'its VPC is recorded first').toMatchObject([{ urn: droplet.urn }]);
    expect(found.gone).toMatchObject([{ urn: gone.urn }]);
    const lookup = new OceanLookup({ token: DO_TOKENS.staging, endpoint: cloud.base });
    expect(await digitalocean[type('droplet')]?.exists(lookup, id, {})).toBe(true);
    for (const name of ['sshKey', 'vpc', 'tag', 'firewall', 'reservedIp', 'project', 'projectResources'])
      expect(await digitalocean[type(name)]?.exists(lookup, 'nobody', {}), name).toBe(false);
    expect(
      await digitalocean[type('reservedIpAssignment')]?.exists(lookup, 'x', { ipAddress: 'y', dropletId: 1 }),
    ).toBe(false);
  } finally {
    await cloud.close();
  }
});
