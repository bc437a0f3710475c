import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { existingHosts, namedAccounts } from '../../../cli/lab/existing.ts';
import { labOverlay, type Overlay } from '../../../cli/lab/overlay.ts';
import { loadConfig } from '../../../lab/api/config.ts';
import { ensureTenant } from '../../../lab/api/tenants.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-overlay-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const via = { host: '192.0.2.1', port: 22, user: 'jump', hostKey: 'ssh-ed25519 AAAA jump' };
const ovh = {
  cloud: 'existing',
  lan: 'l2',
  cidr: '10.77.40.0/24',
  ssh: { user: 'debian', port: 2200, via },
  routers: [
    { name: 'gra-edge-01', lan: '10.77.40.2', ssh: { host: '198.51.100.10', hostKey: 'ssh-ed25519 AAAA one' } },
    {
      name: 'gra-edge-02',
      lan: '10.77.40.3',
      ssh: { host: 'edge.example.net', port: 22, user: 'root', hostKey: 'x', via },
    },
  ],
  hosts: [{ name: 'gra-db-01', lan: '10.77.40.10', ssh: { host: '198.51.100.12', hostKey: 'y' } }],
};
const hetzner = { cloud: 'hetzner', account: 'acme-eu', routers: [{ name: 'fra-edge-01', lan: '10.77.10.2' }] };
const config = {
  'site-mesh:ssh': { user: 'ops' },
  'site-mesh:sites': { 'eu-gra': ovh, 'eu-fra': hetzner, 'us-nyc': { cloud: 'digitalocean', account: 'acme-us' } },
};

async function overlayOf(stackFile: Record<string, unknown>): Promise<Overlay> {
  const { tenant } = await ensureTenant(dir, 'prod', 'acme-prod', {
    accounts: namedAccounts(stackFile).map(({ account }) => account),
    existing: existingHosts(stackFile),
  });
  return labOverlay(await loadConfig(dir), tenant, stackFile);
}

describe('existing hosts of a stack file', () => {
  test('log in as the host says, else its site, else the stack; 22 is the port of those that say none', () => {
    expect(existingHosts(config)).toEqual([
      { name: 'gra-edge-01', address: '198.51.100.10', port: 2200, user: 'debian', lan: '10.77.40.2' },
      { name: 'gra-edge-02', address: 'edge.example.net', port: 22, user: 'root', lan: '10.77.40.3' },
      { name: 'gra-db-01', address: '198.51.100.12', port: 2200, user: 'debian', lan: '10.77.40.10' },
    ]);
    const plain = { ...ovh, ssh: undefined };
    const [first] = existingHosts({ ...config, 'site-mesh:sites': { 'eu-gra': plain } });
    expect(first).toMatchObject({ port: 22, user: 'ops' });
    expect(existingHosts({ sites: { 'eu-gra': plain } })[0]).toMatchObject({ user: 'root' });
  });

  test('have the key of the lab in its overlay, and no jump host but the lab’s', async () => {
    const { plain } = await overlayOf(config);
    const keys = (await loadConfig(dir)).existing.map(({ hostKey }) => hostKey.publicKey);
    expect(new Set(keys).size).toBe(3);
    expect(plain['site-mesh:sites']).toEqual({
      'eu-gra': {
        ...ovh,
        ssh: { user: 'debian', port: 2200 },
        routers: [
          { name: 'gra-edge-01', lan: '10.77.40.2', ssh: { host: '198.51.100.10', hostKey: keys[0] } },
          {
            name: 'gra-edge-02',
            lan: '10.77.40.3',
            ssh: { host: 'edge.example.net', port: 22, user: 'root', hostKey: keys[1] },
          },
        ],
        hosts: [{ name: 'gra-db-01', lan: '10.77.40.10', ssh: { host: '198.51.100.12', hostKey: keys[2] } }],
      },
      'eu-fra': hetzner,
      'us-nyc': { cloud: 'digitalocean', account: 'acme-us' },
    });
  });

  test('of other clouds are none: their sites stay as they are written', async () => {
    const stackFile = { ...config, 'site-mesh:sites': { 'eu-fra': hetzner } };
    expect(existingHosts(stackFile)).toEqual([]);
    expect((await overlayOf(stackFile)).plain).not.toHaveProperty('site-mesh:sites');
  });

  test('a section without the project’s namespace is laid over under its own name', async () => {
    const { plain } = await overlayOf({ sites: { 'eu-gra': ovh } });
    expect(plain).toHaveProperty('sites.eu-gra.ssh', { user: 'debian', port: 2200 });
    expect(plain).not.toHaveProperty('site-mesh:sites');
  });

  test('that are malformed are passed over, whatever stands there', async () => {
    const { tenant } = await ensureTenant(dir, 'prod', 'acme-prod');
    const lab = await loadConfig(dir);
    const anything = fc.anything({ withNullPrototype: false });
    const host = fc.record({
      name: anything,
      lan: anything,
      ssh: fc.oneof(anything, fc.record({ host: anything, port: anything })),
    });
    const list = fc.oneof(anything, fc.array(fc.oneof(anything, host)));
    const site = fc.record({
      cloud: fc.constant('existing'),
      account: anything,
      ssh: anything,
      routers: list,
      hosts: list,
    });
    fc.assert(
      fc.property(fc.oneof(anything, fc.dictionary(fc.string(), fc.oneof(anything, site))), (sites) => {
        const stackFile = { 'site-mesh:sites': sites, 'site-mesh:ssh': sites };
        for (const { port } of existingHosts(stackFile)) expect(port).toBeGreaterThan(0);
        labOverlay(lab, tenant, stackFile);
      }),
    );
  });
});

describe('accounts', () => {
  test('that sites name get a token of their cloud each, as members of one secret mapping', async () => {
    const { secrets } = await overlayOf(config);
    const { accounts } = (await loadConfig(dir)).tenants[0] ?? {};
    expect(secrets['site-mesh:accountTokens["acme-eu"]']).toBe(accounts?.['acme-eu']?.hcloudToken);
    expect(secrets['site-mesh:accountTokens["acme-us"]']).toBe(accounts?.['acme-us']?.digitaloceanToken);
    expect(Object.keys(secrets).filter((key) => key.includes('accountTokens'))).toHaveLength(2);
  });

  test('are none where no site names one', async () => {
    const { secrets } = await overlayOf({ 'site-mesh:sites': { 'eu-gra': ovh } });
    expect(Object.keys(secrets).filter((key) => key.includes('accountTokens'))).toEqual([]);
  });
});
