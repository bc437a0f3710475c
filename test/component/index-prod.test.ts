import * as pulumi from '@pulumi/pulumi';
import { expect, test } from 'vitest';
import { record } from './record.ts';
import { answers, recordProd, stackConfig } from './staging.ts';

test('production says of every managed host where it is, and of every site what it is', async () => {
  let told: { hosts: Record<string, unknown>[]; sites: unknown; notes: string[] } = { hosts: [], sites: [], notes: [] };
  const whole = await record(
    async () => {
      const { hosts, sites, notes } = await import('../../index.ts');
      const plain = await new Promise((done) => pulumi.output(hosts).apply(done));
      told = { hosts: plain as Record<string, unknown>[], sites, notes };
    },
    answers(),
    stackConfig('prod'),
  );
  const parts = await recordProd();
  const options = (one: typeof parts) => one.resources.map(({ urn, protect }) => `${urn} ${String(protect)}`).sort();
  expect(options(whole)).toEqual(options(parts));
  expect(told.hosts.map(({ site, name, kind, lan, publicAddress }) => [site, name, kind, lan, publicAddress])).toEqual([
    ['ap-sin', 'sin-app-01', 'member', '10.88.0.7', '203.0.113.50'],
    ['ap-sin', 'sin-app-02', 'member', '10.88.0.7', '203.0.113.50'],
    ['eu-fra', 'fra-edge-01', 'router', '10.77.10.2', '203.0.113.7'],
    ['eu-fra', 'fra-edge-02', 'router', '10.77.10.3', '203.0.113.7'],
    ['eu-fra', 'fra-db-01', 'host', '10.77.10.10', '203.0.113.99'],
    ['eu-gra', 'gra-edge-01', 'router', '10.77.40.2', '198.51.100.10'],
    ['eu-gra', 'gra-edge-02', 'router', '10.77.40.3', '198.51.100.11'],
    ['us-nyc', 'nyc-edge-01', 'router', '10.88.0.7', '203.0.113.51'],
    ['us-nyc', 'nyc-edge-02', 'router', '10.88.0.7', '203.0.113.51'],
    ['us-nyc', 'nyc-infra-01', 'member', '10.88.0.7', '203.0.113.50'],
  ]);
  for (const { name, release, tailnetAddresses, kind } of told.hosts)
    expect([release, tailnetAddresses]).toEqual([`hash-of-${String(name)}`, kind === 'host' ? [] : ['100.64.0.1']]);
  expect(told.sites).toEqual([
    { name: 'ap-sin', cloud: 'digitalocean', location: 'sgp1', cidr: '10.77.20.0/24', routers: [] },
    {
      name: 'eu-fra',
      cloud: 'hetzner',
      location: 'fsn1',
      cidr: '10.77.10.0/24',
      routers: ['fra-edge-01', 'fra-edge-02'],
    },
    // Existing hosts stand where they stand.
    {
      name: 'eu-gra',
      cloud: 'existing',
      location: undefined,
      cidr: '10.77.40.0/24',
      routers: ['gra-edge-01', 'gra-edge-02'],
    },
    {
      name: 'us-nyc',
      cloud: 'digitalocean',
      location: 'nyc3',
      cidr: '10.77.30.0/24',
      routers: ['nyc-edge-01', 'nyc-edge-02'],
    },
  ]);
  expect(told.notes.join('\n')).toContain('nothing is configured on gra-nas-01');
});
