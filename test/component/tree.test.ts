import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { expect, test } from 'vitest';
import { leaks, one, Secret } from './record.ts';
import { program, recordStaging, SENTINELS, stagingConfig, without } from './staging.ts';
import { structureFaults } from './structure.ts';

test('every child has a component above it and an explicit provider, and every component registers its outputs', async () => {
  const recording = await recordStaging();
  expect(structureFaults(recording)).toEqual([]);
  expect(recording.resources.filter(({ custom }) => !custom).map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      'site-mesh:index:Tailnet',
      'site-mesh:hetzner:Site',
      'site-mesh:index:RouterPair',
      'site-mesh:index:Host',
      'site-mesh:hetzner:Server',
      'site-mesh:hetzner:Project',
    ]),
  );
});

test('a child without a parent, a component without outputs and an ambient provider are found', async () => {
  class Careless extends pulumi.ComponentResource {
    constructor() {
      super('site-mesh:test:Careless', 'careless');
      new hcloud.SshKey('stray', { publicKey: 'x' });
    }
  }
  const recording = await recordStaging({}, () => new Careless());
  expect(structureFaults(recording)).toEqual([
    'site-mesh:test:Careless careless registered no outputs',
    'hcloud:index/sshKey:SshKey stray has no component above it',
    'hcloud:index/sshKey:SshKey stray has no explicit provider',
  ]);
});

const listed = async (preview: boolean, run = program): Promise<string[]> =>
  (await recordStaging({ preview }, run)).resources
    .map(({ type, name, parent }) => `${type} ${name} < ${parent}`)
    .sort();

test('a preview in which nothing is known registers exactly what an update registers', async () => {
  const update = await listed(false);
  expect(await listed(true)).toEqual(update);
  expect(update.length).toBeGreaterThan(25);
});

test('a resource that is made inside an apply is missing from such a preview', async () => {
  const hidden = (): void => {
    const key = new hcloud.SshKey('seen', { publicKey: 'x' });
    key.fingerprint.apply(() => new hcloud.SshKey('unseen', { publicKey: 'y' }));
  };
  const update = await listed(false, hidden);
  expect(update.join()).toContain('unseen');
  expect((await listed(true, hidden)).join()).not.toContain('unseen');
});

test('credentials and private keys reach every resource as secrets only', async () => {
  const recording = await recordStaging();
  for (const sentinel of Object.values(SENTINELS)) expect(leaks(recording, sentinel)).toEqual([]);
  expect(one(recording, 'hcloud:index/server:Server', 'fra-edge-01').inputs.userData).toBeInstanceOf(Secret);
  const { connection } = one(recording, 'mesh:index:TailnetNode', 'fra-edge-01').inputs as {
    connection: { privateKey: unknown; via: { privateKey: unknown } };
  };
  expect(connection.privateKey).toEqual(new Secret(SENTINELS.sshPrivateKey));
  expect(connection.via.privateKey).toEqual(new Secret(SENTINELS.jumpPrivateKey));
});

test('a private key that is handed on in the clear is found', async () => {
  const recording = await recordStaging({}, () => new hcloud.SshKey('loud', { publicKey: SENTINELS.sshPrivateKey }));
  expect(leaks(recording, SENTINELS.sshPrivateKey)).toEqual(['hcloud:index/sshKey:SshKey loud.publicKey']);
});

test('without a key of its own the jump host gets the deploy key', async () => {
  const { config, secretConfig } = stagingConfig();
  const rest = without(config, 'site-mesh:jumpPrivateKey');
  const recording = await recordStaging({ config: rest, secretConfig });
  const { connection } = one(recording, 'mesh:index:HostRelease', 'fra-db-01').inputs as {
    connection: { via: { privateKey: unknown } };
  };
  expect(connection.via.privateKey).toEqual(new Secret(SENTINELS.sshPrivateKey));
});
