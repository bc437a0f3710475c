import * as pulumi from '@pulumi/pulumi';
import { expect, onTestFinished, test } from 'vitest';
import { record } from './record.ts';
import { answers, recordStaging, stagingConfig } from './staging.ts';

/** As `source-map-support` does it, which the engine's runner loads before any program. */
function mapTraces(): string | undefined {
  const former: unknown = Reflect.get(Error, 'prepareStackTrace');
  onTestFinished(() => void Object.assign(Error, { prepareStackTrace: former }));
  Error.prepareStackTrace = (error) => `${String(error)}, mapped`;
  return new Error('here').stack;
}

test('the program registers what the components alone register, and says what it made', async () => {
  let outputs: Record<string, unknown> = {};
  expect(mapTraces()).toBe('Error: here, mapped');
  const whole = await record(
    async () => {
      const { hosts, sites, access, notes } = await import('../../index.ts');
      const plain = await new Promise((done) => pulumi.output(hosts).apply(done));
      outputs = { hosts: plain, sites, access, notes };
    },
    answers(),
    stagingConfig(),
  );
  expect(new Error('here').stack, 'no trace is mapped: it took a quarter of the time').toMatch(
    /index\.test\.ts:\d+:\d+/,
  );
  const parts = await recordStaging();
  expect(whole.resources.map(({ urn }) => urn).sort()).toEqual(parts.resources.map(({ urn }) => urn).sort());
  expect(outputs.hosts).toEqual([
    {
      name: 'sin-app-01',
      site: 'ap-sin',
      kind: 'member',
      publicAddress: '203.0.113.50',
      lan: '10.88.0.7',
      tailnetAddresses: ['100.64.0.1'],
      release: 'hash-of-sin-app-01',
      hostKey: 'ssh-ed25519 sin-app-01',
    },
    {
      name: 'fra-edge-01',
      site: 'eu-fra',
      kind: 'router',
      publicAddress: '203.0.113.7',
      lan: '10.78.10.2',
      tailnetAddresses: ['100.64.0.1'],
      release: 'hash-of-fra-edge-01',
      hostKey: 'ssh-ed25519 fra-edge-01',
    },
    {
      name: 'fra-edge-02',
      site: 'eu-fra',
      kind: 'router',
      publicAddress: '203.0.113.7',
      lan: '10.78.10.3',
      tailnetAddresses: ['100.64.0.1'],
      release: 'hash-of-fra-edge-02',
      hostKey: 'ssh-ed25519 fra-edge-02',
    },
    {
      name: 'fra-db-01',
      site: 'eu-fra',
      kind: 'host',
      publicAddress: '203.0.113.99',
      lan: '10.78.10.10',
      tailnetAddresses: [],
      release: 'hash-of-fra-db-01',
      hostKey: 'ssh-ed25519 fra-db-01',
    },
  ]);
  expect(outputs.sites).toEqual([
    { name: 'ap-sin', cloud: 'digitalocean', location: 'sgp1', cidr: '10.78.20.0/24', routers: [] },
    {
      name: 'eu-fra',
      cloud: 'hetzner',
      location: 'fsn1',
      cidr: '10.78.10.0/24',
      routers: ['fra-edge-01', 'fra-edge-02'],
    },
  ]);
  expect(outputs.access).toContain(
    'group:platform → fra-db-01 tcp/5432 (the platform team works on the primary database)',
  );
  expect(outputs.notes).toHaveLength(2);
});
